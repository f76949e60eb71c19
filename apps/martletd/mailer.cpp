#include "apps/martletd/mailer.h"

#include <sys/stat.h>

#include <cstdio>
#include <system_error>

#include "apps/martletd/data_folder.h"
#include "apps/martletd/mail_message.h"

namespace martlet::daemon {
namespace {

namespace fs = std::filesystem;
using Sent = server::ProofSent::Outcome;

/// The first line of a file that nobody else may read.
Outcome<Password> read_password(const fs::path& path) {
  if (path.empty()) return Password{0, [](auto) { return std::size_t{0}; }};
  struct stat seen {};
  if (::stat(path.c_str(), &seen) == 0 && (seen.st_mode & 077U) != 0) {
    return Complaint{Exit::usage, "others may read the mail password in " + path.string(),
                     "chmod 600 " + path.string()};
  }
  auto text = TRY(read_file(path));
  const auto size = std::min(text.find_first_of("\r\n"), text.size());
  Password password{size, [&](std::span<std::uint8_t> out) {
                      std::ranges::copy(bytes_of(text).first(size), out.begin());
                      return size;
                    }};
  crypto::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  if (password.size() == 0) {
    return Complaint{Exit::usage, "the first line of " + path.string() + " is empty",
                     "it has to be the password of `mail.user`"};
  }
  return password;
}

bool same_proof(const server::ProofSending& a, const server::ProofSending& b) {
  return a.account == b.account && a.handle == b.handle;
}

}  // namespace

Outcome<std::unique_ptr<Mailer>> Mailer::open(const MailSettings& settings, std::string links,
                                              std::string server, Random& random,
                                              const Clock& clock, Log& log, Report report) {
  auto password = TRY(read_password(settings.password_file));
  std::error_code error;
  if (!settings.folder.empty() && !fs::is_directory(settings.folder, error)) {
    return Complaint{Exit::usage, settings.folder.string() + " is not a folder for mails",
                     "make it, or change `mail.folder`"};
  }
  return std::unique_ptr<Mailer>{new Mailer{settings, std::move(password), std::move(links),
                                            std::move(server), random, clock, log,
                                            std::move(report)}};
}

Mailer::Mailer(MailSettings settings, Password password, std::string links, std::string server,
               Random& random, const Clock& clock, Log& log, Report report)
    : settings_{std::move(settings)},
      password_{std::move(password)},
      links_{std::move(links)},
      server_{std::move(server)},
      random_{random},
      clock_{clock},
      log_{log},
      report_{std::move(report)},
      smtp_{settings_, password_, server_, stopping_},
      thread_{[this] { run(); }} {}

Mailer::~Mailer() { stop(); }

void Mailer::post(server::ProofSending sending) {
  {
    const std::lock_guard lock{mutex_};
    std::erase_if(queue_, [&](const auto& other) { return same_proof(other, sending); });
    if (queue_.size() >= kQueueMax) return;
    queue_.push_back(std::move(sending));
  }
  changed_.notify_one();
}

void Mailer::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Mailer::run() {
  for (;;) {
    server::ProofSending sending;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      sending = std::move(queue_.front());
      queue_.pop_front();
    }
    const auto posted = send(sending);
    if (stopping_) return;  // what became of it is not known: the next start sends it again
    report(sending, posted.outcome);
    note(posted);
    if (posted.reached) continue;
    // Nobody there: the others need not wait for that one by one.
    for (const auto& other : take_waiting()) report(other, Sent::failed);
  }
}

std::vector<server::ProofSending> Mailer::take_waiting() {
  const std::lock_guard lock{mutex_};
  std::vector<server::ProofSending> waiting{std::make_move_iterator(queue_.begin()),
                                            std::make_move_iterator(queue_.end())};
  queue_.clear();
  return waiting;
}

Posted Mailer::send(const server::ProofSending& sending) {
  std::array<std::uint8_t, 16> unique;
  random_.fill(unique);
  ProofMail mail{settings_.from, sending.handle, server_, sending.asked_by,
                 links_ + sending.secret};
  if (mail.from.empty()) mail.from = "martlet@" + server_;
  const auto message = message_of(mail, unique, clock_.now());
  if (settings_.folder.empty()) return smtp_.send(sending.handle, message);
  const auto posted = write_file(sending, message);
  if (posted.outcome == Sent::sent) {
    const auto line = "mail to " + sending.handle + ": " + mail.link + "\n";
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
  }
  return posted;
}

/// Complete when its name ends in .eml.
Posted Mailer::write_file(const server::ProofSending& sending, const std::string& message) {
  std::array<std::uint8_t, 8> unique;
  random_.fill(unique);
  const auto name = std::to_string(count_of(clock_.now())) + "-" + std::to_string(sending.attempt) +
                    "-" + to_hex(unique) + ".eml";
  const bool done = write_private_file(settings_.folder / name, message).ok();
  return {done ? Sent::sent : Sent::failed, true, 0, 0};
}

void Mailer::report(const server::ProofSending& sending, Sent outcome) {
  report_({sending.account, sending.handle, sending.started, sending.attempt, outcome});
}

/// Once a change: a mail server that is down for an hour fills no log.
void Mailer::note(const Posted& posted) {
  const bool fails = posted.outcome == Sent::failed;
  if (fails == fails_) return;
  fails_ = fails;
  if (!fails) return log_.write(Log::Event::mail_works_again);
  log_.write(Log::Event::mail_fails,
             {{"reply", std::int64_t{posted.reply}}, {"curl", std::int64_t{posted.fault}}});
}

}  // namespace martlet::daemon
