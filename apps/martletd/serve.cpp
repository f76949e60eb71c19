#include "apps/martletd/serve.h"

#include <sched.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include "apps/martletd/admin_socket.h"
#include "apps/martletd/gate.h"
#include "apps/martletd/log.h"
#include "apps/martletd/mailer.h"
#include "apps/martletd/metrics_desk.h"
#include "apps/martletd/operator_verbs.h"
#include "apps/martletd/pages.h"
#include "apps/martletd/sms_desk.h"
#include "apps/martletd/stores.h"
#include "crypto/system_random.h"
#include "net/listener.h"

namespace martlet::daemon {
namespace {

constexpr Milliseconds kFarewell{2'000};

/// Cores that we may use, which is fewer than there are in a container.
std::size_t cores() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::size_t>(std::max(CPU_COUNT(&set), 1));
}

/// A connection is a descriptor, and the usual limit is made for programs with few.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

sigset_t block_signals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a disk that refuses
  return stop;
}

server::OfficeOptions office_options(const Config& config) {
  server::OfficeOptions options;
  options.domain = config.domain();
  options.envelope_lifetime = config.envelope_lifetime;
  options.scrub_interval = config.scrub_interval;
  options.open_registration = config.open_registration;
  options.handles =
      server::HandleOptions{config.mail.is_set(), config.sms.sends(), config.sms.inbound_number};
  options.rates = config.send_rates;
  options.stopwatch = &steady_micros;
  return options;
}

/// Tells the operator, once a change, what the office found.
class HealthWatch {
 public:
  HealthWatch(Pages& pages, Log& log) : pages_{pages}, log_{log} {}

  void update(const server::OfficeHealth& health) {
    if (health.damaged.size() > damaged_) {
      damaged_ = health.damaged.size();
      log_.write(Log::Event::mailbox_damaged, {{"mailboxes", static_cast<std::int64_t>(damaged_)}});
    }
    if (health.stores_damaged && !std::exchange(stores_damaged_, true)) {
      log_.write(Log::Event::stores_damaged);
    }
    if (health.scrub_fails && !scrub_fails_) log_.write(Log::Event::scrub_fails);
    scrub_fails_ = health.scrub_fails;
    if (health.disk_refuses != disk_refuses_) {
      disk_refuses_ = health.disk_refuses;
      log_.write(disk_refuses_ ? Log::Event::disk_refuses : Log::Event::disk_works_again);
    }
    pages_.set_condition(health.is_damaged() ? Condition::damaged
                         : disk_refuses_     ? Condition::disk_refuses
                                             : Condition::ok);
  }

 private:
  Pages& pages_;
  Log& log_;
  std::size_t damaged_ = 0;
  bool disk_refuses_ = false;
  bool stores_damaged_ = false;
  bool scrub_fails_ = false;
};

/// Every part of a running server, and who depends on whom.
class Server {
 public:
  Server(Config config, Identity identity, Stores stores, SmsSecrets sms)
      : config_{std::move(config)},
        identity_{std::move(identity)},
        stores_{std::move(stores)},
        info_{config_.domain(), config_.envelope_lifetime, config_.open_registration},
        office_{*stores_.mailboxes, *stores_.directory, *stores_.proofs, random_,
                office_options(config_)},
        worker_{office_, clock_, worker_callbacks()},
        sms_{config_, std::move(sms), clock_, log_,
             [this](const server::ProofSent& sent) { post_result(sent); }} {
    const auto count = config_.reactors > 0 ? config_.reactors : cores();
    for (std::size_t i = 0; i < count; ++i) {
      reactors_.push_back(std::make_unique<net::Reactor>());
      gates_.push_back(std::make_unique<Gate>(static_cast<std::uint32_t>(i), *reactors_.back(),
                                              info_, random_, clock_, worker_, strangers_,
                                              members_));
    }
  }

  Outcome<std::uint16_t> listen() {
    net::ListenerConfig listener;
    listener.address = config_.listen.address;
    listener.port = config_.listen.port;
    listener.certificate_pem = identity_.certificate_pem;
    listener.key_pem = identity_.key_pem;
    listener.handshake_timeout = limits::kHandshakeTimeout;
    listener.idle_timeout = limits::kIdleTimeout;
    listener.write_stall_timeout = limits::kWriteStallTimeout;
    listener.connections_max = limits::kConnectionsMax;
    std::vector<net::Reactor*> reactors;
    for (const auto& reactor : reactors_) reactors.push_back(reactor.get());
    net::ListenerCallbacks callbacks;
    callbacks.on_frames = [this](std::size_t index) { return gates_.at(index)->make_handler(); };
    callbacks.on_http = [this](std::size_t index, const net::HttpRequest& request,
                               const net::HttpAnswer& answer) { on_http(index, request, answer); };
    auto opened = net::Listener::open(reactors, listener, std::move(callbacks));
    if (!opened.ok()) return cannot_listen(opened.error());
    listener_ = std::move(opened).take();
    return listener_->port();
  }

