// `kill -9` of a martletd under load, again and again: what was accepted and not acknowledged has
// to arrive after the restart. Receivers are of three kinds, so that messages are lost in none of
// the states that they can be in: away; there and acknowledging; there and silent.
#include <CLI/CLI.hpp>
#include <unordered_set>

#include "base/seeded_random.h"
#include "crowd.h"
#include "report.h"

namespace martlet::bench {
namespace {

constexpr Milliseconds kPatience = std::chrono::seconds{60};
constexpr std::int64_t kShortestRoundMs = 150;
constexpr std::uint64_t kRoundSpreadMs = 400;
constexpr std::size_t kKinds = 3;
constexpr std::size_t kAway = 0;
constexpr std::size_t kSilent = 2;

struct Options {
  std::size_t pairs = 21;
  std::size_t window = 16;
  std::size_t bytes = 1'024;
  std::size_t rounds = 20;
  std::string data;
  bool table = false;
};

using Ids = std::unordered_set<MessageId>;

/// What the ends of all pairs know, over all rounds.
struct Book {
  Ids owed;  ///< accepted, and no acknowledgement has left
  std::uint64_t accepted = 0;
  std::uint64_t found_again = 0;  ///< of what was owed at a kill
};

/// Everybody's connections between two kills.
class Round {
 public:
  Round(const Options& options, const ServerUnderLoad& server,
        const std::vector<server::TestDevice>& senders,
        const std::vector<server::TestDevice>& receivers, Random& random, Book& book)
      : options_{options},
        receivers_{receivers},
        random_{random},
        book_{book},
        sealed_(options.bytes) {
    random.fill(sealed_);
    receiving_ =
        log_in_crowd(reactor_, server, receivers, [this](Member& member, wire::Frame& frame) {
          if (auto* deliver = std::get_if<wire::Deliver>(&frame.body))
            on_delivered(member, *deliver);
        });
    sending_ = log_in_crowd(reactor_, server, senders, [this](Member& member, wire::Frame& frame) {
      if (auto* accepted = std::get_if<wire::Accepted>(&frame.body)) on_accepted(member, *accepted);
    });
  }

  /// All that is owed arrives, or it is lost: says how much of it did not.
  std::size_t collect() {
    const auto owed = book_.owed.size();
    reactor_.run_until([this] { return book_.owed.empty(); }, kPatience);
    const auto lost = book_.owed.size();
    book_.found_again += owed - lost;
    book_.owed.clear();
    reactor_.run_until([] { return false; }, Milliseconds{50});  // the acknowledgements leave
    return lost;
  }

  /// Full windows, until somebody pulls the plug.
  void load(Milliseconds time) {
    for (std::size_t i = 0; i < receivers_.size(); ++i) {
      if (i % kKinds == kAway) receiving_[i].close();
    }
    loading_ = true;
    some_are_silent_ = true;
    for (auto& member : sending_) {
      for (std::size_t i = 0; i < options_.window; ++i) send(member);
    }
    reactor_.run_until([] { return false; }, time);
  }
  /// What the server said before it died is still in the sockets.
  void hear_the_rest() {
    loading_ = false;
    reactor_.run_until([] { return false; }, Milliseconds{100});
  }

 private:
  std::size_t place_of(const Member& member, const std::deque<Member>& members) const {
    std::size_t at = 0;
    while (&members[at] != &member) ++at;
    return at;
  }
  void send(Member& member) {
    const auto& to = receivers_[place_of(member, sending_)];
    member.say(++request_,
               wire::Send{random_.id<MessageId>(), {{to.account, to.head}}, {{to.id, 1, sealed_}}});
  }
  void on_accepted(Member& member, const wire::Accepted& accepted) {
    ++book_.accepted;
    // A delivery may be faster than the answer to its sender.
    if (acknowledged_.erase(accepted.message) == 0) book_.owed.insert(accepted.message);
    if (loading_) send(member);
  }
  void on_delivered(Member& member, const wire::Deliver& deliver) {
    if (some_are_silent_ && place_of(member, receiving_) % kKinds == kSilent) return;
    if (book_.owed.erase(deliver.message) == 0) acknowledged_.insert(deliver.message);
    member.say(0, wire::Acknowledge{{deliver.sequence}});
  }

  const Options& options_;
  const std::vector<server::TestDevice>& receivers_;
  Random& random_;
  Book& book_;
  Bytes sealed_;
  net::Reactor reactor_;
  std::deque<Member> receiving_;
  std::deque<Member> sending_;
  Ids acknowledged_;  ///< before they were accepted
  std::uint64_t request_ = 1;
  bool loading_ = false;
  bool some_are_silent_ = false;
};

int run(const Options& options) {
  raise_descriptor_limit();
  leave_the_servers_core();
  ServerUnderLoad server{options.data};
  SeededRandom random{1};
  auto senders = enrol_crowd(server, 2 * options.pairs, random);
  std::vector<server::TestDevice> receivers;
  for (; receivers.size() < options.pairs; senders.pop_back()) {
    receivers.push_back(std::move(senders.back()));
  }
  Book book;
  std::size_t lost = 0;
  std::vector<double> restart_seconds;
  for (std::size_t at = 0; at < options.rounds; ++at) {
    Round round{options, server, senders, receivers, random, book};
    lost += round.collect();
    round.load(
        Milliseconds{kShortestRoundMs + static_cast<std::int64_t>(random.below(kRoundSpreadMs))});
    server.crash();
    round.hear_the_rest();
    server.restart();
    restart_seconds.push_back(server.seconds_to_listen());
  }
  Round last{options, server, senders, receivers, random, book};
  lost += last.collect();
  const Json result{{"rounds", options.rounds},
                    {"accepted", book.accepted},
                    {"accepted_and_owed_at_a_kill", book.found_again + lost},
                    {"lost", lost},
                    {"restart_s_p50", percentile(restart_seconds, 0.5)},
                    {"restart_s_max", percentile(restart_seconds, 1)}};
  print_report("kill",
               {{"pairs", options.pairs},
                {"window", options.window},
                {"bytes", options.bytes},
                {"rounds", options.rounds}},
               {result}, {{"/lost", true, 0}}, {1, options.table});
  return lost == 0 ? 0 : 1;
}

}  // namespace
}  // namespace martlet::bench

int main(int argc, char** argv) {
  martlet::bench::Options options;
  CLI::App app{"kill -9 of martletd under load. JSON on stdout; fails if a message is lost."};
  app.add_option("--rounds", options.rounds, "kills")->check(CLI::Range(1, 100'000));
  app.add_option("--pairs", options.pairs)->check(CLI::Range(3, 500));
  app.add_option("--window", options.window, "unanswered Sends of a sender")
      ->check(CLI::Range(1, 64));
  app.add_option("--bytes", options.bytes, "of an envelope")->check(CLI::Range(8, 60'000));
  app.add_option("--data", options.data, "where the server's data folder is made");
  app.add_flag("--table", options.table, "a table on stderr, also where nobody looks");
  CLI11_PARSE(app, argc, argv);
  return martlet::bench::run(options);
}
