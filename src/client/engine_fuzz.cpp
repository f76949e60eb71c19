#include <set>

#include "base/limits.h"
#include "client/online_test.h"

using namespace martlet;
using client::Online;
using client::Person;

namespace {

struct People {
  Person bob{"bob@example.org", 1};
  std::vector<Bytes> cut;  ///< his chain before his second device
  std::vector<wire::Deliver> letters;

  explicit People(const AccountId& to, const protocol::DevicePublicKeys& keys) : cut{bob.links} {
    bob.add_device(2);
    bob.admit(1);
    for (std::uint8_t i = 0; i < 6; ++i) {
      const auto id = client::numbered_message(i);
      const auto content = i < 4 ? bob.text(to, id, "text " + std::to_string(i))
                                 : bob.receipt(to, id, wire::ReceiptState::read, {id});
      letters.push_back(bob.seal(wire::encode(content), id, keys, i % 2));
    }
    letters.push_back(letters[0]);
    letters.back().sealed = client::with_flip(letters.back().sealed, 40);
    letters.push_back(letters[1]);
    letters.back().sender_account = to;
  }
};

const People& people() {
  static const auto made = [] {
    const Person stranger{"stranger@example.org", 3};
    const Online alone{stranger};
    return std::make_unique<People>(alone.engine->whoami().account,
                                    client::numbered_keys(0).public_keys());
  }();
  return *made;
}

/// The body that `choice` names, as an answer to `request` or as a push.
wire::Body body_of(std::uint8_t choice, const wire::Frame& request) {
  const auto& bob = people().bob;
  const auto* send = std::get_if<wire::Send>(&request.body);
  const auto message = send != nullptr ? send->message : client::numbered_message(choice);
  switch (choice % 12) {
    case 0:
      return wire::Accepted{message};
    case 1:
      return wire::StaleDevices{message, {bob.account}};
    case 2:
      return wire::Account{bob.account, 0, bob.links};
    case 3:
      return wire::Account{bob.account, 0, people().cut};
    case 4:
      return wire::Account{AccountId{{choice}}, 0, bob.links};
    case 5:
      return wire::Undelivered{choice, message, bob.devices[choice % 2].id, {}};
    case 6:
      return wire::Welcome{bob.account, choice, {}};
    case 7:
      return wire::Enrolled{"x@example.org", bob.account, true};
    case 8:
      return wire::Challenge{};
    case 9:
      return wire::Ping{};
    case 10:
      return wire::Pong{};
    default: {
      auto deliver = people().letters[choice % people().letters.size()];
      deliver.sequence = choice;
      return deliver;
    }
  }
}

void step(Online& world, std::uint8_t what, std::uint8_t choice) {
  wire::Frame request;
  if (!world.asked.empty()) request = wire::parse_frame(world.asked.front()).value();
  switch (what % 9) {
    case 0:
      return world.answer_honestly();
    case 1:
      return world.push({request.request, body_of(choice, request)});
    case 2:
      return world.push({0, body_of(choice, request)});
    case 3:
      return world.push({choice % 2 ? request.request : 0,
                         wire::Refusal{wire::RefusalCode{choice / 2U}, Milliseconds{choice}, {}}});
    case 4:
      world.now += Milliseconds{1U << (choice % 20U)};
      return world.engine->on_tick(world.now);
    case 5:
      world.now -= Milliseconds{1U << (choice % 20U)};
      return world.engine->on_tick(world.now);
    case 6:
      (void)world.engine->send({choice % 2 ? "bob@example.org" : "x@example.org", "hi", {}},
                               world.now);
      return;
    case 7:
      (void)world.engine->read("bob@example.org", world.now);
      return;
    default:
      return choice % 2 ? world.restart() : world.connect();
  }
}

}  // namespace

/// Whatever a server answers and in whatever order, the engine does not crash, does not spin, shows
/// nothing twice, and puts nothing on the wire that does not parse. The input is pairs of bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Online world{people().bob};
  for (std::size_t i = 0; i + 1 < std::min<std::size_t>(size, 128); i += 2) {
    if (world.engine->take_close_wish() || world.engine->fatal()) {
      world.engine->on_disconnected(world.now);
      world.restart();
    }
    step(world, data[i], data[i + 1]);
    world.collect();
    const bool is_open = world.engine->link() == client::Link::online;
    world.engine->on_tick(world.now);
    CHECK(!is_open || world.engine->wake_at() > world.now);
  }
  std::set<std::string> shown;
  const auto events = world.engine->events(0, 1'000);
  for (const auto& event : events.value()) {
    if (event.event.kind == store::EventKind::message) {
      CHECK(shown.insert(event.message->text).second);
    }
  }
  return 0;
}
