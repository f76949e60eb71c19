#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace martlet::store {

/// A content that was sent, kept until every device that it was sealed for has opened it.
struct KeptRecord {
  MessageId message;
  AccountId recipient;   ///< whom it was for
  bool answered = true;  ///< who opens it says so; else nobody ever does
  Bytes content;         ///< wire::Content, encoded, as it was sealed; plaintext
  UnixMillis since{};
};
/// A device that a kept content was sealed for, and that has not opened it as far as we know.
struct KeptTarget {
  DeviceId device;
  std::uint32_t requests = 0;  ///< to seal it again, that were granted
};
/// An envelope that did not open, whose sender was asked to seal it again.
struct UnopenedRecord {
  DeviceId sender;
  MessageId message;
  AccountId sender_account;
  std::uint64_t sequence = 0;  ///< of the last envelope of this message that did not open
  std::uint32_t requests = 0;  ///< sent so far
  UnixMillis since{};
};

/// The part of a vault that sealing again needs (spec/delivery.md section 9). The rules of
/// store::Vault hold.
class ResealingStore {
 public:
  virtual ~ResealingStore() = default;

  /// Keeps a content for `targets`, beside those that it is kept for already. The content of the
  /// first time stays.
  virtual Result<void> put_kept(const KeptRecord& kept, std::span<const DeviceId> targets) = 0;
  virtual Result<std::optional<KeptRecord>> kept(const MessageId& message) = 0;
  virtual Result<std::vector<KeptTarget>> kept_targets(const MessageId& message) = 0;  ///< by id
  /// Fails with `not_found` if the content is not kept for this device.
  virtual Result<void> set_kept_requests(const MessageId& message, const DeviceId& device,
                                         std::uint32_t requests) = 0;
  /// The content is no longer kept for `device`; after the last one it is gone. None there: no
  /// error.
  virtual Result<void> drop_kept(const MessageId& message, const DeviceId& device) = 0;
  /// Drops what was kept before `time`, and of what nobody answers all but the `unanswered_max`
  /// kept last.
  virtual Result<void> trim_kept(UnixMillis time, std::size_t unanswered_max) = 0;
  virtual Result<std::uint64_t> kept_size() = 0;  ///< contents

  virtual Result<void> put_unopened(
      const UnopenedRecord& record) = 0;  ///< replaces the one of this sender and message
  virtual Result<void> remove_unopened(const DeviceId& sender,
                                       const MessageId& message) = 0;  ///< none there: no error
  virtual Result<std::vector<UnopenedRecord>> unopened() = 0;          ///< by sender and message

  /// Whether mark_seen was called for it and forget_seen has not forgotten it since.
  virtual Result<bool> is_seen(const DeviceId& author, const MessageId& id) = 0;

  /// Small facts by name, at most 256 bytes each: counters, and what must survive a restart.
  virtual Result<std::optional<Bytes>> note(const std::string& name) = 0;
  virtual Result<void> put_note(const std::string& name, const Bytes& value) = 0;
};

}  // namespace martlet::store
