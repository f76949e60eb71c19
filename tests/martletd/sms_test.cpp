// Phone numbers, proven through a real gateway: Kannel, with a fake SMSC for the phones.
#include <curl/curl.h>
#include <sys/stat.h>

#include <fstream>
#include <regex>

#include "server_process.h"
#include "support/kannel.h"

namespace martlet::martletd_test {
namespace {

using support::Kannel;
using wire::HandleMethod;
using wire::HandleState;
using wire::RefusalCode;

constexpr const char* kNumber = "+491712345678";
constexpr const char* kOther = "+491722345678";

struct Sms : ServerProcess {
  /// A server whose gateway is `kannel`, and a device of Alice on it.
  void begin(const std::string& password = Kannel::kPassword, const std::string& more = "") {
    write("settings.toml", kannel_.settings(password) + more);
    start({"--name", "localhost", "--listen", "127.0.0.1:0", "--config", path("settings.toml")});
    alice_.emplace(member("alice@example.org"));
    client_.emplace(server_);
    ASSERT_TRUE(client_->log_in(*alice_));
  }
  void start_kannel() { ASSERT_TRUE(kannel_.start(address())) << kannel_.error(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port); }
  std::string callback() const { return "https://" + address() + "/sms/incoming"; }
  std::string path(const std::string& name) const { return (root_ / name).string(); }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream{path(name)} << content;
    ::chmod(path(name).c_str(), 0600);
  }

  static RefusalCode code_of(const wire::Body& answer) {
    const auto* const refusal = std::get_if<wire::Refusal>(&answer);
    return refusal != nullptr ? refusal->code : RefusalCode{0};
  }
  static HandleState state_in(const wire::Handles& handles, const std::string& handle) {
    for (const auto& row : handles.rows) {
      if (row.handle == handle) return row.state;
    }
    return HandleState{0};
  }
  wire::Handles list(DeviceClient& client) {
    const auto answer = client.ask(wire::HandleList{});
    const auto* const handles = std::get_if<wire::Handles>(&answer);
    return handles != nullptr ? *handles : wire::Handles{};
  }
  /// Waits until the server has pushed this.
  bool wait_for(DeviceClient& client, const std::string& handle, HandleState state) {
    if (state_in(list(client), handle) == state) return true;
    while (const auto pushed = client.next_handles()) {
      if (state_in(*pushed, handle) == state) return true;
    }
    return false;
  }
  wire::HandleAdded add(DeviceClient& client, const std::string& handle,
                        HandleMethod method = HandleMethod::automatic) {
    const auto answer = client.ask(wire::HandleAdd{handle, method});
    const auto* const added = std::get_if<wire::HandleAdded>(&answer);
    EXPECT_NE(added, nullptr) << static_cast<unsigned>(code_of(answer));
    return added != nullptr ? *added : wire::HandleAdded{};
  }
  /// The code of the next SMS at this phone.
  std::string code_at(const std::string& number) {
    const auto text = kannel_.sms_to(number);
    EXPECT_TRUE(text) << "no SMS arrived";
    std::smatch found;
    const std::string got = text.value_or("");
    EXPECT_TRUE(std::regex_search(got, found, std::regex{"^([0-9]{6}) .*localhost.*nobody will"}))
        << got;
    return found.empty() ? "" : found[1].str();
  }
  /// The status of a request to the server; 0: none.
  static long http(const std::string& url, const std::string& post = "") {
    auto* const curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);  // it is the test's own server
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(
        curl, CURLOPT_WRITEFUNCTION,
        +[](char*, std::size_t size, std::size_t count, void*) { return size * count; });
    if (!post.empty()) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post.c_str());
    long status = 0;
    if (curl_easy_perform(curl) == CURLE_OK) {
      curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    curl_easy_cleanup(curl);
    return status;
  }

  Kannel kannel_{root_ / "kannel"};
  std::optional<server::TestDevice> alice_;
  std::optional<DeviceClient> client_;
};

TEST_F(Sms, ACodeProvesANumber) {
  begin();
  start_kannel();
  EXPECT_EQ(add(*client_, kNumber).row.method, HandleMethod::sms_code);
  const auto code = code_at(kNumber);
  EXPECT_TRUE(wait_for(*client_, kNumber, HandleState::waiting));
  const auto answer = client_->ask(wire::HandleConfirm{kNumber, code});
  ASSERT_TRUE(std::holds_alternative<wire::Handles>(answer));
  const auto& rows = std::get<wire::Handles>(answer).rows;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].handle, "alice@example.org") << "the default stays";
  EXPECT_EQ(rows[1].handle, kNumber);
  EXPECT_EQ(rows[1].state, HandleState::confirmed);
  const auto looked_up = client_->ask(wire::Lookup{kNumber});
  ASSERT_TRUE(std::holds_alternative<wire::Account>(looked_up));
  EXPECT_EQ(std::get<wire::Account>(looked_up).account, alice_->account);
  // Used is used up; said again it is the same answer, for it may have got lost.
  EXPECT_TRUE(
      std::holds_alternative<wire::Handles>(client_->ask(wire::HandleConfirm{kNumber, code})));
  EXPECT_EQ(kannel_.arrived(), 1U);
}

