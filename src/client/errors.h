#pragma once

#include <type_traits>

#include "client/api.h"

/// What the engine tells people when something does not work: what is wrong, and what to do.
namespace martlet::client::errors {

inline constexpr ApiError kNotEnrolled{
    ErrorCode::not_enrolled, "this profile belongs to no account yet",
    "get an invitation from a server's operator, then: martlet enroll URL"};
inline constexpr ApiError kEnrollmentPending{
    ErrorCode::not_enrolled, "the server has not confirmed the enrolment yet",
    "run the enroll command again while the server can be reached"};
inline constexpr ApiError kAlreadyEnrolled{
    ErrorCode::already_enrolled, "this profile is enrolled already",
    "use another profile for another account: martlet --profile NAME enroll URL"};
inline constexpr ApiError kUnknownDevice{
    ErrorCode::not_enrolled, "the server does not know this device, or has removed it",
    "ask the operator; then enrol in a new profile with a new invitation"};
inline constexpr ApiError kDeviceRevoked{
    ErrorCode::device_revoked, "this device was removed from its account",
    "what is on it stays readable; to use it again, link it anew in a new profile"};
inline constexpr ApiError kAccountSuspended{
    ErrorCode::account_suspended, "the server's operator has suspended this account",
    "ask the operator; nothing is lost, and what waits to be sent stays here"};
inline constexpr ApiError kAccountErased{
    ErrorCode::account_erased, "the server's operator has erased this account",
    "what is on this device stays readable; to write again, enrol in a new profile"};
inline constexpr ApiError kPeerSuspended{
    ErrorCode::peer_suspended, "the server's operator has suspended that account",
    "nothing can be sent to it for now; reach them in another way"};
inline constexpr ApiError kNotInChain{ErrorCode::refused,
                                      "this device is not in the account's chain",
                                      "approve it again on a device of the account"};
inline constexpr ApiError kBadLink{ErrorCode::refused, "the link does not belong to this account",
                                   "make it again"};
inline constexpr ApiError kTooManyLinks{ErrorCode::rate_limited,
                                        "too many links wait to be appended",
                                        "wait until the server can be reached"};
inline constexpr ApiError kUnknownTicket{ErrorCode::bug, "no such request", "please report it"};
inline constexpr ApiError kUnknownAccountDevice{
    ErrorCode::unknown_device, "the account has no such device", "see: martlet device ls"};
inline constexpr ApiError kAmbiguousDevice{
    ErrorCode::usage, "several devices have an id that begins so", "write more of it"};
inline constexpr ApiError kNoRecoveryWords{
    ErrorCode::unknown_words, "the recovery words are not on this device",
    "they are on the device that made the account, until it forgets them, and on your paper"};
inline constexpr ApiError kNotAdmin{ErrorCode::refused, "this device may not remove others",
                                    "use a device of the account that is an admin"};
inline constexpr ApiError kMayNotApprove{ErrorCode::refused, "this device may not let others in",
                                         "approve on a device of the account that is an admin"};
inline constexpr ApiError kApprovalUnderWay{ErrorCode::refused, "another device is being approved",
                                            "finish or stop that first"};
inline constexpr ApiError kBadLinkCode{
    ErrorCode::usage, "this is neither the code of a new device nor its eight digits",
    "on the new device: martlet device link SERVER; then give here what it shows"};
inline constexpr ApiError kNobodyThere{
    ErrorCode::unknown_device, "no new device waits with this code",
    "it may have given up, or wait at another server: run `martlet device link` there again"};
inline constexpr ApiError kTooManyNumbers{
    ErrorCode::rate_limited, "too many wrong numbers: the server pauses for an hour",
    "scan or paste the code that the new device shows; that works at once"};
inline constexpr ApiError kAccountDoesNotVerify{
    ErrorCode::identity, "what the server says about the account's devices does not verify",
    "do not go on; ask the operator what happened"};
inline constexpr ApiError kOtherWords{
    ErrorCode::refused, "these are not the recovery words of the account with this handle",
    "check the handle, and that the words belong to this account and are the newest"};
inline constexpr ApiError kNoRoomForDevice{
    ErrorCode::refused, "the account has as many devices as it may have, or was given up",
    "remove one first: martlet device revoke ID"};
inline constexpr ApiError kRecoveryRefused{ErrorCode::refused,
                                           "the server did not let the device in",
                                           "try again; if that does not help, ask the operator"};
inline constexpr ApiError kOtherAccount{
    ErrorCode::identity, "the server says that this device belongs to another account",
    "do not go on; compare public codes with somebody who knows you and ask the operator"};
inline constexpr ApiError kOutdated{ErrorCode::outdated,
                                    "the server does not speak this version of the protocol",
                                    "update martlet, or ask the operator to update the server"};
inline constexpr ApiError kRefused{ErrorCode::refused, "the server refused the request for good",
                                   "update martlet; if that does not help, ask the operator"};

inline constexpr ApiError kInvitationUrl{
    ErrorCode::usage, "this is not an invitation",
    "paste the whole URL that the operator gave you: https://HOST:PORT/i/TOKEN#FINGERPRINT, or "
    "https://HOST:PORT#FINGERPRINT of a server that anybody may join"};
inline constexpr ApiError kServerAddress{
    ErrorCode::usage, "this is not a server's address",
    "write HOST:PORT#FINGERPRINT as `martlet whoami` prints it on a device that you have"};
inline constexpr ApiError kInvitationUnknown{
    ErrorCode::invitation_unknown, "the server does not know this invitation",
    "check that the URL is complete, or ask for a new one"};
inline constexpr ApiError kInvitationUsed{ErrorCode::invitation_used,
                                          "this invitation has been used already",
                                          "ask the operator for a new one: martletd invite"};
inline constexpr ApiError kInvitationExpired{ErrorCode::invitation_expired,
                                             "this invitation is too old",
                                             "ask the operator for a new one: martletd invite"};
inline constexpr ApiError kInvitationNeeded{ErrorCode::invitation_needed,
                                            "this server lets nobody in without an invitation",
                                            "ask its operator for one, then: martlet enroll URL"};
inline constexpr ApiError kHandleTaken{ErrorCode::handle_taken,
                                       "somebody else has this handle already",
                                       "choose another: martlet enroll URL --handle OTHER"};
inline constexpr ApiError kHandleRefused{
    ErrorCode::handle_refused, "the invitation does not cover this handle",
    "leave --handle away to get the invitation's, or ask for one that covers it"};
inline constexpr ApiError kHandleNeeded{
    ErrorCode::usage, "without an invitation you choose a handle yourself",
    "martlet enroll URL --handle NAME@DOMAIN, with the server's own domain"};
inline constexpr ApiError kNoSuchLocalName{ErrorCode::handle_refused,
                                           "this server does not give out that handle",
                                           "choose a name at its own domain, such as "
                                           "alice@chat.example.org, and none that sounds official"};
inline constexpr ApiError kTooManyEnrolments{
    ErrorCode::rate_limited, "too many have joined this server lately, perhaps from your address",
    "give the same command again in an hour, or ask the operator for an invitation"};
inline constexpr ApiError kBadHandle{ErrorCode::usage, "this is not a handle",
                                     "write it like alice@example.org or +15551234567"};

inline constexpr ApiError kNoRegion{
    ErrorCode::region_needed, "a phone number without its country",
    "write it like +15551234567, or say where it belongs: --region DE (or MARTLET_REGION)"};
inline constexpr ApiError kBadRegion{ErrorCode::usage, "--region: no such country",
                                     "two capital letters, such as DE, GB or US"};

inline constexpr ApiError kHandleLocal{ErrorCode::handle_local,
                                       "names of this server are given by invitation only",
                                       "ask the operator: martletd invite --handle NAME"};
inline constexpr ApiError kHandleUnsupported{
    ErrorCode::handle_unsupported, "this server cannot prove such a handle",
    "ask the operator whether the server is set up for mail or SMS"};
inline constexpr ApiError kHandleLast{ErrorCode::handle_last, "this is your last handle",
                                      "add another one first: martlet handle add HANDLE"};
inline constexpr ApiError kHandlesFull{ErrorCode::handles_full, "an account has at most 16 handles",
                                       "remove one first: martlet handle rm HANDLE"};
inline constexpr ApiError kCodeWrong{ErrorCode::code_wrong, "this is not the code",
                                     "type it again; after five wrong codes a new one is needed"};
inline constexpr ApiError kProofOver{
    ErrorCode::proof_over, "nothing waits for this code: it is too old, or there was none",
    "get a new one: martlet handle add HANDLE"};
inline constexpr ApiError kNotOwnHandle{ErrorCode::unknown_handle, "you have no such handle",
                                        "see: martlet handle ls"};
inline constexpr ApiError kHandlesTooOften{
    ErrorCode::rate_limited, "handles were added too often lately", "try again in an hour"};
inline constexpr ApiError kHandlesTooOftenToday{
    ErrorCode::rate_limited, "this handle was asked for too often today", "try again tomorrow"};

inline constexpr ApiError kUnknownHandle{
    ErrorCode::unknown_handle, "nobody on this server has that handle",
    "check the spelling, or send them an invitation: martletd invite"};
inline constexpr ApiError kUnknownName{
    ErrorCode::unknown_name, "no contact has that name",
    "write the handle, such as alice@example.org, or see: martlet contact ls"};
inline constexpr ApiError kAmbiguousName{ErrorCode::ambiguous_name,
                                         "that name may mean several handles",
                                         "write the handle instead; martlet contact ls shows them"};
inline constexpr ApiError kNoAddressBook{ErrorCode::usage, "this file is no address book",
                                         "export the contacts as vCard (.vcf)"};
inline constexpr ApiError kAddressBookTooLarge{ErrorCode::too_large,
                                               "the address book is too large",
                                               "at most 50,000 cards and 256 MiB; split it"};
inline constexpr ApiError kUnknownChat{ErrorCode::unknown_chat, "there is no such conversation",
                                       "martlet chats shows those that there are"};
inline constexpr ApiError kUnknownMessage{
    ErrorCode::unknown_message, "no message of yours has that id", "use the id that send printed"};
inline constexpr ApiError kUnknownReply{
    ErrorCode::unknown_message, "the message to reply to is not here",
    "martlet history --ids CHAT shows the ids of a conversation"};
inline constexpr ApiError kOwnHandle{ErrorCode::usage, "that is you",
                                     "notes to oneself are not possible yet; write to others"};

inline constexpr ApiError kEmptyText{ErrorCode::usage, "there is no text to send",
                                     "give a text, or - to read it from standard input"};
inline constexpr ApiError kNotUtf8{ErrorCode::usage, "the text is not valid UTF-8",
                                   "convert it first, for instance with iconv -t UTF-8"};
inline constexpr ApiError kTextTooLong{ErrorCode::too_large, "a text may have at most 60,000 bytes",
                                       "send it in parts"};
inline constexpr ApiError kBadName{ErrorCode::usage, "this name cannot be used",
                                   "1 to 200 bytes of UTF-8 on one line, without an @"};
inline constexpr ApiError kBadProfileName{ErrorCode::usage, "this name cannot be used",
                                          "at most 200 bytes of UTF-8 on one line"};
inline constexpr ApiError kOutboxFull{ErrorCode::rate_limited, "too many messages wait to be sent",
                                      "wait until the server can be reached and they have left"};

inline constexpr ApiError kDisk{ErrorCode::disk, "the profile's disk did not take the change",
                                "free some space and try again; nothing was changed"};
inline constexpr ApiError kDamaged{
    ErrorCode::profile_damaged, "the profile's file is damaged",
    "keep a copy of the folder, then restore a backup or enrol in a new profile"};
inline constexpr ApiError kInUse{ErrorCode::profile_in_use, "another program is using this profile",
                                 "stop it, or use another profile: martlet --profile NAME"};
inline constexpr ApiError kBug{ErrorCode::bug, "something went wrong inside martlet",
                               "please report it, with the command that you typed"};

/// What a failure of the vault means to the user.
ApiError of_vault(const Error& error);

}  // namespace martlet::client::errors

namespace martlet::client {

/// `auto x = TRY(from_vault(vault.f()));` in a function that gives an Answer.
template <class T>
Answer<T> from_vault(Result<T> result) {
  if (!result.ok()) return errors::of_vault(result.error());
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return std::move(result).take();
  }
}

}  // namespace martlet::client