  Outcome<void> start(const DataFolder& folder) {
    const InvitationUrls urls{config_, listener_->port(), identity_.fingerprint};
    if (config_.mail.is_set()) {
      mailer_ = TRY(Mailer::open(config_.mail, urls.pages() + "/confirm/", config_.host(), random_,
                                 clock_, log_,
                                 [this](const server::ProofSent& sent) { post_result(sent); }));
    }
    if (config_.open_registration)
      pages_.set_joining(urls.url_without_invitation(), config_.domain());
    metrics_ = std::make_unique<MetricsDesk>(metric_sources(folder), metric_threads(), worker_);
    if (config_.metrics) TRY(metrics_->listen(*config_.metrics));
    desk_ = std::make_unique<OperatorDesk>(worker_, urls, [this] { return metrics_->json(); });
    admin_ = TRY(AdminSocket::open(folder.path(),
                                   [this](std::string_view line) { return desk_->serve(line); }));
    reactors_.size() == 1 ? worker_.start_on(*reactors_.front()) : worker_.start();
    sms_.start();
    for (const auto& reactor : reactors_) {
      threads_.emplace_back([&loop = *reactor] { loop.run(); });
    }
    log_.write(Log::Event::started, {{"port", std::int64_t{listener_->port()}},
                                     {"reactors", static_cast<std::int64_t>(reactors_.size())}});
    return {};
  }

  /// For a server that nobody has joined yet: an invitation for its operator.
  Outcome<std::optional<std::string>> first_invitation() {
    const auto counts = stores_.directory->counts();
    if (!counts.ok()) return Complaint{Exit::data_folder, "the directory cannot be read"};
    if (counts.value().accounts > 0) return std::optional<std::string>{};
    return std::optional{
        url_of(TRY(desk_->answer(server::Invite{"", true, 1, limits::kInvitationLifetime})))};
  }

  /// Where metrics are served; 0: nowhere.
  std::uint16_t metrics_port() const { return metrics_->port(); }

  /// What anybody may join by; nothing: by invitation only.
  std::optional<std::string> joining() const {
    if (!config_.open_registration) return std::nullopt;
    return InvitationUrls{config_, listener_->port(), identity_.fingerprint}
        .url_without_invitation();
  }

  void stop() {
    log_.write(Log::Event::stopping);
    listener_->stop_accepting();
    for (const auto& gate : gates_) gate->post_shut_down();
    const auto give_up = std::chrono::steady_clock::now() + kFarewell;
    while (listener_->connections() > 0 && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(Milliseconds{5});
    }
    admin_.reset();
    metrics_.reset();
    for (const auto& reactor : reactors_) reactor->stop();
    for (auto& thread : threads_) thread.join();
    if (mailer_) mailer_->stop();
    sms_.stop();
    worker_.stop();
    log_.write(Log::Event::stopped);
  }

 private:
  /// Pages whose answer the office knows come later, on the same reactor.
  void on_http(std::size_t index, const net::HttpRequest& request, const net::HttpAnswer& answer) {
    if (auto sms = sms_.read(request)) {
      if (auto* const turned = std::get_if<net::HttpResponse>(&*sms)) {
        return answer(std::move(*turned));
      }
      return ask_office(
          index, std::get<server::InboundSms>(std::move(*sms)), answer,
          [](const server::OfficeAnswer&) { return sms_taken(); }, sms_not_taken());
    }
    auto link = Pages::confirmation(request);
    if (!link) return answer(pages_.answer(request));
    ask_office(index, std::move(*link), answer, &Pages::confirmation_page, Pages::busy_page());
  }

  using Page = std::function<net::HttpResponse(const server::OfficeAnswer&)>;
  /// Answers with what `page` makes of the office's word; with `busy` if too many wait for that.
  void ask_office(std::size_t index, OfficeWorker::PageBody body, const net::HttpAnswer& answer,
                  const Page& page, net::HttpResponse busy) {
    auto& reactor = *reactors_.at(index);
    const bool is_asked = worker_.ask_for_page(
        std::move(body), [&reactor, answer, page](const server::OfficeAnswer& given) {
          reactor.post([answer, response = page(given)] { answer(response); });
        });
    if (!is_asked) answer(std::move(busy));
  }

  MetricParts metric_sources(const DataFolder& folder) const {
    MetricParts parts;
    parts.listener = listener_.get();
    parts.reactors = reactors_.size();
    parts.office = &office_.meters();
    parts.strangers = &strangers_;
    parts.members = &members_;
    const bool in_rocks = config_.store.mailboxes == StoreSettings::Engine::rocks;
    parts.mailboxes = in_rocks ? folder.rocks_mailboxes() : folder.segment_mailboxes();
    return parts;
  }
  std::vector<Pulse::Post> metric_threads() const {
    std::vector<Pulse::Post> threads;
    for (const auto& reactor : reactors_) {
      threads.emplace_back([&loop = *reactor](std::function<void()> work) {
        loop.post(std::move(work));
        return true;
      });
    }
    return threads;
  }

