#include "apps/martlet/terminal_dialogue.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/check.h"

namespace martlet::cli {
namespace {

constexpr std::size_t kLineBytesMax = 4'096;  ///< of an answer; what is longer is no yes

bool is_yes(const std::optional<std::string>& line) {
  return line && !line->empty() && (line->front() == 'y' || line->front() == 'Y');
}

}  // namespace

TerminalDialogue::TerminalDialogue(const Renderer& renderer, Output& out, int input_fd)
    : renderer_{renderer},
      out_{out},
      input_fd_{input_fd},
      end_fd_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  CHECK(end_fd_ >= 0);
}

TerminalDialogue::~TerminalDialogue() {
  CHECK(eventfd_write(end_fd_, 1) == 0);
  if (reader_.joinable()) reader_.join();
  ::close(end_fd_);
}

void TerminalDialogue::show(const client::LinkShown& shown) {
  static_cast<void>(out_.write(renderer_.link_shown(shown)));
}

void TerminalDialogue::compare(const std::string& digits, Reply reply) {
  ask(renderer_.compare_digits(digits), std::move(reply));
}

void TerminalDialogue::admit(const client::ConfirmDevice& device, const std::string& digits,
                             Reply reply) {
  ask(renderer_.admit_device(device, digits), std::move(reply));
}

bool TerminalDialogue::ask(const std::string& question) {
  if (out_.write(question) != Written::yes) return false;
  return is_yes(read_line());
}

void TerminalDialogue::ask(const std::string& question, Reply reply) {
  if (out_.write(question) != Written::yes) return reply(false);
  if (reader_.joinable()) reader_.join();  // it has given its answer
  reader_ = std::thread{[this, reply = std::move(reply)] { reply(is_yes(read_line())); }};
}

/// None: the input has ended, or the dialogue has.
std::optional<std::string> TerminalDialogue::read_line() {
  for (;;) {
    if (const auto end = unread_.find('\n'); end != std::string::npos) {
      auto line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    if (unread_.size() > kLineBytesMax) return std::nullopt;
    pollfd watched[2] = {{input_fd_, POLLIN, 0}, {end_fd_, POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return std::nullopt;
    }
    if (watched[1].revents != 0) return std::nullopt;
    std::array<char, 512> part;
    const auto got = ::read(input_fd_, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (unread_.empty()) return std::nullopt;
      return std::exchange(unread_, {});
    }
    unread_.append(part.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace martlet::cli
