#include "client/recovery.h"

#include "client/errors.h"
#include "client/self.h"

namespace martlet::client {

Recovery::Recovery(store::ServerAddress server, Handle handle, transparency::RecoverySeed seed,
                   const protocol::DevicePrivateKeys& keys, Random& random)
    : Stranger{std::move(server), random},
      handle_{std::move(handle)},
      seed_{std::move(seed)},
      keys_{keys} {}

void Recovery::on_ready(UnixMillis now) {
  lookup_request_ = ask(wire::Lookup{handle_.text()}, now);
}

void Recovery::on_answer(const wire::Frame& frame, UnixMillis now) {
  const auto* refusal = std::get_if<wire::Refusal>(&frame.body);
  if (frame.request == lookup_request_) {
    lookup_request_ = 0;
    if (const auto* account = std::get_if<wire::Account>(&frame.body)) {
      return on_account(*account, now);
    }
    const bool is_unknown =
        refusal != nullptr && refusal->code == wire::RefusalCode::unknown_handle;
    return stop(is_unknown ? errors::kUnknownHandle : errors::kRefused);
  }
  if (frame.request != append_request_) return;
  append_request_ = 0;
  if (std::holds_alternative<wire::Appended>(frame.body)) {
    done(account_, std::move(links_));
  } else if (refusal != nullptr && refusal->code == wire::RefusalCode::chain_moved &&
             ++moves_ <= kRecoveryMovesMax) {
    on_ready(now);
  } else {
    stop(errors::kRecoveryRefused);
  }
}

void Recovery::on_account(const wire::Account& account, UnixMillis now) {
  auto chain = transparency::AccountChain::verify(account.links, account.account, std::nullopt);
  if (account.first_seqno != 0 || !chain.ok()) return stop(errors::kAccountDoesNotVerify);
  const auto key = transparency::recovery_key_of(seed_);
  if (chain.value().recovery() != key) return stop(errors::kOtherWords);
  const auto us = transparency::device_id_of(keys_.signing.verifying_key());
  if (chain.value().find(us) != nullptr) return done(account.account, account.links);
  const transparency::LinkSigner recovery{seed_};
  const transparency::LinkSigner device{keys_.signing};
  auto link = transparency::create_link(
      transparency::next_place(chain.value()),
      transparency::AddBody{transparency::device_key_of(
          keys_.signing, {transparency::Role::admin, suite_keys_of(keys_), {}})},
      now, recovery, &device);
  account_ = account.account;
  links_ = account.links;
  links_.push_back(link);
  const auto known = chain.value().head();
  // As the server will judge it; too many devices is the one thing that a person can mend.
  if (!chain.value().append(link).ok()) return stop(errors::kNoRoomForDevice);
  append_request_ = ask(wire::AppendLink{account_, known, std::move(link)}, now);
}

void Recovery::done(AccountId account, std::vector<Bytes> links) {
  result_ = Recovered{account, std::move(links)};
  finish();
}

void Recovery::on_lost(UnixMillis /*now*/) {
  lookup_request_ = 0;
  append_request_ = 0;
}

}  // namespace martlet::client
