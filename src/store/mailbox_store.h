#pragma once

#include <memory>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/shared_bytes.h"

namespace martlet::store {

using Sequence = std::uint64_t;  ///< place in a mailbox; only grows over the life of the store,
                                 ///< even across restarts

enum class ItemKind : std::uint8_t {
  envelope = 1,  ///< sealed bytes from `sender`
  undelivered =
      2  ///< a notice: the envelope `message` for device `sender` expired unread; no bytes
};

/// What waits for one device.
struct MailboxItem {
  ItemKind kind = ItemKind::envelope;
  DeviceId recipient;
  DeviceId sender;           ///< of a notice: the device that never got it
  AccountId sender_account;  ///< of a notice: zero
  MessageId message;
  UnixMillis accepted{};
  UnixMillis expires{};  ///< deleted from this instant on
  std::uint8_t suite = 0;
  SharedBytes sealed;
};
struct WaitingItem {
  Sequence sequence = 0;
  MailboxItem item;
};
struct MailboxSummary {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;  ///< of `sealed`
};

/// When a mailbox is full. Smaller in tests only.
struct MailboxLimits {
  std::uint64_t items_max = limits::kMailboxEnvelopesMax;
  std::uint64_t bytes_max = limits::kMailboxBytesMax;
};

/// The part of a sync that waits for the disk.
class SyncWork {
 public:
  virtual ~SyncWork() = default;
  /// Once, on any thread. Touches nothing but the disk.
  virtual Result<void> perform() = 0;
};

/// Where envelopes wait for devices. One engine per subfolder; each must pass
/// mailbox_store_contract.h, which also fails every write twice.
/// May block on the disk: owned by the office's worker, never called from a reactor.
///
/// append, remove, clear and expire stage; sync makes all that was staged since the last sync
/// durable, at once and entirely. read, summary and total see staged changes. A failed sync undoes
/// them: nothing staged is there any more, though after a restart it may be (written, but the
/// answer was lost).
class MailboxStore {
 public:
  virtual ~MailboxStore() = default;

  /// Adds `item` to its recipient's mailbox. An item that waits there already with the same kind,
  /// sender and message is left alone and its sequence returned. Fails with `limit_reached` when
  /// that mailbox is full (kMailboxEnvelopesMax, kMailboxBytesMax), `unavailable` when the disk is,
  /// `corrupt` when stored bytes are damaged. A failed append stages nothing.
  virtual Result<Sequence> append(const MailboxItem& item) = 0;

  /// Deletes one item; none there is no error (it was acknowledged twice).
  virtual Result<void> remove(const DeviceId& recipient, Sequence sequence) = 0;

  /// Makes all that was staged safe from a power cut. After a failure (`unavailable`) answer for
  /// none of it; the store tries to mend itself at the next call. After ok the disk holds what read
  /// tells and nothing else: an earlier batch that failed does not come back any more.
  virtual Result<void> sync() = 0;

  /// sync() in three steps, so that the owner can go on while another thread waits for the disk:
  /// begin_sync takes what is staged; perform its work; finish_sync with what that gave. Between
  /// the first and the last everything may be called but sync, scrub and begin_sync, and what is
  /// staged meanwhile belongs to the next batch. Without work there is nothing to wait for, and no
  /// finish_sync. A failure, of either, undoes everything that is staged, the next batch too.
  virtual Result<std::unique_ptr<SyncWork>> begin_sync() {
    const auto done = sync();
    if (!done.ok()) return done.error();
    return std::unique_ptr<SyncWork>{};
  }
  virtual Result<void> finish_sync(const Result<void>& written) { return written; }

  /// Items behind `after` in mailbox order: at most `items_max`, and no more than `bytes_max` of
  /// sealed bytes, but always at least one if there is one. Expired items may still be among them.
  virtual Result<std::vector<WaitingItem>> read(const DeviceId& recipient, Sequence after,
                                                std::size_t items_max, std::size_t bytes_max) = 0;

  /// Deletes at most `items_max` items whose time is up, oldest first, and returns them without
  /// their sealed bytes. Fewer than `items_max` returned: no more is due at `now`.
  virtual Result<std::vector<WaitingItem>> expire(UnixMillis now, std::size_t items_max) = 0;

  /// Deletes up to `items_max` items of a mailbox, oldest first, and returns them without their
  /// sealed bytes. None returned: it is empty. Fails only if it could not delete even one.
  Result<std::vector<WaitingItem>> clear(const DeviceId& recipient, std::size_t items_max) {
    auto items = TRY(read(recipient, 0, items_max, limits::kDeliveryWindowBytes));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto removed = remove(recipient, items[i].sequence);
      if (!removed.ok() && i == 0) return removed.error();
      if (!removed.ok()) {
        items.resize(i);
        break;
      }
      items[i].item.sealed = {};
    }
    return items;
  }

  virtual MailboxSummary summary(const DeviceId& recipient) const = 0;
  virtual MailboxSummary total() const = 0;
  /// Every mailbox that holds something; for the operator's status. Order unspecified.
  virtual std::vector<std::pair<DeviceId, MailboxSummary>> mailboxes() const = 0;

  /// Frees the disk of deleted bytes. Called by the worker when idle; may take long, and does
  /// nothing when nothing was deleted since the last call. After it, no deleted item's sealed bytes
  /// are in any file of the store.
  virtual Result<void> scrub() = 0;
  /// A part of a scrub, so that others get their turn between two: true, there is more of it. In
  /// between everything may be called; what is deleted meanwhile may be left to the next scrub. An
  /// engine whose scrub takes long makes the parts small.
  virtual Result<bool> scrub_step() {
    TRY(scrub());
    return false;
  }
  /// Sealed bytes deleted since the last scrub: what scrub() would free.
  virtual std::uint64_t scrubbable_bytes() const = 0;
};

}  // namespace martlet::store
