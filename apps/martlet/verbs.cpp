#include "apps/martlet/verbs.h"

#include <algorithm>

#include "client/errors.h"

namespace martlet::cli {
namespace {

using client::Answer;
using client::ApiError;
using client::ErrorCode;
using store::FailureReason;
using store::MessageState;

constexpr const char* kConsumer = "cli";
constexpr Milliseconds kSettleTimeout{2'000};
constexpr Milliseconds kSyncTimeout{5'000};  ///< without a frame from the server
constexpr Milliseconds kForever = std::chrono::years{10};

ApiError describe(FailureReason reason) {
  switch (reason) {
    case FailureReason::unknown_handle:
      return client::errors::kUnknownHandle;
    case FailureReason::too_large:
      return {ErrorCode::too_large, "the message is too large for the server", "send less at once"};
    case FailureReason::expired:
      return {ErrorCode::refused, "the message waited unread for too long and was deleted",
              "send it again"};
    case FailureReason::identity:
      return {ErrorCode::identity,
              "what the server says about the recipient's devices does not verify",
              "nothing was sent; ask the recipient and the operator what happened"};
    case FailureReason::suspended:
      return client::errors::kPeerSuspended;
    case FailureReason::none:
    case FailureReason::refused:
      break;
  }
  return {ErrorCode::refused, "the server refused the message", "it was not sent"};
}

}  // namespace

bool has_come(const client::Progress& progress, MessageState wanted) {
  const auto is_on_the_way = [](MessageState s) {
    return s == MessageState::sent || s == MessageState::delivered || s == MessageState::read;
  };
  return progress.accepted && is_on_the_way(progress.state) && progress.state >= wanted;
}

Service::Service(store::Vault& vault, Random& random, const Clock& clock, Options options)
    : vault_{vault}, random_{random}, clock_{clock}, options_{std::move(options)} {}

Service::~Service() = default;

Answer<client::WhoamiAnswer> Service::enroll(const client::EnrollRequest& request) {
  TRY(client::parse_invitation_url(request.url));
  TRY(client::Engine::prepare_enrollment(vault_, request, protocol::DevicePrivateKeys::generate(),
                                         random_, clock_.now()));
  engine_ = TRY(client::Engine::open(vault_, random_));
  runner_ = std::make_unique<Runner>(*engine_, reactor_, clock_);
  const auto done = [this] {
    tell_if_unreachable();
    return engine_->enrolled();
  };
  if (!runner_->run_until(done, kWaitDefault)) {
    if (const auto problem = runner_->problem()) return *problem;
    if (const auto problem = runner_->unreachable()) return *problem;
    return ApiError{ErrorCode::network, "the server did not answer in time",
                    "give the same command again: it goes on where it stopped"};
  }
  settle();
  return engine_->whoami();
}

Answer<client::WhoamiAnswer> Service::whoami() {
  TRY(open());
  return engine_->whoami();
}

Answer<SendAnswer> Service::send(const SendRequest& request) {
  TRY(open());
  SendAnswer answer{TRY(engine_->send(request.message, clock_.now())).id, {}, std::nullopt};
  answer.progress = TRY(engine_->progress(answer.id));
  if (options_.offline) return answer;
  std::optional<ApiError> broken;  // the vault, while waiting
  const auto done = [&] {
    tell_if_unreachable();
    auto progress = engine_->progress(answer.id);
    if (!progress.ok()) {
      broken = progress.error();
      return true;
    }
    answer.progress = std::move(progress).take();
    return answer.progress.state == MessageState::failed ||
           has_come(answer.progress, request.wait_for);
  };
  runner_->run_until(done, request.timeout);
  answer.problem = broken ? broken : why_not(answer.progress, request.wait_for);
  settle();
  return answer;
}

std::optional<ApiError> Service::why_not(const client::Progress& progress,
                                         MessageState wanted) const {
  if (progress.state == MessageState::failed) return describe(progress.reason);
  if (has_come(progress, wanted)) return std::nullopt;
  if (auto problem = runner_->problem()) return problem;
  if (has_come(progress, MessageState::sent)) {
    return ApiError{ErrorCode::timed_out, "the other side has not confirmed it yet",
                    "the message is on its way: watch tells when it arrives"};
  }
  if (!runner_->was_online()) {
    if (const auto reason = runner_->unreachable()) {
      return ApiError{reason->code, reason->message,
                      "the message is still queued: the next send or watch takes it along"};
    }
  }
  return ApiError{ErrorCode::timed_out, "the server has not accepted it yet: still queued",
                  "the next send or watch takes it along"};
}

Answer<Rows<store::ChatRecord>> Service::chats() {
  TRY(open());
  const auto stale = sync();
  return Rows<store::ChatRecord>{TRY(engine_->chats()), stale};
}

Answer<Rows<store::MessageRecord>> Service::history(const client::HistoryRequest& request) {
  TRY(open());
  // Who asks for older ones has the newest already.
  const auto stale = request.before == 0 ? sync() : std::nullopt;
  return Rows<store::MessageRecord>{TRY(engine_->history(request)), stale};
}

Answer<ReadAnswer> Service::read(const std::string& chat) {
  TRY(open());
  const auto messages = TRY(engine_->read(chat, clock_.now()));
  return ReadAnswer{messages, sync()};
}

Answer<store::ContactRecord> Service::contact_add(const client::ContactAddRequest& request) {
  TRY(open());
  return engine_->contact_add(request, clock_.now());
}

Answer<client::ContactImport> Service::contact_import(std::string_view file) {
  TRY(open());
  return engine_->contact_import(file, clock_.now());
}

Answer<std::vector<store::ContactRecord>> Service::candidates(const std::string& name) {
  TRY(open());
  return engine_->candidates(name);
}

const std::string* People::name_of(const AccountId& peer, const std::string& handle) const {
  const auto contact = std::ranges::find(contacts, handle, &store::ContactRecord::handle);
  if (contact != contacts.end()) return &contact->name;
  const auto known = names.find(peer);
  return known != names.end() ? &known->second : nullptr;
}

Answer<std::vector<store::ContactRecord>> Service::contacts() {
  TRY(open());
  return engine_->contacts();
}

Answer<HandleAnswer> Service::handles(const client::HandleAsk& ask) {
  TRY(open());
  HandleAnswer answer{ask, {}, std::nullopt};
  const bool lists = ask.what == client::HandleAsk::What::list;
  if (options_.offline) {
    if (!lists) {
      return ApiError{ErrorCode::network, "handles are proven by the server",
                      "leave --offline away"};
    }
    answer.progress.rows = engine_->whoami().handles;
    return answer;
  }
  const auto ticket = TRY(engine_->ask_handles(ask, clock_.now()));
  const auto done = [&] {
    tell_if_unreachable();
    const auto progress = engine_->handle_progress(ticket);
    if (progress.ok()) answer.progress = progress.value();
    return answer.progress.state != client::HandleProgress::State::waiting;
  };
  const bool is_answered = runner_->run_until(done, lists ? kSyncTimeout : kWaitDefault);
  settle();
  if (answer.progress.error) return *answer.progress.error;
  if (is_answered) return answer;
  auto problem = runner_->problem();
  if (!problem) problem = runner_->unreachable();
  if (!problem) {
    problem = ApiError{ErrorCode::network, "the server did not answer in time", "try again later"};
  }
  if (!lists) return *problem;
  answer.progress.rows = engine_->whoami().handles;
  answer.stale = problem;
  return answer;
}

Answer<People> Service::people() {
  TRY(open());
  auto contacts = TRY(engine_->contacts());
  auto names = TRY(engine_->names_of_peers());
  return People{engine_->whoami().handle, std::move(contacts), std::move(names)};
}

Answer<DoctorAnswer> Service::doctor() {
  TRY(open());
  DoctorAnswer answer;
  answer.server = engine_->whoami().server;
  answer.problem = sync();
  if (!options_.offline) answer.server_reachable = runner_->was_online();
  answer.health = TRY(engine_->health());
  return answer;
}

/// The events of one watch, and how far they were handed over.
class Service::Stream {
 public:
  Stream(Service& service, const EventTaker& take, store::Cursor from, store::Cursor kept)
      : service_{service}, take_{take}, at_{from}, kept_{kept} {}

  /// Hands over all that is there. Keeps the place after 1, 2, 4, ... events: each time is a disk
  /// sync, but of a reader that leaves early (`| head -1`) we learn only by asking again.
  Answer<void> advance() {
    for (std::size_t batch = 1; going(); batch = std::min<std::size_t>(batch * 2, kBatchMax)) {
      const auto events = TRY(service_.engine_->events(at_, batch));
      for (const auto& event : events) {
        if (service_.interrupted_ || !take_(event)) {
          ended_ = true;
          break;
        }
        at_ = event.event.cursor;
        printed_ = at_;
      }
      TRY(keep());
      if (events.size() < batch) break;
    }
    return {};
  }
  bool going() const { return !ended_ && !service_.interrupted_; }

 private:
  static constexpr std::size_t kBatchMax = 64;

  Answer<void> keep() {
    if (printed_ <= kept_) return {};
    TRY(service_.engine_->set_consumed(kConsumer, printed_));
    kept_ = printed_;
    return {};
  }

  Service& service_;
  const EventTaker& take_;
  store::Cursor at_;           ///< where reading goes on; at first what --since said
  store::Cursor printed_ = 0;  ///< the last one that was taken
  store::Cursor kept_;
  bool ended_ = false;
};

Answer<void> Service::watch(const WatchRequest& request, const EventTaker& take) {
  TRY(open());
  const auto kept = TRY(engine_->consumed(kConsumer));
  Stream stream{*this, take, request.since.value_or(kept), kept};
  TRY(stream.advance());
  if (options_.offline || !stream.going()) return {};

  const bool only_what_is_there = request.duration == Milliseconds{0};
  Answer<void> outcome;
  const auto done = [&] {
    if (outcome.ok()) outcome = stream.advance();
    if (!outcome.ok() || !stream.going()) return true;
    if (only_what_is_there) return synced() || runner_->failed_once();
    tell_if_unreachable();
    return false;
  };
  if (only_what_is_there) {
    runner_->run_while_moving(done, kSyncTimeout);
  } else {
    runner_->run_until(done, request.duration.value_or(kForever));
  }
  runner_->leave();
  TRY(outcome);
  if (!stream.going()) return {};
  TRY(stream.advance());
  if (const auto problem = runner_->problem()) return *problem;
  if (!runner_->was_online()) {
    if (const auto reason = runner_->unreachable()) return *reason;
  }
  return {};
}

void Service::interrupt() {
  interrupted_ = true;
  reactor_.post([] {});
}

Answer<void> Service::open() {
  if (engine_ != nullptr) return {};
  auto engine = TRY(client::Engine::open(vault_, random_));
  if (!engine->enrolled()) return client::errors::kEnrollmentPending;
  if (!options_.region.empty()) TRY(engine->set_region(options_.region));
  engine_ = std::move(engine);
  runner_ = std::make_unique<Runner>(*engine_, reactor_, clock_);
  return {};
}

/// Takes in what waits at the server and sends what waits here. Gives back why not, if so.
std::optional<ApiError> Service::sync() {
  if (options_.offline) return std::nullopt;
  runner_->run_while_moving([this] { return synced() || runner_->failed_once(); }, kSyncTimeout);
  const bool complete = synced();
  auto problem = runner_->problem();
  if (!problem && !complete) problem = runner_->unreachable();
  if (!problem && !complete) {
    problem = ApiError{ErrorCode::network, "the server did not answer in time", "try again later"};
  }
  runner_->leave();
  return problem;
}

bool Service::synced() const {
  return engine_->link() == client::Link::online && engine_->settled();
}

/// Before a one-shot verb leaves: what is under way may end.
void Service::settle() {
  if (engine_->link() == client::Link::online) {
    runner_->run_until([this] { return engine_->settled(); }, kSettleTimeout);
  }
  runner_->leave();
}

void Service::tell_if_unreachable() {
  if (told_ || !runner_->failed_once()) return;
  const auto reason = runner_->unreachable();
  if (!reason || runner_->problem()) return;
  told_ = true;
  options_.tell(*reason);
}

}  // namespace martlet::cli