TEST_F(Sms, FiveWrongCodesEndIt) {
  begin();
  start_kannel();
  add(*client_, kNumber);
  const auto code = code_at(kNumber);
  ASSERT_EQ(code.size(), 6U);
  EXPECT_TRUE(wait_for(*client_, kNumber, HandleState::waiting));
  for (int i = 1; i <= 5; ++i) {
    auto wrong = code;
    wrong[5] = static_cast<char>('0' + (wrong[5] - '0' + i) % 10);
    EXPECT_EQ(code_of(client_->ask(wire::HandleConfirm{kNumber, wrong})), RefusalCode::code_wrong);
  }
  EXPECT_EQ(code_of(client_->ask(wire::HandleConfirm{kNumber, code})), RefusalCode::proof_over);
  EXPECT_EQ(state_in(list(*client_), kNumber), HandleState::spent);
  EXPECT_EQ(code_of(client_->ask(wire::Lookup{kNumber})), RefusalCode::unknown_handle);
}

TEST_F(Sms, ACodeIsForWhoAskedAndForOneNumber) {
  begin();
  start_kannel();
  const auto bob = member("bob@example.org");
  DeviceClient bobs{server_};
  ASSERT_TRUE(bobs.log_in(bob));
  add(*client_, kNumber);
  const auto code = code_at(kNumber);
  add(bobs, kOther);
  const auto others = code_at(kOther);
  EXPECT_EQ(code_of(bobs.ask(wire::HandleConfirm{kNumber, code})), RefusalCode::proof_over);
  if (code != others) {
    EXPECT_EQ(code_of(bobs.ask(wire::HandleConfirm{kOther, code})), RefusalCode::code_wrong);
  }
  EXPECT_TRUE(
      std::holds_alternative<wire::Handles>(client_->ask(wire::HandleConfirm{kNumber, code})));
}

TEST_F(Sms, AGatewayThatIsDownIsAskedAgain) {
  begin();
  add(*client_, kNumber);
  EXPECT_TRUE(wait_for(*client_, kNumber, HandleState::retrying));
  start_kannel();
  const auto code = code_at(kNumber);
  EXPECT_TRUE(
      std::holds_alternative<wire::Handles>(client_->ask(wire::HandleConfirm{kNumber, code})));
  const auto log = stop();
  EXPECT_NE(log.err.find("sms_fails status=0"), std::string::npos) << log.err;
  EXPECT_NE(log.err.find("sms_works_again"), std::string::npos) << log.err;
  for (const auto& secret :
       {std::string{kNumber}, code, std::string{"sendsms"}, std::string{"w+rd"}}) {
    EXPECT_EQ(log.err.find(secret), std::string::npos) << log.err;
  }
}

TEST_F(Sms, AGatewayThatRefusesIsTold) {
  begin("another password");
  start_kannel();
  add(*client_, kNumber);
  EXPECT_TRUE(wait_for(*client_, kNumber, HandleState::refused));
  EXPECT_EQ(code_of(client_->ask(wire::HandleConfirm{kNumber, "123456"})), RefusalCode::proof_over);
  EXPECT_EQ(kannel_.arrived(), 0U);
  const auto log = stop();
  EXPECT_NE(log.err.find("sms_refused status=403"), std::string::npos) << log.err;
  EXPECT_EQ(log.err.find("password"), std::string::npos) << log.err;
}

TEST_F(Sms, NumbersThatTheOperatorDoesNotPayForAreRefused) {
  begin(Kannel::kPassword, "prefixes = [\"+49\"]\n");
  start_kannel();
  add(*client_, "+3549001234");
  EXPECT_TRUE(wait_for(*client_, "+3549001234", HandleState::refused));
  add(*client_, kNumber);
  EXPECT_EQ(code_at(kNumber).size(), 6U);
  EXPECT_EQ(kannel_.arrived(), 1U);
  // What the phone sends costs its owner.
  EXPECT_EQ(add(*client_, "+3549001234", HandleMethod::inbound_sms).row.state,
            HandleState::waiting);
}

TEST_F(Sms, TheNumberItselfSendsTheText) {
  begin();
  start_kannel();
  const auto added = add(*client_, kNumber, HandleMethod::inbound_sms);
  EXPECT_EQ(added.number, Kannel::kServersNumber);
  EXPECT_TRUE(std::regex_match(added.text, std::regex{"M-[A-Z2-7]{5}-[A-Z2-7]{5}"})) << added.text;
  EXPECT_EQ(added.row.state, HandleState::waiting);
  // As somebody types it.
  auto typed = added.text;
  std::ranges::transform(typed, typed.begin(),
                         [](char c) { return c == '-' ? ' ' : std::tolower(c); });
  ASSERT_TRUE(kannel_.send_from(kNumber, typed)) << kannel_.error();
  EXPECT_TRUE(wait_for(*client_, kNumber, HandleState::confirmed));
  EXPECT_EQ(kannel_.arrived(), 0U) << "an answer costs money and tells nobody anything";
}

