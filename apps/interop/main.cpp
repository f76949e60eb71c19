// martlet-interop: what other implementations of our formats are tested against.
#include <CLI/CLI.hpp>
#include <functional>

#include "apps/interop/classic_command.h"

namespace {

using martlet::interop::Exit;
using martlet::interop::IdentityFiles;

CLI::Option* add_file(CLI::App* command, const char* option, std::string& path, const char* what) {
  return command->add_option(option, path, what)->required()->type_name("PEM");
}

/// Adds `classic` and its three verbs; the one that is asked for lands in `run`.
void add_classic(CLI::App& app, IdentityFiles& own, IdentityFiles& other,
                 std::function<Exit()>& run) {
  auto* classic = app.add_subcommand("classic", "The classic suite (spec/sealing-classic.md)");
  classic->require_subcommand(1);

  auto* identity = classic->add_subcommand(
      "identity", "Print the directory encoding of both keys, then its hash H(id), as hex");
  add_file(identity, "--rsa", own.rsa, "RSA key, public or private");
  add_file(identity, "--ec", own.ec, "P-256 key, public or private");
  identity->callback([&] { run = [&] { return martlet::interop::print_identity(own); }; });

  auto* seal = classic->add_subcommand("seal", "Plaintext on stdin, envelope on stdout");
  add_file(seal, "--recv-rsa", other.rsa, "receiver's RSA key, public or private");
  add_file(seal, "--recv-ec", other.ec, "receiver's P-256 key, public or private");
  add_file(seal, "--sender-ec", own.ec, "sender's P-256 key, private: it signs");
  add_file(seal, "--sender-rsa", own.rsa, "sender's RSA key, public or private");
  seal->callback([&] { run = [&] { return martlet::interop::seal_stdin(own, other); }; });

  auto* open = classic->add_subcommand("open", "Envelope on stdin, plaintext on stdout");
  add_file(open, "--rsa", own.rsa, "receiver's RSA key, private: it decrypts");
  add_file(open, "--recv-ec", own.ec, "receiver's P-256 key, public or private");
  add_file(open, "--sender-ec", other.ec, "sender's P-256 key, public or private");
  add_file(open, "--sender-rsa", other.rsa, "sender's RSA key, public or private");
  open->callback([&] { run = [&] { return martlet::interop::open_stdin(own, other); }; });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Seals and opens what other implementations of Martlet's formats made or will open."};
  app.name("martlet-interop");
  app.set_version_flag("--version", MARTLET_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 done, 1 output not written, 2 wrong usage, key file or input to seal,\n"
      "refused to open: 10 framing, 11 signature, 12 OAEP, 13 tag, 14 older form.");
  IdentityFiles own;
  IdentityFiles other;
  std::function<Exit()> run;
  add_classic(app, own, other, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  return static_cast<int>(run());
}
