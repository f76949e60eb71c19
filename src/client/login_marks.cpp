#include "client/login_marks.h"

#include "base/reader.h"
#include "base/writer.h"
#include "client/alerts.h"

namespace martlet::client {
namespace {

constexpr const char* kNote = "login_marks";

}  // namespace

Result<void> LoginMarks::mark(wire::Authenticate& login) {
  auto state = TRY(load());
  if (!state.next) {
    random_.fill(state.next.emplace());
    TRY(vault_.transact([&] { return store(state); }));
  }
  login.login = {state.last.number + 1, *state.next};
  login.previous_mark = state.last.mark;
  return {};
}

Result<void> LoginMarks::on_welcome() {
  auto state = TRY(load());
  if (!state.next) return {};
  state.last = {state.last.number + 1, *state.next};
  state.next.reset();
  return vault_.transact([&] { return store(state); });
}

Result<void> LoginMarks::on_elsewhere(const wire::LoginMark& last, UnixMillis now) {
  auto state = TRY(load());
  const bool is_told = state.alerted <= now && now - state.alerted < kAlertPause;
  state.last = last;
  state.next.reset();
  if (!is_told) state.alerted = now;
  return vault_.transact([&]() -> Result<void> {
    if (!is_told) TRY(add_alert(vault_, running_twice_alert(), now));
    return store(state);
  });
}

/// number[8] | mark[16] | alerted[8] | the next mark[16], if there is one
Result<LoginMarks::State> LoginMarks::load() {
  const auto note = TRY(vault_.note(kNote));
  State state;
  if (!note) return state;
  Reader reader{*note};
  const auto read = [&]() -> Result<void> {
    state.last.number = TRY(reader.u64());
    state.last.mark = TRY(reader.array<16>());
    state.alerted = unix_millis(static_cast<std::int64_t>(TRY(reader.u64())));
    if (reader.left() > 0) state.next = TRY(reader.array<16>());
    return reader.finish();
  };
  if (!read().ok()) return Error{Failure::corrupt, "the stored login marks are none"};
  return state;
}

Result<void> LoginMarks::store(const State& state) {
  Writer writer;
  writer.u64(state.last.number).bytes(state.last.mark);
  writer.u64(static_cast<std::uint64_t>(count_of(state.alerted)));
  if (state.next) writer.bytes(*state.next);
  return vault_.put_note(kNote, std::move(writer).take());
}

}  // namespace martlet::client
