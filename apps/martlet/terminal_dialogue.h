#pragma once

#include <optional>
#include <thread>

#include "apps/martlet/dialogue.h"
#include "apps/martlet/output.h"
#include "apps/martlet/render.h"

namespace martlet::cli {

/// Speaks through stdout and stdin: prints, and takes a line that begins with y or Y for a yes;
/// any other line, and the end of the input, for a no. Make it after StopSignals: reading has a
/// thread of its own.
class TerminalDialogue final : public Dialogue {
 public:
  /// Both outlive the dialogue. Does not own `input_fd`.
  TerminalDialogue(const Renderer& renderer, Output& out, int input_fd);
  ~TerminalDialogue() override;
  TerminalDialogue(const TerminalDialogue&) = delete;
  TerminalDialogue& operator=(const TerminalDialogue&) = delete;

  void show(const client::LinkShown& shown) override;
  void compare(const std::string& digits, Reply reply) override;
  void admit(const client::ConfirmDevice& device, const std::string& digits, Reply reply) override;
  /// Asks and waits, for verbs that have no network to serve meanwhile.
  bool ask(const std::string& question);

 private:
  void ask(const std::string& question, Reply reply);
  std::optional<std::string> read_line();

  const Renderer& renderer_;
  Output& out_;
  int input_fd_;
  int end_fd_;
  std::string unread_;  ///< of the input, beyond the last line
  std::thread reader_;
};

}  // namespace martlet::cli
