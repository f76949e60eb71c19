#pragma once

#include <string>

#include "base/random.h"
#include "client/contact_book.h"
#include "client/outbox.h"
#include "client/peers.h"
#include "client/self.h"

namespace martlet::client {

/// The verbs: what people ask of the engine, answered from the vault. None of them waits for the
/// network; what has to go out is in the outbox when they return.
class Conversations {
 public:
  /// All outlive the object.
  Conversations(store::Vault& vault, Outbox& outbox, Peers& peers, ContactBook& contacts,
                const Self& self, Random& random);

  Answer<SendAnswer> send(const SendRequest& request, UnixMillis now);
  Answer<Progress> progress(const MessageId& message);
  Answer<std::vector<store::MessageRecord>> history(const HistoryRequest& request);
  Answer<std::size_t> read(const std::string& chat, UnixMillis now);
  Answer<std::vector<Event>> events(store::Cursor after, std::size_t limit);

 private:
  /// Whom `text` means. The account is zero while only the handle is known.
  struct Target {
    AccountId account;
    std::string handle;    ///< as typed or as shown; what the message record keeps
    bool by_chat = false;  ///< named by the chat: the handle does not decide whom it means
  };
  Answer<Target> resolve(const std::string& text);
  Answer<Target> target_of_handle(const std::string& handle);
  Answer<void> check_text(const SendRequest& request);

  store::Vault& vault_;
  Outbox& outbox_;
  Peers& peers_;
  ContactBook& contacts_;
  const Self& self_;
  Random& random_;
};

}  // namespace martlet::client