  void post_result(const server::ProofSent& sent) {
    std::vector<server::OfficeRequest> requests;
    requests.push_back({{server::kOutside, 0}, 0, 0, sent});
    worker_.post(requests);
  }

  OfficeCallbacks worker_callbacks() {
    return {[this](std::uint32_t reactor, std::vector<server::OfficeAnswer> answers) {
              if (reactors_.size() == 1) return gates_.front()->take_answers(answers);
              gates_.at(reactor)->post_answers(std::move(answers));
            },
            [this] {
              for (const auto& gate : gates_) gate->post_drained();
            },
            [this](const server::OfficeHealth& health) { health_.update(health); },
            [this](server::ProofSending sending) {
              if (sending.kind == store::ProofKind::sms_code) {
                sms_.send(std::move(sending));
              } else if (mailer_) {
                mailer_->post(std::move(sending));
              }
            }};
  }

  Complaint cannot_listen(const Error& error) const {
    const auto where = config_.listen.text();
    if (error.failure == Failure::in_use) {
      return {Exit::network, where + " is in use by another program",
              "stop that one, or choose another with --listen ADDR:PORT"};
    }
    if (error.failure == Failure::malformed) {
      return {Exit::usage, "cannot serve on " + where + ": " + error.reason.text};
    }
    return {Exit::network, "cannot listen on " + where + ": " + error.reason.text,
            "is the address one of this machine's? Ports below 1024 need a privilege"};
  }

  const Config config_;
  const Identity identity_;
  const Stores stores_;
  const SystemClock clock_;
  crypto::SystemRandom random_;
  server::StrangerLimits strangers_{clock_.now()};
  server::MemberLimits members_{clock_.now()};
  const server::ServerInfo info_;
  Log log_;
  Pages pages_;
  HealthWatch health_{pages_, log_};
  server::Office office_;
  OfficeWorker worker_;
  SmsDesk sms_;
  std::vector<std::unique_ptr<net::Reactor>> reactors_;
  std::vector<std::unique_ptr<Gate>> gates_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<Mailer> mailer_;
  std::unique_ptr<MetricsDesk> metrics_;
  std::unique_ptr<OperatorDesk> desk_;
  std::unique_ptr<AdminSocket> admin_;
  std::vector<std::thread> threads_;
};

Outcome<Config> config_for(const ServeOptions& options, const DataFolder& folder) {
  auto config = TRY(load_config(folder.settings(), options.config_file));
  if (options.name) config.name = *options.name;
  if (options.listen) config.listen = *options.listen;
  return config;
}

/// So that later starts need no options, and come back on the same port.
Outcome<void> keep_settings(const DataFolder& folder, Config config, std::uint16_t port) {
  std::error_code error;
  if (std::filesystem::exists(folder.settings(), error)) return {};
  config.listen.port = port;
  return write_private_file(folder.settings(), first_config(config));
}

void say(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

Outcome<void> serve(const ServeOptions& options) {
  const auto stop_signals = block_signals();
  raise_descriptor_limit();
  const auto folder = TRY(DataFolder::open_or_create(options.data));
  const auto config = TRY(config_for(options, folder));
  auto identity = TRY(load_identity(folder, config, SystemClock{}.now()));
  auto sms = TRY(read_sms_secrets(config.sms));
  auto stores = TRY(Stores::open(folder, config.store));
  if (!stores.damaged.empty()) {
    std::fprintf(stderr, "martletd: damaged: %s: what can be read in it is served\n",
                 stores.damaged.c_str());
  }
  Server server{config, std::move(identity), std::move(stores), std::move(sms)};
  const auto port = TRY(server.listen());
  TRY(keep_settings(folder, config, port));
  TRY(server.start(folder));
  say("listening on " + ListenAddress{config.listen.address, port}.text() + "\n");
  if (const auto metrics_port = server.metrics_port(); metrics_port != 0) {
    say("metrics on http://" + ListenAddress{config.metrics->address, metrics_port}.text() +
        "/metrics\n");
  }
  if (const auto url = server.joining()) {
    say("Anybody may join: martlet enroll '" + *url + "' --handle NAME@" + config.domain() + "\n");
  }
  const auto invitation = server.first_invitation();
  if (!invitation.ok()) {
    server.stop();
    return invitation.error();
  }
  if (invitation.value()) {
    say("Nobody has joined yet. This invitation makes you the administrator; it is good for one "
        "use within 7 days:\n" +
        *invitation.value() + "\n");
  }
  int got = 0;
  sigwait(&stop_signals, &got);
  pthread_sigmask(SIG_UNBLOCK, &stop_signals, nullptr);  // a second one ends us at once
  server.stop();
  return {};
}

}  // namespace martlet::daemon