TEST_F(Sms, ATextFromAnotherNumberProvesNothing) {
  begin();
  start_kannel();
  const auto bob = member("bob@example.org");
  DeviceClient bobs{server_};
  ASSERT_TRUE(bobs.log_in(bob));
  const auto alices_text = add(*client_, kNumber, HandleMethod::inbound_sms).text;
  const auto bobs_text = add(bobs, kOther, HandleMethod::inbound_sms).text;
  ASSERT_TRUE(kannel_.send_from(kOther, alices_text)) << kannel_.error();
  ASSERT_TRUE(kannel_.send_from(kOther, bobs_text)) << kannel_.error();
  EXPECT_TRUE(wait_for(bobs, kOther, HandleState::confirmed));
  EXPECT_EQ(state_in(list(*client_), kNumber), HandleState::waiting);
  EXPECT_EQ(state_in(list(bobs), kNumber), HandleState{0});
  EXPECT_EQ(state_in(list(*client_), kOther), HandleState{0});
  // What was meant for the phone is worth nothing when typed in; and the right phone still can.
  EXPECT_EQ(code_of(client_->ask(wire::HandleConfirm{kNumber, alices_text})),
            RefusalCode::code_wrong);
  ASSERT_TRUE(kannel_.send_from(kNumber, alices_text)) << kannel_.error();
  EXPECT_TRUE(wait_for(*client_, kNumber, HandleState::confirmed));
}

TEST_F(Sms, ForgedCallsProveNothing) {
  begin();
  const auto text = add(*client_, kNumber, HandleMethod::inbound_sms).text;
  const std::string sms = "from=%2B491712345678&text=" + text;
  struct Forged {
    const char* name;
    std::string url;
    std::string body;
    long status;
  };
  const std::string right = std::string{"?key="} + Kannel::kEscapedKey + "&";
  const Forged kForged[] = {
      {"no key", callback() + "?" + sms, "", 403},
      {"an empty key", callback() + "?key=&" + sms, "", 403},
      {"a wrong key", callback() + "?key=0123456789abcdef-key&" + sms, "", 403},
      {"half the key", callback() + "?key=0123456789abcdef&" + sms, "", 403},
      {"the key not escaped", callback() + "?key=" + Kannel::kKey + "&" + sms, "", 403},
      {"two keys", callback() + right + sms, std::string{"key="} + Kannel::kEscapedKey, 403},
      {"a wrong key in the body", callback(), "key=x&" + sms, 403},
      {"no sender", callback() + right + "text=" + text, "", 400},
      {"a national sender", callback() + right + "from=01712345678&text=" + text, "", 400},
      {"another sender", callback() + right + "from=%2B491722345678&text=" + text, "", 200},
      {"another text", callback() + right + "from=%2B491712345678&text=M-AAAAA-AAAAA", "", 200},
      {"more than the text", callback() + right + sms + "+please", "", 200},
  };
  for (const auto& forged : kForged) {
    SCOPED_TRACE(forged.name);
    EXPECT_EQ(http(forged.url, forged.body), forged.status);
    EXPECT_EQ(state_in(list(*client_), kNumber), HandleState::waiting);
  }
  EXPECT_EQ(http(callback() + right, sms), 200);
  EXPECT_TRUE(wait_for(*client_, kNumber, HandleState::confirmed));
}

TEST_F(Sms, SettingsThatCannotWorkStopTheStart) {
  write("password", "");
  write("settings.toml", "[sms]\ninbound_number = \"+4930123456\"\ncallback_key_file = \"" +
                             path("password") + "\"\n");
  const auto outcome =
      run_martletd(serve_words({"--listen", "127.0.0.1:0", "--config", path("settings.toml")}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.err.find(path("password") + " is empty"), std::string::npos) << outcome.err;
}

TEST_F(Sms, WithoutAGatewayThereIsNothingToCall) {
  start();
  EXPECT_EQ(http(callback() + "?key=x"), 404);
  const auto alice = member("alice@example.org");
  DeviceClient client{server_};
  ASSERT_TRUE(client.log_in(alice));
  for (const auto method :
       {HandleMethod::automatic, HandleMethod::sms_code, HandleMethod::inbound_sms}) {
    EXPECT_EQ(code_of(client.ask(wire::HandleAdd{kNumber, method})),
              RefusalCode::handle_unsupported);
  }
}

}  // namespace
}  // namespace martlet::martletd_test
