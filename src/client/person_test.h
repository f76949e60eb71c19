#pragma once

#include <map>

#include "base/check.h"
#include "base/seeded_random.h"
#include "client/self.h"
#include "transparency/link_builder.h"
#include "wire/content.h"
#include "wire/frames.h"

/// For tests: people with real keys, who say what the test makes them say.
namespace martlet::client {

inline protocol::DevicePrivateKeys clone(const protocol::DevicePrivateKeys& keys) {
  return {crypto::SigningKey::from_scalar(keys.signing.encode().reveal()).take(),
          crypto::ClassicDecryptionKey::from_der(keys.classic.encode().reveal()).take()};
}

/// The same keys for all tests of a program: making RSA keys takes longer than most tests.
inline protocol::DevicePrivateKeys numbered_keys(unsigned number) {
  static std::map<unsigned, protocol::DevicePrivateKeys> made;
  if (!made.contains(number)) made.emplace(number, protocol::DevicePrivateKeys::generate());
  return clone(made.at(number));
}

inline transparency::DeviceEntry entry_of(const protocol::DevicePrivateKeys& keys,
                                          transparency::Role role) {
  return {role, {{1, copy_of(keys.classic.encryption_key().der())}}, {}};
}

/// An account of one or more devices.
struct Person {
  struct Device {
    protocol::DevicePrivateKeys keys;
    DeviceId id;
  };
  std::string handle;
  std::vector<Device> devices;
  std::vector<Bytes> links;
  AccountId account;

  Person(std::string its_handle, unsigned key_number) : handle{std::move(its_handle)} {
    add_device(key_number);
    const std::array<std::uint8_t, 16> nonce{static_cast<std::uint8_t>(key_number)};
    links = {transparency::create_genesis(devices[0].keys.signing,
                                          entry_of(devices[0].keys, transparency::Role::admin), {},
                                          nonce, unix_millis(1'000))};
    account = chain().account();
  }

  transparency::AccountChain chain() const {
    return transparency::AccountChain::verify(links, std::nullopt, std::nullopt).take();
  }

  /// A device that is not in the chain.
  Device& add_device(unsigned key_number) {
    auto keys = numbered_keys(key_number);
    const auto id = transparency::device_id_of(keys.signing.verifying_key());
    devices.push_back({std::move(keys), id});
    return devices.back();
  }
  /// Lets device `index` into the chain.
  void admit(std::size_t index) {
    const auto& keys = devices[index].keys;
    const transparency::LinkSigner accepting{keys.signing};
    links.push_back(
        transparency::create_link(transparency::next_place(chain()),
                                  transparency::AddBody{transparency::device_key_of(
                                      keys.signing, entry_of(keys, transparency::Role::member))},
                                  unix_millis(2'000), devices[0].keys.signing, &accepting));
    CHECK(chain().find(devices[index].id) != nullptr);
  }
  void retire() {
    links.push_back(transparency::create_link(transparency::next_place(chain()),
                                              transparency::RetireBody{}, unix_millis(3'000),
                                              devices[0].keys.signing));
  }

  wire::Content content(const AccountId& to, const MessageId& id,
                        decltype(wire::Content::kind) kind) const {
    return {id, unix_millis(5'000), account, to, handle, "Name of " + handle, std::move(kind)};
  }
  wire::Content text(const AccountId& to, const MessageId& id, std::string words) const {
    return content(to, id, wire::Text{std::move(words), std::nullopt});
  }
  wire::Content receipt(const AccountId& to, const MessageId& id, wire::ReceiptState state,
                        std::vector<MessageId> messages) const {
    return content(to, id, wire::Receipt{state, std::move(messages)});
  }

  /// `content`, sealed by device `index` and as the server would push it. The sequence is the
  /// server's to give.
  wire::Deliver seal(ByteView content, const MessageId& id, const protocol::DevicePublicKeys& to,
                     std::size_t index = 0) const {
    SeededRandom random{17};
    wire::Deliver deliver;
    deliver.sender = devices[index].id;
    deliver.sender_account = account;
    deliver.message = id;
    deliver.accepted = unix_millis(6'000);
    deliver.suite = 1;
    deliver.sealed =
        protocol::seal(protocol::Suite::classic, devices[index].keys, to, content, random).take();
    return deliver;
  }
  /// What device `index` finds in a Send, if it can be opened.
  std::optional<wire::Content> open(const wire::Send& send, const protocol::DevicePublicKeys& from,
                                    std::size_t index = 0) const {
    for (const auto& envelope : send.envelopes) {
      if (envelope.recipient != devices[index].id) continue;
      const auto plain =
          protocol::open(protocol::Suite::classic, devices[index].keys, from, envelope.sealed);
      if (plain.ok()) return wire::parse_content(plain.value().reveal()).take();
    }
    return std::nullopt;
  }
};

/// The same bytes, but for one bit of the one at `place`.
inline Bytes with_flip(ByteView bytes, std::size_t place) {
  auto changed = copy_of(bytes);
  changed.at(place) ^= 1U;
  return changed;
}

inline MessageId numbered_message(std::uint8_t number) {
  std::array<std::uint8_t, 16> bytes{0xaa};
  bytes.back() = number;
  return MessageId{bytes};
}

}  // namespace martlet::client
