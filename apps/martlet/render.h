#pragma once

#include <memory>

#include "apps/martlet/problem.h"
#include "apps/martlet/verbs.h"

namespace martlet::cli {

/// Answers as text for stdout and stderr, each complete with its line ends. JSON for programs,
/// prose for people.
class Renderer {
 public:
  virtual ~Renderer() = default;
  virtual std::string enrolled(const client::WhoamiAnswer& answer) const = 0;
  virtual std::string whoami(const client::WhoamiAnswer& answer) const = 0;
  virtual std::string sent(const SendAnswer& answer) const = 0;
  virtual std::string event(const client::Event& event) const = 0;
  virtual std::string chats(const std::vector<store::ChatRecord>& chats) const = 0;
  /// `with_ids`: what --reply needs; JSON always has them.
  virtual std::string history(const std::vector<store::MessageRecord>& messages,
                              bool with_ids) const = 0;
  virtual std::string read(const ReadAnswer& answer) const = 0;
  virtual std::string contacts(const std::vector<store::ContactRecord>& contacts) const = 0;
  virtual std::string contact_added(const store::ContactRecord& contact) const = 0;
  virtual std::string contacts_imported(const client::ContactImport& result) const = 0;
  virtual std::string doctor(const DoctorAnswer& answer) const = 0;
  // --- devices ---
  virtual std::string link_shown(const client::LinkShown& shown) const = 0;
  /// Questions, to be answered on standard input.
  virtual std::string compare_digits(const std::string& digits) const = 0;
  virtual std::string admit_device(const client::ConfirmDevice& device,
                                   const std::string& digits) const = 0;
  virtual std::string linked(const client::WhoamiAnswer& answer) const = 0;
  virtual std::string approved(const ApproveAnswer& answer) const = 0;
  virtual std::string devices(const std::vector<client::DeviceInfo>& devices) const = 0;
  virtual std::string revoked(const RevokeAnswer& answer) const = 0;
  virtual std::string recovered(const client::WhoamiAnswer& answer) const = 0;
  virtual std::string recovery_words(std::string_view words) const = 0;
  virtual std::string recovery_words_forgotten() const = 0;
  virtual std::string handles(const HandleAnswer& answer) const = 0;
  /// For stderr.
  virtual std::string problem(const Problem& problem) const = 0;
  /// For a terminal: which of these, by number?
  virtual std::string question(const std::vector<store::ContactRecord>& people) const = 0;
  /// For stderr: worth knowing, but the verb goes on.
  virtual std::string notice(const client::ApiError& error) const = 0;
  /// Who is who, for what comes after.
  virtual void set_people(People people) = 0;
};

/// One JSON object a line (spec: `v`, `type`, snake_case, RFC 3339, base64url). `ascii_only`
/// escapes everything else, for terminals.
std::unique_ptr<Renderer> make_json_renderer(bool ascii_only);
/// Lines for people. `clock` says which day is today; on a terminal there may be colours.
std::unique_ptr<Renderer> make_text_renderer(const Clock& clock, bool on_terminal);

}  // namespace martlet::cli
