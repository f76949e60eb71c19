#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

/// Every bound of the system, with what happens when it is reached.
namespace martlet::limits {

using namespace std::chrono_literals;

// --- What is sealed (spec/sealing-classic.md) ---
inline constexpr std::size_t kClassicPlainBytesMax = 65'474;  ///< sealing fails with limit_reached
inline constexpr std::size_t kPaddingFloorBytes = 256;  ///< shorter contents are padded to this
inline constexpr std::size_t kTextBytesMax =
    60'000;  ///< UTF-8; longer: refused until attachments exist
inline constexpr std::size_t kSealedBytesMax =
    68 * 1024;  ///< one sealed envelope; the server answers too_large
inline constexpr std::size_t kClassicEnvelopeBytesMax = 3 + 65'534 + 1 + 72;
static_assert(kClassicEnvelopeBytesMax <= kSealedBytesMax);
static_assert(kTextBytesMax * 112 / 100 + 1024 <= kSealedBytesMax);

// --- Accounts (spec/account-chain.md) ---
inline constexpr std::size_t kDevicesMax = 16;   ///< an add link beyond it is refused
inline constexpr std::size_t kLinksMax = 1'024;  ///< a link beyond it is refused
inline constexpr std::size_t kLinkTbsBytesMax = 16'384;
inline constexpr std::size_t kLinkBytesMax = kLinkTbsBytesMax + 2 + 65 + 65;
inline constexpr std::size_t kHandleBytesMax = 254;
inline constexpr std::size_t kLocalPartBytesMax = 64;
inline constexpr std::size_t kDomainBytesMax = 253;
inline constexpr std::size_t kNameBytesMax = 200;  ///< display and device names, UTF-8

// --- Frames (spec/wire.md) ---
inline constexpr std::size_t kEnvelopesASendMax = 4'096;  ///< 256 members of 16 devices
inline constexpr std::size_t kFrameBytesMax =
    4 * 1024 * 1024;  ///< longer: the connection is closed
inline constexpr std::size_t kStrangerFrameBytesMax =
    64 * 1024;  ///< before the device has proven itself
inline constexpr std::size_t kAcknowledgementsAFrameMax = 4'096;
inline constexpr std::size_t kReceiptMessagesMax = 1'024;  ///< message ids in one receipt
static_assert(kSealedBytesMax + 1024 <= kFrameBytesMax);
static_assert(kLinkBytesMax + 4'096 <= kStrangerFrameBytesMax);

// --- Connections ---
inline constexpr Milliseconds kHandshakeTimeout = 10s;  ///< TLS and login; then the server closes
inline constexpr Milliseconds kPingInterval =
    60s;  ///< the device pings when it has been silent so long
inline constexpr Milliseconds kIdleTimeout = 150s;  ///< silent for so long: half open, closed
inline constexpr Milliseconds kWriteStallTimeout =
    30s;  ///< bytes wait, none leaves: closed as slow
inline constexpr std::size_t kWriteQueueBytesMax =
    8 * 1024 * 1024;  ///< more waits for one peer: closed as slow
inline constexpr std::size_t kReadPauseBytes =
    1024 * 1024;  ///< so much unanswered from one device: we stop reading
inline constexpr std::size_t kConnectionsMax = 200'000;  ///< further ones are closed at once
inline constexpr std::size_t kHttpRequestBytesMax = 16 * 1024;
static_assert(kPingInterval * 2 < kIdleTimeout);
static_assert(kWriteQueueBytesMax > kFrameBytesMax);

// --- The courier ---
inline constexpr std::size_t kDeliveryWindowEnvelopes = 64;  ///< unacknowledged at one device
inline constexpr std::size_t kDeliveryWindowBytes =
    512 * 1024;  ///< the same in bytes (one envelope always goes)
inline constexpr std::size_t kSendsInFlightMax =
    256;  ///< unanswered Sends a connection; then reading pauses
inline constexpr std::size_t kMailboxEnvelopesMax = 1'000'000;  ///< Send is answered mailbox_full
inline constexpr std::uint64_t kMailboxBytesMax = 2ULL * 1024 * 1024 * 1024;
inline constexpr Milliseconds kEnvelopeLifetime = std::chrono::days{7};  ///< default
inline constexpr Milliseconds kEnvelopeLifetimeMax =
    std::chrono::days{30};                           ///< what the operator may set
inline constexpr std::size_t kGatherRequests = 256;  ///< office requests that share one disk sync
inline constexpr Milliseconds kCommitDelay =
    5ms;  ///< so long a sync waits for acknowledgements that would spare it work
inline constexpr std::size_t kUncommittedMax =
    1'024;  ///< Sends that wait for a sync; then it comes
inline constexpr std::size_t kOfficeQueueMax = 65'536;  ///< then reactors pause reading
inline constexpr std::size_t kLookupsAMinute =
    120;  ///< an account; then limit_reached with retry_after
inline constexpr std::size_t kStrangerRequestsMax = 8;  ///< frames before login; then closed

// --- Strangers, by address (IPv6: its /64) ---
inline constexpr std::size_t kStrangerLookupsAMinute =
    120;  ///< an address, lookups and the like before login; then limit_reached with retry_after
inline constexpr std::size_t kOpenEnrolmentsAnHour =
    10;  ///< an address, without an invitation; likewise
inline constexpr std::size_t kOpenEnrolmentsAnHourTotal = 200;  ///< all addresses; likewise
inline constexpr std::size_t kAddressesMax =
    65'536;  ///< known at a time; further ones share one allowance

// --- The operator ---
inline constexpr std::size_t kUsersAPage = 500;  ///< accounts in one answer of `user ls`

// --- Invitations ---
inline constexpr Milliseconds kInvitationLifetime = std::chrono::days{7};
inline constexpr Milliseconds kInvitationLifetimeMax =
    std::chrono::days{366};  ///< invite refuses longer
inline constexpr std::uint32_t kInvitationUsesMax = 10'000;
inline constexpr std::size_t kInvitationTokenBytes = 16;

// --- The client ---
inline constexpr Milliseconds kReconnectDelayMin = 500ms;
inline constexpr Milliseconds kReconnectDelayMax = std::chrono::minutes{2};
inline constexpr Milliseconds kAnswerTimeout =
    20s;  ///< no answer to a request: reconnect, ask again
inline constexpr std::size_t kOutboxMax =
    100'000;  ///< messages; then send fails with limit_reached
inline constexpr std::size_t kHeldDeliveriesMax = 256;  ///< that wait for their sender's chain
inline constexpr Milliseconds kContactCheckAge =
    std::chrono::hours{1};  ///< an older lookup is refreshed before sending

// --- Address books (vCard) ---
inline constexpr std::size_t kVcardFileBytesMax =
    256 * 1024 * 1024;  ///< exports hold photos; a larger file is refused
inline constexpr std::size_t kVcardContactsMax = 50'000;  ///< more: the file is refused
inline constexpr std::size_t kVcardLineBytesMax =
    16 * 1024;  ///< unfolded; a longer line that we need is skipped
inline constexpr std::size_t kVcardAddressesMax = 64;    ///< of one kind a card; then skipped
inline constexpr std::size_t kVcardNumberBytesMax = 64;  ///< a longer number is skipped
inline constexpr std::size_t kVcardSkippedMax = 1'000;   ///< told with reasons; then only counted

}  // namespace martlet::limits
