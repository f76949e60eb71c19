// Runs the program itself, and holds its bytes against the openssl command line: an implementation
// that shares no line with ours.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"

extern char** environ;

namespace martlet::interop {
namespace {

namespace fs = std::filesystem;

/// A folder of the test, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (fs::temp_directory_path() / "martlet-interop-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) std::abort();
    path_ = path;
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

void write_file(const std::string& path, ByteView bytes) {
  std::ofstream out{path, std::ios::binary};
  out.write(text_of(bytes).data(), static_cast<std::streamsize>(bytes.size()));
}
Bytes read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return Bytes(std::istreambuf_iterator<char>{in}, {});
}

struct Ran {
  int exit = -1;
  Bytes out;
  std::string error;
};

using Arguments = std::vector<std::string>;

/// Both sides' keys, made by openssl once for all tests, and the means to run programs on them.
class Interop : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    for (const auto* name : {"alice", "bob", "mallory"}) {
      const std::string stem = path(name);
      openssl({"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1280", "-out",
               stem + "-rsa.pem"});
      openssl({"rsa", "-in", stem + "-rsa.pem", "-pubout", "-out", stem + "-rsa-pub.pem"});
      openssl({"ecparam", "-name", "prime256v1", "-genkey", "-out", stem + "-ec.pem"});
      openssl({"ec", "-in", stem + "-ec.pem", "-pubout", "-out", stem + "-ec-pub.pem"});
    }
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string path(const std::string& name) { return folder_->file(name); }

