#include "client/resealing.h"

#include <algorithm>

#include "base/reader.h"
#include "base/writer.h"

namespace martlet::client {
namespace {

constexpr const char* kTotalNote = "undecryptable_total";

}  // namespace

Result<void> Resealing::load() {
  for (auto& record : TRY(vault_.unopened())) {
    const Key key{record.sender, record.message};
    waiting_.insert_or_assign(key, std::move(record));
  }
  return {};
}

Result<void> Resealing::on_unopened(const wire::Deliver& deliver, UnixMillis now) {
  const Key key{deliver.sender, deliver.message};
  // A damaged copy of what is here already; perhaps a crash came before we noted that it is.
  if (TRY(vault_.is_seen(deliver.sender, deliver.message))) {
    return on_opened(deliver.sender, deliver.message);
  }
  const auto known = waiting_.find(key);
  const bool is_new = known == waiting_.end();
  // The same envelope again: its acknowledgement got lost.
  if (!is_new && deliver.sequence <= known->second.sequence) return {};
  const bool is_too_much = is_new && (waiting_.size() >= kWaitingMax ||
                                      waiting_for(deliver.sender) >= kWaitingADeviceMax);
  const bool is_last = !is_new && known->second.requests >= kRequestsMax;
  if (is_too_much || is_last) {
    TRY(vault_.transact([&]() -> Result<void> {
      TRY(vault_.remove_unopened(deliver.sender, deliver.message));
      return count_lost(1);
    }));
    waiting_.erase(key);
    return {};
  }
  store::UnopenedRecord record{deliver.sender, deliver.message, deliver.sender_account, 0, 0, now};
  if (!is_new) record = known->second;
  record.sequence = deliver.sequence;
  ++record.requests;
  std::optional<store::OutboxRecord> request;
  TRY(vault_.transact([&]() -> Result<void> {
    TRY(vault_.put_unopened(record));
    request = TRY(outbox_.write_request(record.sender_account, record.sender, record.message, now));
    return {};
  }));
  waiting_.insert_or_assign(key, std::move(record));
  outbox_.add(std::move(*request));
  return {};
}

Result<void> Resealing::on_opened(const DeviceId& sender, const MessageId& message) {
  const Key key{sender, message};
  if (!waiting_.contains(key)) return {};
  TRY(vault_.transact([&] { return vault_.remove_unopened(sender, message); }));
  waiting_.erase(key);
  return {};
}

/// Only for who was a target, is not known to have opened it, and has not asked too often. Whether
/// the device is still in its account's chain the outbox sees when it seals.
Result<void> Resealing::on_request(const wire::Deliver& deliver, const wire::ReSeal& request,
                                   UnixMillis now) {
  std::optional<store::OutboxRecord> item;
  TRY(vault_.transact([&]() -> Result<void> {
    if (!TRY(vault_.mark_seen(deliver.sender, deliver.message, now))) return {};
    auto kept = TRY(vault_.kept(request.message));
    if (!kept) {
      TRY(outbox_.keep_for(deliver.sender_account, deliver.sender, request.message, now));
      kept = TRY(vault_.kept(request.message));
    }
    if (!kept) return {};
    const bool is_for_account = kept->recipient == deliver.sender_account ||
                                self_.profile.account == deliver.sender_account;
    const auto targets = TRY(vault_.kept_targets(request.message));
    const auto target = std::ranges::find(targets, deliver.sender, &store::KeptTarget::device);
    if (!is_for_account || target == targets.end() || target->requests >= kRequestsMax) {
      crypto::wipe(kept->content);
      return {};
    }
    TRY(vault_.set_kept_requests(request.message, target->device, target->requests + 1));
    item = TRY(
        outbox_.write_again(deliver.sender_account, deliver.sender, std::move(kept->content), now));
    return {};
  }));
  if (item) outbox_.add(std::move(*item));
  return {};
}

Result<void> Resealing::upkeep(UnixMillis now) {
  std::vector<Key> lost;
  for (const auto& [key, record] : waiting_) {
    if (record.since < now - kWindow) lost.push_back(key);
  }
  TRY(vault_.transact([&]() -> Result<void> {
    TRY(vault_.trim_kept(now - kWindow, kUnansweredMax));
    for (const auto& [sender, message] : lost) TRY(vault_.remove_unopened(sender, message));
    return lost.empty() ? Result<void>{} : count_lost(lost.size());
  }));
  for (const auto& key : lost) waiting_.erase(key);
  return {};
}

Result<std::uint64_t> Resealing::undecryptable_total() {
  const auto note = TRY(vault_.note(kTotalNote));
  if (!note) return std::uint64_t{0};
  const auto total = Reader{*note}.u64();
  if (!total.ok()) return Error{Failure::corrupt, "a stored counter is none"};
  return total.value();
}

Result<void> Resealing::count_lost(std::uint64_t messages) {
  const auto total = TRY(undecryptable_total());
  Writer writer;
  writer.u64(total + messages);
  return vault_.put_note(kTotalNote, std::move(writer).take());
}

std::size_t Resealing::waiting_for(const DeviceId& sender) const {
  const auto first = waiting_.lower_bound(Key{sender, MessageId{}});
  const auto behind = std::find_if(first, waiting_.end(),
                                   [&](const auto& entry) { return entry.first.first != sender; });
  return static_cast<std::size_t>(std::distance(first, behind));
}

}  // namespace martlet::client
