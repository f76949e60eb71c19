// The office's dealings with the disk: shared syncs, deletions, expiry, scrubbing.
#include <algorithm>

#include "server/office.h"
#include "server/send_check.h"

namespace martlet::server {
namespace {

constexpr std::size_t kExpireItemsMax = 256;  ///< a portion
constexpr Milliseconds kRemovalsWait{1'000};  ///< for a sync that others pay; then for none
constexpr std::size_t kClearLooksMax = 256;   ///< mailboxes that a tick looks at
/// So much live data makes a scrub expensive: then it waits for its worth.
constexpr std::uint64_t kScrubCheapBytes = 64ULL * 1024 * 1024;
constexpr Milliseconds kScrubAtLatest = std::chrono::hours{1};
/// A server that is never idle scrubs all the same after so many intervals.
constexpr int kScrubBusyIntervals = 10;

store::MailboxItem notice_of(const store::MailboxItem& expired, UnixMillis now) {
  store::MailboxItem notice;
  notice.kind = store::ItemKind::undelivered;
  notice.recipient = expired.sender;
  notice.sender = expired.recipient;
  notice.message = expired.message;
  notice.accepted = std::min(expired.expires, now);
  notice.expires = now + limits::kEnvelopeLifetimeMax;
  return notice;
}

}  // namespace

void Office::commit(Answers& answers) {
  if (const auto work = begin_commit(answers)) finish_commit(work->perform(), answers);
}

bool Office::commit(Batch& batch, UnixMillis now, Answers& answers) {
  const bool durable = !batch.staged || sync(answers);
  if (durable) {
    meters_.expired_envelopes.add(batch.expired);
    for (auto& item : batch.fresh) deliveries_.offer(std::move(item), answers);
  }
  deliveries_.pump(now, answers);
  return durable;
}

std::unique_ptr<store::SyncWork> Office::begin_commit(Answers& answers) {
  if (acceptances_.waiting() == 0) return nullptr;
  auto work = depart();
  if (!work.ok() || work.value() == nullptr) {
    arrived(work.ok(), answers);
    return nullptr;
  }
  return std::move(work).take();
}

void Office::finish_commit(const Result<void>& written, Answers& answers) {
  arrived(mailboxes_.finish_sync(written).ok(), answers);
}

bool Office::sync(Answers& answers) {
  const auto work = depart();
  const bool ok = work.ok() &&
                  (work.value() == nullptr || mailboxes_.finish_sync(work.value()->perform()).ok());
  arrived(ok, answers);
  return ok;
}

Result<std::unique_ptr<store::SyncWork>> Office::depart() {
  meter_departure();
  acceptances_.depart();
  departed_ = appended_;
  departed_removals_ = std::exchange(removals_, {});
  in_flight_ = 0;
  return mailboxes_.begin_sync();
}

void Office::arrived(bool ok, Answers& answers) {
  health_.disk_refuses = !ok;
  if (ok) {
    committed_ = departed_;
    departed_removals_.clear();
    const auto before = answers.size();
    acceptances_.arrive(answers);
    return meter_arrival(true, answers.size() - before);
  }
  // Whatever was staged is undone, also what came since.
  committed_ = departed_ = appended_;
  in_flight_ = 0;
  removals_.insert(removals_.begin(), departed_removals_.begin(), departed_removals_.end());
  departed_removals_.clear();
  removals_undone_ = !removals_.empty();
  const auto before = answers.size();
  acceptances_.refuse(answers);
  meter_arrival(false, answers.size() - before);
}

void Office::restage_removals(UnixMillis now) {
  if (!removals_undone_) return;
  removals_undone_ = false;
  for (const auto& removal : std::exchange(removals_, {})) remove(removal, now);
  removals_since_ = {};  // they have waited long enough
}

bool Office::on_tick(UnixMillis now, bool idle, Answers& answers) {
  restage_removals(now);
  deliveries_.retry_failed();
  for (const auto& session : rendezvous_.expire(now)) {
    answers.push_back({session, 0, 0, wire::RendezvousEnded{}});
  }
  handles_.on_tick(now);
  tell_of_handles(now, answers);
  Batch batch;
  // Under load they go along with what is sent.
  batch.staged =
      !removals_.empty() && (now - removals_since_ >= kRemovalsWait || now < removals_since_);
  // Owed from earlier: what they tell of has been deleted durably.
  const auto owed = std::exchange(notices_, {});
  stage_notices(owed, batch);
  // Nothing more expires before what is owed is paid.
  bool more = notices_.empty() && expire(now, batch);
  if (notices_.empty() && clear_abandoned(now, batch)) more = true;
  if (!commit(batch, now, answers)) {
    // The deletions were undone together with their notices; they come again.
    notices_ = owed;
    meter_levels();
    return false;
  }
  if (!more) {
    scrub_erased(answers);
    more = scrub_if_due(now, idle);
  }
  meter_levels();
  return more;
}

/// A portion of what is due, and its notices, in one sync.
bool Office::expire(UnixMillis now, Batch& batch) {
  const auto expired = mailboxes_.expire(now, kExpireItemsMax);
  if (!expired.ok() && expired.error().failure == Failure::corrupt) health_.stores_damaged = true;
  if (!expired.ok() || expired.value().empty()) return false;
  batch.staged = true;
  std::vector<store::MailboxItem> notices;
  for (const auto& waiting : expired.value()) {
    // A notice that nobody fetched expires in silence.
    if (waiting.item.kind != store::ItemKind::envelope) continue;
    ++batch.expired;
    notices.push_back(notice_of(waiting.item, now));
  }
  stage_notices(notices, batch);
  return expired.value().size() == kExpireItemsMax;
}

bool Office::clear_abandoned(UnixMillis now, Batch& batch) {
  std::vector<store::MailboxItem> notices;
  for (std::size_t looks = 0; looks < kClearLooksMax && !suspects_.empty(); ++looks) {
    const auto device = suspects_.back();
    const auto known = directory_.device(device);
    if (!known.ok()) return false;  // at the next tick
    if (!known.value() && !is_damaged(health_, device)) {
      const auto cleared = mailboxes_.clear(device, kExpireItemsMax);
      if (!cleared.ok() && cleared.error().failure == Failure::corrupt) {
        note_damage(health_, device);
      } else if (!cleared.ok()) {
        return false;
      } else if (!cleared.value().empty()) {
        batch.staged = true;
        for (const auto& waiting : cleared.value()) {
          if (waiting.item.kind == store::ItemKind::envelope) {
            notices.push_back(notice_of(waiting.item, now));
          }
        }
        stage_notices(notices, batch);
        return true;
      }
    }
    suspects_.pop_back();
  }
  return !suspects_.empty();
}

void Office::stage_notices(const std::vector<store::MailboxItem>& notices, Batch& batch) {
  for (const auto& notice : notices) {
    const auto sender = directory_.device(notice.recipient);
    if (sender.ok() && !sender.value()) continue;  // has left since: there is nobody to tell
    const auto staged =
        sender.ok() ? append(notice, batch.fresh) : Result<store::Sequence>{sender.error()};
    if (staged.ok()) {
      batch.staged = true;
    } else if (staged.error().failure == Failure::unavailable) {
      notices_.push_back(notice);
    } else {
      ++health_.notices_dropped;
    }
  }
}

Result<store::Sequence> Office::append(store::MailboxItem item,
                                       std::vector<store::WaitingItem>& fresh) {
  const auto before = mailboxes_.summary(item.recipient).items;
  const auto appended = mailboxes_.append(item);
  if (!appended.ok()) {
    if (appended.error().failure == Failure::corrupt) note_damage(health_, item.recipient);
    return appended.error();
  }
  // A repeat of what waits there already is neither staged nor delivered twice.
  if (mailboxes_.summary(item.recipient).items > before) {
    if (appended_ == kAll) departed_ = committed_ = appended.value() - 1;
    appended_ = appended.value();
    fresh.push_back({appended.value(), std::move(item)});
  }
  return appended.value();
}

/// True: there is more to scrub, and others have their turn before.
bool Office::scrub_if_due(UnixMillis now, bool idle) {
  if (directory_scrubbed_ > now) directory_scrubbed_ = now;  // the clock stepped back
  if (idle && directory_.needs_scrub() && now - directory_scrubbed_ >= options_.scrub_interval) {
    directory_scrubbed_ = now;
    const bool proofs_scrubbed = handles_.scrub().ok();
    health_.scrub_fails = !directory_.scrub().ok() || !proofs_scrubbed;
  }
  if (!scrubbing_ && !is_scrub_due(now, idle)) return false;
  if (!scrubbing_) scrubbed_ = now;
  // If it fails, the bytes stay scrubbable and it is tried again an interval later.
  const auto more = mailboxes_.scrub_step();
  health_.scrub_fails = !more.ok();
  return scrubbing_ = more.ok() && more.value();
}

bool Office::is_scrub_due(UnixMillis now, bool idle) {
  const auto bytes = mailboxes_.scrubbable_bytes();
  if (bytes == 0) return false;
  if (scrubbed_ > now) scrubbed_ = now;  // the clock stepped back
  const auto since = now - scrubbed_;
  const auto live = mailboxes_.total().bytes;
  const auto interval = options_.scrub_interval;
  const bool worth = live <= kScrubCheapBytes || bytes >= live / 4 || since >= kScrubAtLatest;
  return worth && since >= interval && (idle || since >= interval * kScrubBusyIntervals);
}

}  // namespace martlet::server
