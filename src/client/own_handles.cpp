#include "client/own_handles.h"

#include <algorithm>

#include "base/handle.h"
#include "client/errors.h"

namespace martlet::client {
namespace {

using wire::HandleRow;
using wire::HandleState;

constexpr std::size_t kQuestionsKept = 64;
constexpr Milliseconds kAskAgain = std::chrono::seconds{5};
constexpr const char* kCountNote = "handles";

std::string note_name(std::size_t number) { return "handle." + std::to_string(number); }

/// A state, then the handle: at most 255 bytes, as notes are.
Bytes note_of(const HandleRow& row) {
  const std::uint8_t state[] = {static_cast<std::uint8_t>(row.state)};
  return concat({state, bytes_of(row.handle)});
}

const HandleRow* find(const std::vector<HandleRow>& rows, const std::string& handle) {
  const auto found = std::ranges::find(rows, handle, &HandleRow::handle);
  return found == rows.end() ? nullptr : &*found;
}

/// The first confirmed handle; empty: there is none.
std::string default_of(const std::vector<HandleRow>& rows) {
  const auto found = std::ranges::find(rows, HandleState::confirmed, &HandleRow::state);
  return found == rows.end() ? std::string{} : found->handle;
}

bool is_under_way(HandleState state) {
  return state == HandleState::sending || state == HandleState::waiting ||
         state == HandleState::retrying;
}

const char* word_for(HandleState before, HandleState after) {
  if (after == before) return nullptr;
  switch (after) {
    case HandleState::confirmed:
      return "confirmed";
    case HandleState::sending:
    case HandleState::waiting:
      return is_under_way(before) ? nullptr : "pending";
    case HandleState::retrying:
      return "retrying";
    case HandleState::refused:
      return "refused";
    case HandleState::given_up:
      return "given_up";
    case HandleState::expired:
      return "expired";
    case HandleState::spent:
      return "spent";
    case HandleState::moved:
      return "moved";
  }
  return nullptr;  // a state of the future
}

/// Only what is a handle and a state that a note can hold; in the server's order.
std::vector<HandleRow> acceptable(const std::vector<HandleRow>& rows) {
  std::vector<HandleRow> good;
  for (const auto& row : rows) {
    const auto handle = Handle::parse(row.handle);
    if (!handle.ok() || handle.value().text() != row.handle) continue;
    if (static_cast<std::uint32_t>(row.state) > 0xff) continue;
    if (find(good, row.handle) == nullptr) good.push_back(row);
  }
  return good;
}

wire::Body body_of(const HandleAsk& ask) {
  switch (ask.what) {
    case HandleAsk::What::add:
      return wire::HandleAdd{ask.handle, ask.method};
    case HandleAsk::What::confirm:
      return wire::HandleConfirm{ask.handle, ask.code};
    case HandleAsk::What::remove:
      return wire::HandleRemove{ask.handle};
    case HandleAsk::What::make_default:
      return wire::HandleDefault{ask.handle};
    case HandleAsk::What::list:
      break;
  }
  return wire::HandleList{};
}

ApiError error_of(const wire::Refusal& refusal) {
  switch (refusal.code) {
    case wire::RefusalCode::handle_local:
      return errors::kHandleLocal;
    case wire::RefusalCode::handle_unsupported:
      return errors::kHandleUnsupported;
    case wire::RefusalCode::handle_last:
      return errors::kHandleLast;
    case wire::RefusalCode::handles_full:
      return errors::kHandlesFull;
    case wire::RefusalCode::code_wrong:
      return errors::kCodeWrong;
    case wire::RefusalCode::proof_over:
      return errors::kProofOver;
    case wire::RefusalCode::unknown_handle:
      return errors::kNotOwnHandle;
    case wire::RefusalCode::handle_refused:
      return errors::kBadHandle;
    case wire::RefusalCode::limit_reached:
      return refusal.retry_after <= std::chrono::hours{1} ? errors::kHandlesTooOften
                                                          : errors::kHandlesTooOftenToday;
    default:
      return errors::kRefused;
  }
}

}  // namespace

std::vector<std::string> handle_changes(const std::vector<HandleRow>& before,
                                        const std::vector<HandleRow>& after) {
  std::vector<std::string> changes;
  for (const auto& row : after) {
    const auto* const was = find(before, row.handle);
    const auto* const word = word_for(was == nullptr ? HandleState{} : was->state, row.state);
    if (word != nullptr) changes.push_back(word + (" " + row.handle));
  }
  for (const auto& row : before) {
    const bool mattered = row.state == HandleState::confirmed || is_under_way(row.state);
    if (mattered && find(after, row.handle) == nullptr) changes.push_back("removed " + row.handle);
  }
  const auto now = default_of(after);
  if (!now.empty() && now != default_of(before)) changes.push_back("default " + now);
  return changes;
}

OwnHandles::OwnHandles(store::Vault& vault, Connection& connection, Self& self)
    : vault_{vault}, connection_{connection}, self_{self} {}

Result<void> OwnHandles::load() {
  const auto count = TRY(vault_.note(kCountNote));
  if (!count) return {};
  if (count->size() != 1) return Error{Failure::corrupt, "a count of handles that is none"};
  for (std::size_t i = 0; i < count->front(); ++i) {
    const auto note = TRY(vault_.note(note_name(i)));
    if (!note || note->empty()) return Error{Failure::corrupt, "a handle of one's own is missing"};
    HandleRow row;
    row.state = static_cast<HandleState>(note->front());
    row.handle = text_of(ByteView{*note}.subspan(1));
    known_.push_back(std::move(row));
  }
  is_known_ = true;
  return {};
}

std::vector<HandleRow> OwnHandles::known() const {
  if (is_known_ || self_.profile.handle.empty()) return known_;
  HandleRow row;
  row.handle = self_.profile.handle;
  row.state = HandleState::confirmed;
  return {row};
}

/// Inside a transaction.
Result<void> OwnHandles::store(const std::vector<HandleRow>& rows) {
  TRY(vault_.put_note(kCountNote, Bytes{static_cast<std::uint8_t>(rows.size())}));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    TRY(vault_.put_note(note_name(i), note_of(rows[i])));
  }
  return {};
}

