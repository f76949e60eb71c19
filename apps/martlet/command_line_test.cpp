#include "apps/martlet/command_line.h"

#include <gtest/gtest.h>

namespace martlet::cli {
namespace {

using Words = std::vector<std::string>;

CommandLine parsed(const Words& words) {
  auto result = parse_command_line(words);
  if (!result.ok()) {
    ADD_FAILURE() << result.error().message;
    return {};
  }
  if (!std::holds_alternative<CommandLine>(result.value())) {
    ADD_FAILURE() << "help or version";
    return {};
  }
  return std::get<CommandLine>(std::move(result).take());
}

struct Refused {
  const char* name;
  Words words;
};
const Refused kRefused[] = {
    {"nothing", {}},
    {"an unknown verb", {"fly"}},
    {"an unknown option", {"whoami", "--fast"}},
    {"enroll without a URL", {"enroll"}},
    {"enroll with two", {"enroll", "a", "b"}},
    {"send to nobody", {"send"}},
    {"send without text", {"send", "bob"}},
    {"send with two texts", {"send", "bob", "hi", "there"}},
    {"send to wait for what does not exist", {"send", "bob", "hi", "--wait", "queued"}},
    {"send with no timeout", {"send", "bob", "hi", "--timeout"}},
    {"send with a strange timeout", {"send", "bob", "hi", "--timeout", "soon"}},
    {"send as a reply to no id", {"send", "bob", "hi", "--reply", "???"}},
    {"send as a reply to a short id", {"send", "bob", "hi", "--reply", "AAAA"}},
    {"a text that begins with a dash", {"send", "bob", "-hello"}},
    {"watch since a word", {"watch", "--since", "yesterday"}},
    {"watch since before the first", {"watch", "--since", "-1"}},
    {"watch for less than nothing", {"watch", "--for", "-1"}},
    {"watch for a word", {"watch", "--for", "ever"}},
    {"history of nobody", {"history"}},
    {"history of none", {"history", "bob", "--limit", "0"}},
    {"history of too many", {"history", "bob", "--limit", "100001"}},
    {"history of a word", {"history", "bob", "--limit", "all"}},
    {"history of less than one", {"history", "bob", "--limit", "-1"}},
    {"history before the first", {"history", "bob", "--before", "-1"}},
    {"watch since a fraction", {"watch", "--since", "1.5"}},
    {"watch since too late", {"watch", "--since", "99999999999999999999"}},
    {"read without a chat", {"read"}},
    {"contact without more", {"contact"}},
    {"contact with an unknown verb", {"contact", "eat"}},
    {"contact add without a handle", {"contact", "add", "Bob"}},
    {"handle without more", {"handle"}},
    {"handle with an unknown verb", {"handle", "eat"}},
    {"handle add without one", {"handle", "add"}},
    {"handle add with two", {"handle", "add", "a@b", "c@d"}},
    {"handle add by a strange way", {"handle", "add", "a@b", "--method", "pigeon"}},
    {"handle confirm without a code", {"handle", "confirm", "a@b"}},
    {"handle ls with one", {"handle", "ls", "a@b"}},
    {"handle rm without one", {"handle", "rm"}},
    {"handle default without one", {"handle", "default"}},
    {"two verbs", {"whoami", "chats"}},
    {"a profile without its name", {"whoami", "--profile"}},
};

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
  for (const auto& c : kRefused) {
    SCOPED_TRACE(c.name);
    const auto result = parse_command_line(c.words);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, client::ErrorCode::usage);
    EXPECT_FALSE(result.error().message.empty());
    EXPECT_FALSE(result.error().hint.empty());
  }
}

TEST(CommandLine, GlobalOptionsStandBeforeOrBehindTheVerb) {
  for (const auto& words : {Words{"--profile", "work", "--json", "--offline", "whoami"},
                            Words{"whoami", "--json", "--offline", "--profile", "work"},
                            Words{"--json", "whoami", "--offline", "--profile=work"}}) {
    const auto line = parsed(words);
    EXPECT_EQ(line.profile, "work");
    EXPECT_TRUE(line.json);
    EXPECT_TRUE(line.offline);
    EXPECT_TRUE(std::holds_alternative<WhoamiCommand>(line.command));
  }
  const auto nested = parsed({"contact", "ls", "--json"});
  EXPECT_TRUE(nested.json);
  EXPECT_TRUE(std::holds_alternative<ContactListCommand>(nested.command));
}

