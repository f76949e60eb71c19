#include "apps/martlet/verbs.h"
#include "client/errors.h"
#include "client/recovery.h"
#include "client/self.h"

namespace martlet::cli {
namespace {

using client::Answer;
using client::ApiError;
using client::ErrorCode;
using client::LinkFault;

constexpr Milliseconds kPatience = std::chrono::minutes{15};  ///< the conversation ends by itself
constexpr Milliseconds kAppendTimeout = std::chrono::seconds{30};

constexpr ApiError kSaidNo{ErrorCode::refused, "the device stays outside, as you said",
                           "nothing was changed"};

/// Why no device was linked, for the person on either side.
ApiError describe(const client::LinkStopped& stopped) {
  if (stopped.may_be_in) {
    return {ErrorCode::timed_out, "the account may have let this device in, but nobody said so",
            "look on another device: martlet device ls; what you do not want there, revoke"};
  }
  switch (stopped.fault) {
    case LinkFault::refused:
      if (!stopped.by_peer) return kSaidNo;
      return {ErrorCode::refused, "the person at the other device said no",
              "nothing was changed; begin again if that was a mistake"};
    case LinkFault::cancelled:
      return {ErrorCode::refused, "the other side gave up", "begin again: martlet device link"};
    case LinkFault::gave_up:
      return {ErrorCode::timed_out, "it took longer than ten minutes",
              "begin again: martlet device link"};
    case LinkFault::codes_differ:
      return {ErrorCode::identity, "the digits on the two screens were not the same",
              "somebody may sit in between, or it was another device: begin again"};
    case LinkFault::not_admin:
      return client::errors::kMayNotApprove;
    case LinkFault::server_refused:
    case LinkFault::acceptance:
      return {ErrorCode::refused, "the account does not take the device",
              "it may have sixteen already: martlet device ls"};
    case LinkFault::commitment:
    case LinkFault::confirmation:
    case LinkFault::tag:
    case LinkFault::replay:
    case LinkFault::gap:
    case LinkFault::key_part:
    case LinkFault::chain:
    case LinkFault::wrong_link:
      return {ErrorCode::identity, "what came from the other side does not verify",
              "nothing was changed; begin again, and if it stays so ask the operator"};
    case LinkFault::unknown:
    case LinkFault::malformed:
    case LinkFault::out_of_turn:
    case LinkFault::weak_key:
    case LinkFault::moved_too_often:
      break;
  }
  return {ErrorCode::refused, "linking failed: the other side did not keep to the protocol",
          "update both devices, then begin again"};
}

constexpr ApiError kStopped{ErrorCode::refused, "stopped: no device was linked",
                            "begin again: martlet device link"};

}  // namespace

Answer<void> Service::refuse_if_enrolled() {
  auto profile = TRY(client::from_vault(vault_.profile()));
  if (!profile) return {};
  client::wipe_secrets(*profile);
  if (profile->enrolled) return client::errors::kAlreadyEnrolled;
  return {};
}

/// The account is ours from here on; the first login fetches what waits.
Answer<client::WhoamiAnswer> Service::adopt(const client::AdoptRequest& request,
                                            protocol::DevicePrivateKeys keys) {
  TRY(client::Engine::adopt(vault_, request, std::move(keys), clock_.now()));
  TRY(open());
  if (const auto stale = sync()) options_.tell(*stale);
  return engine_->whoami();
}

Answer<client::WhoamiAnswer> Service::link(const LinkRequest& request, Dialogue& dialogue) {
  const auto server = TRY(client::parse_server_address(request.server));
  TRY(refuse_if_enrolled());
  auto keys = protocol::DevicePrivateKeys::generate();
  std::optional<client::Linked> linked;
  std::optional<ApiError> problem;
  {
    client::DeviceLink link{server,  keys,        request.device_name, client::kPlatform,
                            random_, clock_.now()};
    Runner runner{link, reactor_, clock_};
    const auto take = [&](client::DeviceLinkEvent& event) {
      if (const auto* shown = std::get_if<client::LinkShown>(&event)) {
        dialogue.show(*shown);
      } else if (const auto* code = std::get_if<client::CompareCode>(&event)) {
        dialogue.compare(code->digits, [&](bool same) {
          reactor_.post([&link, &runner, this, same] {
            link.confirm_code(same, clock_.now());
            runner.poke();
          });
        });
      } else if (auto* done = std::get_if<client::Linked>(&event)) {
        linked.emplace(std::move(*done));
      } else {
        problem = describe(std::get<client::LinkStopped>(event));
      }
    };
    const auto began = clock_.now();
    const auto done = [&] {
      if (interrupted_ && !link.is_over()) {
        link.cancel(clock_.now());
        problem = kStopped;
        return true;
      }
      while (auto event = link.take_event()) take(*event);
      const bool never_reached = !runner.was_online() && clock_.now() - began > kWaitDefault;
      return link.is_over() || never_reached;
    };
    runner.run_until(done, kPatience);
    if (!linked && !problem) problem = runner.problem();
    if (!linked && !problem) problem = runner.unreachable();
    runner.poke();
    runner.leave();
  }
  if (!linked) return problem.value_or(kStopped);
  if (linked->handles.empty()) return client::errors::kRefused;
  return adopt({server, linked->handles.front(), linked->display_name, request.device_name,
                std::move(linked->links)},
               std::move(keys));
}

Answer<ApproveAnswer> Service::approve(const ApproveRequest& request, Dialogue& dialogue) {
  TRY(open());
  TRY(engine_->approve(request.code, clock_.now()));
  ApproveAnswer answer{{}, {}, request.role};
  std::optional<ApiError> problem;
  std::string digits;
  bool over = false;
  const auto decide = [&](bool yes) {
    engine_->decide_approval(yes ? std::optional{request.role} : std::nullopt, clock_.now());
    runner_->poke();
  };
  const auto take = [&](client::ApprovalEvent& event) {
    if (const auto* code = std::get_if<client::CompareCode>(&event)) {
      digits = code->digits;
    } else if (const auto* device = std::get_if<client::ConfirmDevice>(&event)) {
      answer.device = device->device;
      answer.name = device->name;
      const auto reply = [&](bool yes) { reactor_.post([&, yes] { decide(yes); }); };
      if (request.yes && digits.empty()) return reply(true);
      dialogue.admit(*device, digits, reply);
    } else {
      over = true;
      if (const auto* stopped = std::get_if<client::LinkStopped>(&event)) {
        problem = describe(*stopped);
      } else if (const auto* failed = std::get_if<client::ApprovalFailed>(&event)) {
        problem = failed->error;
      }
    }
  };
  const auto began = clock_.now();
  const auto done = [&] {
    if (interrupted_ && !over) {
      engine_->cancel_approval(clock_.now());
      problem = kStopped;
      return true;
    }
    while (auto event = engine_->approval_event()) take(*event);
    return over || (!runner_->was_online() && clock_.now() - began > kWaitDefault);
  };
  runner_->run_until(done, kPatience);
  if (!over && !problem) problem = runner_->problem();
  if (!over && !problem) problem = runner_->unreachable();
  if (!over && !problem) problem = kStopped;
  runner_->poke();
  settle();
  if (problem) return *problem;
  return answer;
}

Answer<Rows<client::DeviceInfo>> Service::devices() {
  TRY(open());
  const auto stale = sync();
  auto devices = TRY(engine_->devices());
  return Rows<client::DeviceInfo>{std::move(devices), stale};
}

/// The one device whose id begins so.
Answer<client::DeviceInfo> Service::device_named(const std::string& beginning) {
  std::optional<client::DeviceInfo> found;
  for (auto& device : TRY(engine_->devices())) {
    if (beginning.empty() || !to_base64url(device.device.view()).starts_with(beginning)) continue;
    if (found) return client::errors::kAmbiguousDevice;
    found = std::move(device);
  }
  if (!found) return client::errors::kUnknownAccountDevice;
  return *std::move(found);
}

Answer<Rows<client::DeviceInfo>> Service::rename(const RenameRequest& request) {
  TRY(open());
  const auto device = TRY(device_named(request.device));
  TRY(engine_->rename(device.device, request.name, clock_.now()));
  const auto stale = sync();
  auto renamed = TRY(device_named(request.device));
  return Rows<client::DeviceInfo>{{std::move(renamed)}, stale};
}

Answer<RevokeAnswer> Service::revoke(const RevokeRequest& request) {
  TRY(open());
  if (const auto stale = sync()) return *stale;  // on an old chain it would be refused
  const auto target = TRY(device_named(request.device));
  const auto ticket = TRY(engine_->revoke(target.device, request.reason, clock_.now()));
  auto state = client::AppendState::waiting;
  const auto done = [&] {
    const auto progress = engine_->append_progress(ticket);
    if (progress.ok()) state = progress.value().state;
    return state != client::AppendState::waiting;
  };
  runner_->run_until(done, kAppendTimeout);
  settle();
  const RevokeAnswer answer{target.device, target.own};
  switch (state) {
    case client::AppendState::accepted:
      return answer;
    case client::AppendState::moved:
      return ApiError{ErrorCode::refused, "another device changed the account at the same moment",
                      "look at martlet device ls, then try again"};
    case client::AppendState::refused:
      return ApiError{ErrorCode::refused, "the server did not take the change",
                      "look at martlet device ls, then try again"};
    case client::AppendState::waiting:
      break;
  }
  if (const auto problem = runner_->problem()) return *problem;
  return ApiError{ErrorCode::network, "the server did not answer in time",
                  "it may be done nevertheless: look at martlet device ls"};
}

Answer<client::WhoamiAnswer> Service::recover(const RecoverRequest& request,
                                              const transparency::RecoveryEntropy& words) {
  const auto server = TRY(client::parse_server_address(request.server));
  auto handle = Handle::parse(request.handle);
  if (!handle.ok()) return client::errors::kBadHandle;
  TRY(refuse_if_enrolled());
  auto keys = protocol::DevicePrivateKeys::generate();
  std::optional<client::Recovered> recovered;
  {
    client::Recovery recovery{server, handle.value(), transparency::recovery_seed_of(words), keys,
                              random_};
    Runner runner{recovery, reactor_, clock_};
    runner.run_until([&] { return recovery.result() || interrupted_; }, kWaitDefault);
    runner.leave();
    if (!recovery.result()) {
      if (const auto problem = runner.problem()) return *problem;
      if (const auto problem = runner.unreachable()) return *problem;
      return ApiError{ErrorCode::network, "the server did not answer in time",
                      "try again; if it worked nevertheless, device ls shows a device too many"};
    }
    recovered = recovery.result();
  }
  return adopt({server, handle.value().text(), request.name, request.device_name,
                std::move(recovered->links)},
               std::move(keys));
}

Answer<transparency::RecoveryText> Service::recovery_words() {
  TRY(open());
  return engine_->recovery_words();
}

Answer<void> Service::forget_recovery_words() {
  TRY(open());
  return engine_->forget_recovery_words();
}

}  // namespace martlet::cli