  static Ran run(const Arguments& arguments, ByteView input = {}, const char* out = nullptr) {
    const auto in_path = path("stdin");
    const auto out_path = out != nullptr ? std::string{out} : path("stdout");
    const auto error_path = path("stderr");
    write_file(in_path, input);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, in_path.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_addopen(&files, 2, error_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    std::vector<char*> argv;
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_t child = 0;
    const int spawned = posix_spawnp(&child, argv[0], &files, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (spawned != 0) {
      ADD_FAILURE() << "cannot run " << arguments.front();
      return {};
    }
    int status = 0;
    waitpid(child, &status, 0);
    Ran ran;
    ran.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (out == nullptr) ran.out = read_file(out_path);
    ran.error = text_of(read_file(error_path));
    return ran;
  }

  static Ran martlet(Arguments arguments, ByteView input = {}, const char* out = nullptr) {
    arguments.insert(arguments.begin(), MARTLET_BIN_DIR "/martlet-interop");
    return run(arguments, input, out);
  }
  static Bytes openssl(Arguments arguments, ByteView input = {}) {
    arguments.insert(arguments.begin(), "openssl");
    auto ran = run(arguments, input);
    EXPECT_EQ(ran.exit, 0) << "openssl " << arguments[1] << ": " << ran.error;
    return std::move(ran.out);
  }

  // --- the suite once more, by openssl's commands ---

  static Bytes signing_blob(const std::string& who) {
    const auto der = openssl({"ec", "-in", path(who + "-ec.pem"), "-pubout", "-outform", "DER",
                              "-conv_form", "uncompressed"});
    return concat({Bytes{0x00, 0x41}, ByteView{der}.last(65)});
  }
  static Bytes encryption_blob(const std::string& who) {
    const auto der =
        openssl({"rsa", "-in", path(who + "-rsa.pem"), "-RSAPublicKey_out", "-outform", "DER"});
    return concat({Bytes{0x00, 0xac}, der});
  }
  static const Bytes& identity_hash(const std::string& who) {
    static std::map<std::string, Bytes> known;
    auto& hash = known[who];
    if (hash.empty()) {
      hash = openssl({"dgst", "-sha256", "-binary"},
                     concat({signing_blob(who), encryption_blob(who)}));
    }
    return hash;
  }
  static Bytes tag(ByteView salt, ByteView plain, const std::string& sender,
                   const std::string& receiver) {
    auto whole =
        openssl({"dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:" + to_hex(salt), "-binary"},
                concat({plain, Bytes{0x02}, identity_hash(sender), identity_hash(receiver)}));
    whole.resize(5);
    return whole;
  }
  static Bytes crypt(ByteView key, ByteView bytes) {
    return openssl(
        {"enc", "-aes-128-ctr", "-K", to_hex(key), "-iv", "00000000000000000000000000000001"},
        bytes);
  }
  static Arguments oaep(const char* direction, const std::string& who) {
    return {"pkeyutl",  direction,
            "-inkey",   path(who + "-rsa.pem"),
            "-pkeyopt", "rsa_padding_mode:oaep",
            "-pkeyopt", "rsa_oaep_md:sha1",
            "-pkeyopt", "rsa_mgf1_md:sha1"};
  }
  static Bytes framed(ByteView body, ByteView signature) {
    const Bytes front{0x02, static_cast<std::uint8_t>(body.size() >> 8U),
                      static_cast<std::uint8_t>(body.size())};
    const Bytes length{static_cast<std::uint8_t>(signature.size())};
    return concat({front, body, length, signature});
  }
  static Bytes signed_body(ByteView body, const std::string& signer) {
    return framed(body, openssl({"dgst", "-sha1", "-sign", path(signer + "-ec.pem")}, body));
  }

  /// From alice to bob, whatever `key` is and wherever the head ends.
  static Bytes body_of(ByteView key, ByteView plain, std::size_t head_bytes = 100) {
    const auto sealed = crypt(key, plain);
    const auto head = ByteView{sealed}.first(std::min(sealed.size(), head_bytes));
    const auto block = openssl(oaep("-encrypt", "bob"), concat({key, head}));
    return concat({block, ByteView{sealed}.subspan(head.size())});
  }
  static Bytes right_key(ByteView plain) {
    const auto salt = from_hex("000102030405060708090a").value();
    return concat({salt, tag(salt, plain, "alice", "bob")});
  }

  static Arguments open_arguments() {
    return {"classic",      "open",
            "--rsa",        path("bob-rsa.pem"),
            "--recv-ec",    path("bob-ec.pem"),
            "--sender-ec",  path("alice-ec-pub.pem"),
            "--sender-rsa", path("alice-rsa-pub.pem")};
  }
  static Arguments seal_arguments() {
    return {"classic",      "seal",
            "--recv-rsa",   path("bob-rsa-pub.pem"),
            "--recv-ec",    path("bob-ec-pub.pem"),
            "--sender-ec",  path("alice-ec.pem"),
            "--sender-rsa", path("alice-rsa-pub.pem")};
  }

 private:
  static inline TemporaryFolder* folder_ = nullptr;
};

Bytes text_of_size(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>('a' + i % 26);
  return bytes;
}

TEST_F(Interop, PrintsTheIdentity) {
  const auto signing = signing_blob("alice");
  const auto encryption = encryption_blob("alice");
  const auto der =
      concat({from_hex("3081f68143").value(), signing, from_hex("8281ae").value(), encryption});
  ASSERT_EQ(der.size(), 249U);
  const auto expected = to_hex(der) + "\n" + to_hex(identity_hash("alice")) + "\n";
  for (const auto* ending : {".pem", "-pub.pem"}) {
    const auto ran =
        martlet({"classic", "identity", "--rsa", path("alice-rsa" + std::string{ending}), "--ec",
                 path("alice-ec" + std::string{ending})});
    EXPECT_EQ(ran.exit, 0) << ran.error;
    EXPECT_EQ(text_of(ran.out), expected);
  }
}

TEST_F(Interop, OpensslOpensWhatWeSeal) {
  for (const std::size_t size : {1U, 5U, 99U, 100U, 101U, 300U, 65'474U}) {
    SCOPED_TRACE(size);
    const auto plain = text_of_size(size);
    const auto sealed = martlet(seal_arguments(), plain);
    ASSERT_EQ(sealed.exit, 0) << sealed.error;
    const ByteView envelope{sealed.out};

    ASSERT_GE(envelope.size(), 172U);
    EXPECT_EQ(envelope[0], 0x02);
    const std::size_t body_size = envelope[1] * 256U + envelope[2];
    EXPECT_EQ(body_size, 160 + (size > 100 ? size - 100 : 0));
    const auto body = envelope.subspan(3, body_size);
    const auto signature = envelope.subspan(4 + body_size);
    EXPECT_EQ(signature.size(), envelope[3 + body_size]);
    write_file(path("signature"), signature);
    openssl({"dgst", "-sha1", "-verify", path("alice-ec-pub.pem"), "-signature", path("signature")},
            body);

    const auto input = openssl(oaep("-decrypt", "bob"), body.first(160));
    ASSERT_EQ(input.size(), 16 + std::min<std::size_t>(size, 100));
    const auto key = ByteView{input}.first(16);
    const auto all = concat({ByteView{input}.subspan(16), body.subspan(160)});
    const auto opened = crypt(key, all);
    EXPECT_EQ(opened, plain);
    EXPECT_EQ(to_hex(key.last(5)), to_hex(tag(key.first(11), opened, "alice", "bob")));
  }
}

TEST_F(Interop, WeOpenWhatOpensslSeals) {
  for (const std::size_t size : {1U, 5U, 99U, 100U, 101U, 300U, 65'474U}) {
    SCOPED_TRACE(size);
    const auto plain = text_of_size(size);
    const auto envelope = signed_body(body_of(right_key(plain), plain), "alice");
    const auto opened = martlet(open_arguments(), envelope);
    EXPECT_EQ(opened.exit, 0) << opened.error;
    EXPECT_EQ(opened.out, plain);
  }
}

TEST_F(Interop, WeOpenWhatWeSeal) {
  Bytes plain{'\n', 0, 0xff, 0x1a, '\r', '\n'};
  const auto sealed = martlet(seal_arguments(), plain);
  EXPECT_EQ(martlet(open_arguments(), sealed.out).out, plain) << "bytes must stay as they are";
  EXPECT_NE(martlet(seal_arguments(), plain).out, sealed.out);
}

TEST_F(Interop, TakesPrivateKeysWherePublicOnesAreAskedFor) {
  auto seal = seal_arguments();
  auto open = open_arguments();
  for (auto* arguments : {&seal, &open}) {
    for (auto& argument : *arguments) {
      const auto at = argument.find("-pub.pem");
      if (at != std::string::npos) argument.erase(at, 4);
    }
  }
  const auto sealed = martlet(seal, text_of_size(10));
  ASSERT_EQ(sealed.exit, 0) << sealed.error;
  EXPECT_EQ(martlet(open, sealed.out).out, text_of_size(10));
}

TEST_F(Interop, RefusesWithItsExitCodeAndNothingOnStdout) {
  const auto plain = text_of_size(300);
  const auto key = right_key(plain);
  const auto body = body_of(key, plain);
  const auto good = signed_body(body, "alice");
  const Bytes random_key(16, 0x42);
  const auto flipped = [](Bytes bytes, std::size_t at) {
    bytes.at(at) = static_cast<std::uint8_t>(bytes.at(at) ^ 1);
    return bytes;
  };
  auto other_key = key;
  other_key.back() = static_cast<std::uint8_t>(other_key.back() ^ 1);
  const struct {
    const char* name;
    Bytes envelope;
    int exit;
  } cases[] = {
      {"nothing", {}, 10},
      {"version 3", flipped(good, 0), 10},
      {"cut", Bytes(good.begin(), good.end() - 1), 10},
      {"trailing byte", concat({good, Bytes{0}}), 10},
      {"a megabyte", Bytes(1'000'000, 2), 10},
      {"signature in no DER", framed(body, Bytes(64, 0x11)), 10},
      {"signed by another", signed_body(body, "mallory"), 11},
      {"a bit of the block", flipped(good, 50), 11},
      {"a bit of the tail", flipped(good, 170), 11},
      {"a bit of the block, signed", signed_body(flipped(body, 50), "alice"), 12},
      {"no head", signed_body(openssl(oaep("-encrypt", "bob"), random_key), "alice"), 12},
      {"a head of 90 bytes and a tail", signed_body(body_of(key, plain, 90), "alice"), 12},
      {"a bit of the tail, signed", signed_body(flipped(body, 170), "alice"), 13},
      {"tail cut, signed", signed_body(Bytes(body.begin(), body.end() - 1), "alice"), 13},
      {"a bit of the tag", signed_body(body_of(other_key, plain), "alice"), 13},
      {"no tag, short", signed_body(body_of(random_key, text_of_size(50), 101), "alice"), 13},
      {"the older form", signed_body(body_of(random_key, plain, 101), "alice"), 14},
      {"the older form without a tail",
       signed_body(body_of(random_key, text_of_size(101), 101), "alice"), 14},
  };
  ASSERT_EQ(martlet(open_arguments(), good).exit, 0);
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto ran = martlet(open_arguments(), c.envelope);
    EXPECT_EQ(ran.exit, c.exit) << ran.error;
    EXPECT_TRUE(ran.out.empty());
    EXPECT_NE(ran.error, "");
  }
}

TEST_F(Interop, RefusesTheWrongKeys) {
  const auto plain = text_of_size(300);
  const auto good = martlet(seal_arguments(), plain).out;
  const struct {
    const char* option;
    const char* file;
    int exit;
  } cases[] = {
      {"--rsa", "mallory-rsa.pem", 12},
      {"--recv-ec", "mallory-ec-pub.pem", 13},
      {"--sender-ec", "mallory-ec-pub.pem", 11},
      {"--sender-rsa", "mallory-rsa-pub.pem", 13},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.option);
    auto arguments = open_arguments();
    *(std::find(arguments.begin(), arguments.end(), c.option) + 1) = path(c.file);
    const auto ran = martlet(arguments, good);
    EXPECT_EQ(ran.exit, c.exit) << ran.error;
    EXPECT_TRUE(ran.out.empty());
  }
}

TEST_F(Interop, SaysWhatIsWrongWithUsageAndKeyFiles) {
  write_file(path("empty.pem"), {});
  write_file(path("long.pem"), Bytes(70'000, 'x'));
  openssl({"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out",
           path("long-rsa.pem")});
  openssl({"ecparam", "-name", "secp384r1", "-genkey", "-out", path("p384.pem")});
  const auto with = [](Arguments arguments, const char* option, const std::string& file) {
    *(std::find(arguments.begin(), arguments.end(), option) + 1) = file;
    return arguments;
  };
  const struct {
    const char* name;
    Arguments arguments;
    Bytes input;
  } cases[] = {
      {"no command", {}, {}},
      {"no verb", {"classic"}, {}},
      {"unknown verb", {"classic", "steal"}, {}},
      {"unknown suite", {"ratchet", "seal"}, {}},
      {"unknown option", {"classic", "open", "--force"}, {}},
      {"options missing", {"classic", "seal", "--recv-rsa", path("bob-rsa.pem")}, {}},
      {"nothing to seal", seal_arguments(), {}},
      {"too much to seal", seal_arguments(), text_of_size(65'475)},
      {"no such file", with(open_arguments(), "--rsa", path("absent.pem")), {}},
      {"a folder", with(open_arguments(), "--rsa", path("")), {}},
      {"an empty file", with(open_arguments(), "--sender-ec", path("empty.pem")), {}},
      {"a long file", with(open_arguments(), "--sender-ec", path("long.pem")), {}},
      {"public key to decrypt", with(open_arguments(), "--rsa", path("bob-rsa-pub.pem")), {}},
      {"public key to sign", with(seal_arguments(), "--sender-ec", path("alice-ec-pub.pem")), {}},
      {"RSA for P-256", with(seal_arguments(), "--recv-ec", path("bob-rsa.pem")), {}},
      {"P-256 for RSA", with(seal_arguments(), "--recv-rsa", path("bob-ec.pem")), {}},
      {"RSA of 2,048 bits", with(seal_arguments(), "--recv-rsa", path("long-rsa.pem")), {}},
      {"P-384", with(seal_arguments(), "--recv-ec", path("p384.pem")), {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto ran = martlet(c.arguments, c.input);
    EXPECT_EQ(ran.exit, 2) << ran.error;
    EXPECT_TRUE(ran.out.empty());
    EXPECT_NE(ran.error, "");
  }
}

TEST_F(Interop, SaysWhenTheOutputIsFull) {
  EXPECT_EQ(martlet(seal_arguments(), text_of_size(10), "/dev/full").exit, 1);
}

TEST_F(Interop, HelpTeaches) {
  for (const auto& arguments : {Arguments{"--help"}, Arguments{"classic", "open", "--help"}}) {
    const auto ran = martlet(arguments);
    EXPECT_EQ(ran.exit, 0);
    EXPECT_NE(text_of(ran.out).find("13 tag"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace martlet::interop