TEST(CommandLine, Enroll) {
  const auto line = parsed({"enroll", "https://h/i/t#f", "--name", "Alice L", "--handle", "a@b.c",
                            "--device-name", "desk"});
  const auto& request = std::get<client::EnrollRequest>(line.command);
  EXPECT_EQ(request.url, "https://h/i/t#f");
  EXPECT_EQ(request.name, "Alice L");
  EXPECT_EQ(request.handle, "a@b.c");
  EXPECT_EQ(request.device_name, "desk");
}

TEST(CommandLine, Send) {
  auto line = parsed({"send", "bob", "hi", "--wait", "read", "--timeout", "5m", "--reply",
                      "AAECAwQFBgcICQoLDA0ODw"});
  const auto& command = std::get<SendCommand>(line.command);
  EXPECT_EQ(command.request.message.to, "bob");
  EXPECT_EQ(command.request.message.text, "hi");
  EXPECT_FALSE(command.text_from_stdin);
  EXPECT_EQ(command.request.wait_for, store::MessageState::read);
  EXPECT_EQ(command.request.timeout, std::chrono::minutes{5});
  EXPECT_EQ(command.request.message.reply_to->hex(), "000102030405060708090a0b0c0d0e0f");
}

TEST(CommandLine, Handle) {
  using What = client::HandleAsk::What;
  using Method = wire::HandleMethod;
  struct Case {
    Words words;
    What what;
    Method method;
    const char* code;
  };
  const Case cases[] = {
      {{"handle", "add", "a@b"}, What::add, Method::automatic, ""},
      {{"handle", "add", "a@b", "--method", "auto"}, What::add, Method::automatic, ""},
      {{"handle", "add", "a@b", "--method", "sms"}, What::add, Method::sms_code, ""},
      {{"handle", "add", "a@b", "--method", "inbound"}, What::add, Method::inbound_sms, ""},
      {{"handle", "confirm", "a@b", "123456"}, What::confirm, Method::automatic, "123456"},
      {{"handle", "rm", "a@b"}, What::remove, Method::automatic, ""},
      {{"handle", "default", "a@b"}, What::make_default, Method::automatic, ""},
      {{"handle", "ls"}, What::list, Method::automatic, ""},
  };
  for (const auto& [words, what, method, code] : cases) {
    const auto line = parsed(words);
    const auto& ask = std::get<HandleCommand>(line.command).ask;
    EXPECT_EQ(ask.what, what);
    EXPECT_EQ(ask.method, method);
    EXPECT_EQ(ask.code, code);
    EXPECT_EQ(ask.handle, what == What::list ? "" : "a@b");
  }
}

TEST(CommandLine, AnIdMayBeginLikeAnOption) {
  const std::string whole = "--" + std::string(41, 'A');
  for (const auto& id : {std::string{"-3So"}, std::string{"-h_x"}, whole}) {
    SCOPED_TRACE(id);
    const auto renamed = parsed({"--json", "device", "rename", id, "big tablet"});
    EXPECT_EQ(std::get<RenameRequest>(renamed.command).device, id);
    EXPECT_EQ(std::get<RenameRequest>(renamed.command).name, "big tablet");
    for (const auto& words : {Words{"device", "revoke", id, "--yes", "--reason", "lost"},
                              Words{"device", "revoke", "--reason", "lost", "--yes", id}}) {
      const auto revoked = parsed(words);
      EXPECT_EQ(std::get<RevokeCommand>(revoked.command).request.device, id);
      EXPECT_TRUE(std::get<RevokeCommand>(revoked.command).yes);
    }
  }
  EXPECT_FALSE(parse_command_line({"device", "revoke", "--fast", "3So"}).ok());
  EXPECT_FALSE(parse_command_line({"whoami", "-x"}).ok());
  const auto help = parse_command_line({"device", "revoke", "--help"});
  EXPECT_TRUE(help.ok() && std::holds_alternative<Information>(help.value()));
}

TEST(CommandLine, SendHasDefaults) {
  const auto line = parsed({"send", "bob", "-"});
  const auto& command = std::get<SendCommand>(line.command);
  EXPECT_TRUE(command.text_from_stdin);
  EXPECT_EQ(command.request.wait_for, store::MessageState::sent);
  EXPECT_EQ(command.request.timeout, std::chrono::seconds{30});
  EXPECT_FALSE(command.request.message.reply_to.has_value());
}