/// The first list that a device gets is news to nobody.
Result<void> OwnHandles::take(const std::vector<HandleRow>& given, UnixMillis now) {
  auto rows = acceptable(given);
  const auto changes = is_known_ ? handle_changes(known_, rows) : std::vector<std::string>{};
  const auto chosen = default_of(rows);
  const bool is_same =
      is_known_ && changes.empty() && rows.size() == known_.size() &&
      std::ranges::equal(rows, known_, {}, &HandleRow::handle, &HandleRow::handle) &&
      std::ranges::equal(rows, known_, {}, &HandleRow::state, &HandleRow::state);
  if (!is_same || chosen != self_.profile.handle) {
    TRY(vault_.transact([&]() -> Result<void> {
      TRY(store(rows));
      if (chosen != self_.profile.handle) TRY(store_handle(vault_, chosen));
      for (const auto& change : changes) {
        store::EventRecord event;
        event.kind = store::EventKind::handle;
        event.at = now;
        event.text = change;
        TRY(vault_.add_event(event));
      }
      return {};
    }));
  }
  self_.profile.handle = chosen;
  known_ = std::move(rows);
  is_known_ = true;
  return {};
}

Result<void> OwnHandles::on_push(const wire::Handles& handles, UnixMillis now) {
  return take(handles.rows, now);
}

HandleTicket OwnHandles::ask(HandleAsk ask) {
  if (questions_.size() >= kQuestionsKept) questions_.erase(questions_.begin());
  const auto ticket = ++last_ticket_;
  questions_[ticket].ask = std::move(ask);
  return ticket;
}

Answer<HandleProgress> OwnHandles::progress(HandleTicket ticket) const {
  const auto found = questions_.find(ticket);
  if (found == questions_.end()) return errors::kUnknownTicket;
  return found->second.progress;
}

void OwnHandles::pump(UnixMillis now) {
  if (!connection_.online()) return;
  if (list_wanted_ && list_request_ == 0 && list_not_before_ <= now) {
    list_wanted_ = false;
    list_request_ = connection_.ask(wire::HandleList{}, now);
  }
  for (auto& [ticket, question] : questions_) {
    if (question.progress.state != HandleProgress::State::waiting || question.request != 0)
      continue;
    if (question.not_before > now) continue;
    question.request = connection_.ask(body_of(question.ask), now);
  }
}

Result<bool> OwnHandles::on_answer(const wire::Frame& frame, UnixMillis now) {
  if (list_request_ != 0 && frame.request == list_request_) {
    list_request_ = 0;
    if (const auto* handles = std::get_if<wire::Handles>(&frame.body)) {
      TRY(take(handles->rows, now));
    } else if (const auto* refusal = std::get_if<wire::Refusal>(&frame.body);
               refusal != nullptr && wire::action_for(refusal->code) == wire::Action::retry_later) {
      list_wanted_ = true;
      list_not_before_ = now + std::max<Milliseconds>(refusal->retry_after, kAskAgain);
    }
    return true;
  }
  for (auto& [ticket, question] : questions_) {
    if (question.request == 0 || question.request != frame.request) continue;
    question.request = 0;
    TRY(on_question_answer(question, frame.body, now));
    return true;
  }
  return false;
}

Result<void> OwnHandles::on_question_answer(Question& question, const wire::Body& body,
                                            UnixMillis now) {
  auto& progress = question.progress;
  if (const auto* handles = std::get_if<wire::Handles>(&body)) {
    TRY(take(handles->rows, now));
    progress.rows = handles->rows;
    progress.state = HandleProgress::State::done;
  } else if (const auto* added = std::get_if<wire::HandleAdded>(&body)) {
    progress.added = *added;
    progress.state = HandleProgress::State::done;
  } else if (const auto* refusal = std::get_if<wire::Refusal>(&body)) {
    if (refusal->code == wire::RefusalCode::unavailable) {
      question.not_before = now + std::max<Milliseconds>(refusal->retry_after, kAskAgain);
      return {};
    }
    progress.error = error_of(*refusal);
    progress.state = HandleProgress::State::refused;
  } else {
    progress.error = errors::kRefused;
    progress.state = HandleProgress::State::refused;
  }
  return {};
}

/// All of these may be asked twice: the server answers as the first time, or says what is so now.
void OwnHandles::on_disconnected() {
  list_request_ = 0;
  for (auto& [ticket, question] : questions_) question.request = 0;
}

UnixMillis OwnHandles::wake_at() const {
  auto at = UnixMillis::max();
  if (list_wanted_ && list_request_ == 0) at = list_not_before_;
  for (const auto& [ticket, question] : questions_) {
    if (question.progress.state == HandleProgress::State::waiting && question.request == 0) {
      at = std::min(at, question.not_before);
    }
  }
  return at;
}

bool OwnHandles::idle() const {
  return !list_wanted_ && list_request_ == 0 &&
         std::ranges::none_of(questions_, [](const auto& entry) {
           return entry.second.progress.state == HandleProgress::State::waiting;
         });
}

}  // namespace martlet::client