TEST(CommandLine, AnyTextCanBeSent) {
  const auto text_of = [](const Words& words) {
    return std::get<SendCommand>(parsed(words).command).request.message.text;
  };
  EXPECT_EQ(text_of({"send", "bob", "read"}), "read") << "a verb's name";
  EXPECT_EQ(text_of({"send", "bob", "contact"}), "contact");
  EXPECT_EQ(text_of({"send", "bob", "--", "-hello"}), "-hello");
  EXPECT_EQ(text_of({"send", "bob", "-5 degrees"}), "-5 degrees");
  EXPECT_EQ(text_of({"send", "bob", "--", "--json"}), "--json");
  EXPECT_EQ(text_of({"send", "bob", "[a,b]"}), "[a,b]");
  EXPECT_EQ(text_of({"send", "bob", "{}"}), "{}");
  EXPECT_EQ(text_of({"send", "bob", "\"quoted\""}), "\"quoted\"");
  EXPECT_EQ(text_of({"send", "bob", ""}), "");
  EXPECT_EQ(text_of({"send", "bob", "two\nlines"}), "two\nlines");
  EXPECT_EQ(text_of({"send", "bob", "a=b"}), "a=b");
  EXPECT_EQ(text_of({"send", "bob", "%"}), "%");
}

TEST(CommandLine, Watch) {
  const auto request = [](const Words& words) {
    return std::get<WatchRequest>(parsed(words).command);
  };
  EXPECT_FALSE(request({"watch"}).since.has_value());
  EXPECT_FALSE(request({"watch"}).duration.has_value());
  EXPECT_EQ(request({"watch", "--since", "0"}).since, 0U);
  EXPECT_EQ(request({"watch", "--since", "12"}).since, 12U);
  EXPECT_EQ(request({"watch", "--for", "0"}).duration, Milliseconds{0});
  EXPECT_EQ(request({"watch", "--for", "10"}).duration, Milliseconds{10'000});
}

TEST(CommandLine, HistoryReadAndContacts) {
  const auto history = std::get<HistoryCommand>(
      parsed({"history", "bob", "--limit", "7", "--before", "9", "--ids"}).command);
  EXPECT_EQ(history.request.chat, "bob");
  EXPECT_EQ(history.request.limit, 7U);
  EXPECT_EQ(history.request.before, 9U);
  EXPECT_TRUE(history.with_ids);
  EXPECT_EQ(std::get<ReadCommand>(parsed({"read", "bob"}).command).chat, "bob");
  const auto contact =
      std::get<client::ContactAddRequest>(parsed({"contact", "add", "Bob", "b@c.d"}).command);
  EXPECT_EQ(contact.name, "Bob");
  EXPECT_EQ(contact.handle, "b@c.d");
  EXPECT_TRUE(std::holds_alternative<ChatsCommand>(parsed({"chats"}).command));
  for (const auto* verb : {"doctor", "status"}) {
    EXPECT_TRUE(std::holds_alternative<DoctorCommand>(parsed({verb}).command)) << verb;
  }
}

TEST(CommandLine, HelpTeaches) {
  const auto text_of = [](const Words& words) {
    const auto result = parse_command_line(words);
    if (!result.ok() || !std::holds_alternative<Information>(result.value())) return std::string{};
    return std::get<Information>(result.value()).text;
  };
  for (const auto* verb :
       {"enroll", "whoami", "send", "watch", "chats", "history", "read", "contact", "doctor"}) {
    EXPECT_NE(text_of({"--help"}).find(verb), std::string::npos) << verb;
    EXPECT_NE(text_of({verb, "--help"}).find("Example"), std::string::npos) << verb;
    EXPECT_NE(text_of({verb, "--help"}).find(std::string{"martlet "} + verb), std::string::npos);
  }
  EXPECT_NE(text_of({"contact", "add", "--help"}).find("NAME"), std::string::npos);
  EXPECT_EQ(text_of({"--version"}), std::string{"martlet "} + MARTLET_VERSION + "\n");
}

TEST(CommandLine, Durations) {
  const struct {
    const char* text;
    std::int64_t milliseconds;
  } accepted[] = {{"0", 0},           {"30", 30'000},           {"500ms", 500},
                  {"30s", 30'000},    {"5m", 300'000},          {"2h", 7'200'000},
                  {"1d", 86'400'000}, {"366d", 31'622'400'000}, {"007", 7'000}};
  for (const auto& c : accepted) {
    SCOPED_TRACE(c.text);
    const auto duration = parse_duration(c.text);
    ASSERT_TRUE(duration.ok());
    EXPECT_EQ(duration.value().count(), c.milliseconds);
  }
  for (const auto* text : {"", "s", "-1", "-0", "1.5", "1 s", "1w", "30S", "0x10", "+1", "367d",
                           "9223372036854775807d", "99999999999999999999", "1s1s"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_duration(text).ok());
  }
}

}  // namespace
}  // namespace martlet::cli
