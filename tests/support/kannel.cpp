#include "support/kannel.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <thread>

namespace martlet::support {
namespace {

constexpr const char* kFakeSmsc = "/usr/lib/kannel/test/fakesmsc";
constexpr std::chrono::seconds kPatience{60};
constexpr const char* kStatusPassword = "status";

/// With its log on stdout, where Process looks for lines.
Process logged(const std::vector<std::string>& words) {
  ProcessOptions options;
  options.words = {"/bin/sh", "-c", "exec \"$@\" 2>&1", "sh"};
  options.words.insert(options.words.end(), words.begin(), words.end());
  return Process{options};
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

std::string http_get(int port, const std::string& target) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  std::string got;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const auto request = "GET " + target + " HTTP/1.0\r\nHost: localhost\r\n\r\n";
    static_cast<void>(::send(fd, request.data(), request.size(), MSG_NOSIGNAL));
    std::array<char, 4096> part;
    for (;;) {
      const auto count = ::recv(fd, part.data(), part.size(), 0);
      if (count <= 0) break;
      got.append(part.data(), static_cast<std::size_t>(count));
    }
  }
  ::close(fd);
  return got;
}

template <class Done>
bool wait_until(Done done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  return true;
}

}  // namespace

std::string free_port() {
  static int next = 12'000 + static_cast<int>(::getpid() % 15'000);
  for (int tries = 0; tries < 1'000; ++tries) {
    const int port = next;
    next = next >= 31'000 ? 12'000 : next + 1;
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = loopback(port);
    const bool free =
        ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::listen(fd, 1) == 0;
    ::close(fd);
    if (free) return std::to_string(port);
  }
  return "0";
}

Kannel::Kannel(std::filesystem::path folder)
    : folder_{std::move(folder)},
      admin_port_{free_port()},
      box_port_{free_port()},
      smsc_port_{free_port()},
      sendsms_port_{free_port()} {}

std::string Kannel::settings(const std::string& password) const {
  std::filesystem::create_directories(folder_);
  const auto write = [&](const char* name, const std::string& content) {
    const auto path = folder_ / name;
    std::ofstream{path} << content << "\n";
    std::filesystem::permissions(path, std::filesystem::perms{0600});
    return "\"" + path.string() + "\"\n";
  };
  return "[sms]\ngateway_url = \"http://127.0.0.1:" + sendsms_port_ +
         "/cgi-bin/sendsms\"\nusername = \"" + kUsername +
         "\"\npassword_file = " + write("password", password) + "sender = \"" + kServersNumber +
         "\"\ninbound_number = \"" + kServersNumber +
         "\"\ncallback_key_file = " + write("key", kKey);
}

bool Kannel::start(const std::string& server_address) {
  const auto callback_url =
      "https://" + server_address + "/sms/incoming?key=" + std::string{kEscapedKey};
  std::filesystem::create_directories(folder_);
  const auto file = (folder_ / "kannel.conf").string();
  std::ofstream{file} << "group = core\nadmin-port = " << admin_port_
                      << "\nadmin-interface = \"127.0.0.1\"\nadmin-password = none\n"
                         "status-password = "
                      << kStatusPassword << "\nsmsbox-port = " << box_port_
                      << "\nbox-deny-ip = \"*.*.*.*\"\nbox-allow-ip = \"127.0.0.1\"\n"
                         "dlr-storage = internal\n\n"
                         "group = smsc\nsmsc = fake\nsmsc-id = phones\nport = "
                      << smsc_port_
                      << "\nconnect-allow-ip = 127.0.0.1\n\n"
                         "group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = "
                      << sendsms_port_
                      << "\nsendsms-interface = \"127.0.0.1\"\n\n"
                         "group = sendsms-user\nusername = "
                      << kUsername << "\npassword = \"" << kPassword
                      << "\"\nuser-deny-ip = \"*.*.*.*\"\nuser-allow-ip = \"127.0.0.1\"\n"
                         "max-messages = 3\nconcatenation = true\n\n"
                         "group = sms-service\nkeyword = default\nget-url = \""
                      << callback_url << "&from=%p&text=%b\"\nmax-messages = 0\n";
  bearerbox_.emplace(logged({"/usr/sbin/bearerbox", "-v", "1", file}));
  if (!wait_for_status("Status: running")) {
    error_ = "bearerbox does not start: " + bearerbox_->out();
    return false;
  }
  smsbox_.emplace(logged({"/usr/sbin/smsbox", "-v", "1", file}));
  if (!wait_for_status("smsbox:")) {
    error_ = "smsbox does not start: " + smsbox_->out();
    return false;
  }
  return start_phones("0", "1 2 text none");
}

/// Kannel's fake SMSC takes one client at a time, and the client's messages are its arguments.
bool Kannel::start_phones(const std::string& count, const std::string& message) {
  phones_.reset();
  if (!wait_until(
          [&] { return status().find("FAKE:" + smsc_port_ + " (online") == std::string::npos; })) {
    error_ = "the fake SMSC does not notice that the phones left";
    return false;
  }
  phones_.emplace(logged({kFakeSmsc, "-H", "127.0.0.1", "-r", smsc_port_, "-m", count, message}));
  if (!wait_for_status("FAKE:" + smsc_port_ + " (online")) {
    error_ = "the phones find no net: " + phones_->out();
    return false;
  }
  return true;
}

void Kannel::stop() {
  phones_.reset();
  smsbox_.reset();
  bearerbox_.reset();
}

std::string Kannel::status() const {
  return http_get(std::stoi(admin_port_), std::string{"/status.txt?password="} + kStatusPassword);
}

bool Kannel::wait_for_status(const std::string& part) const {
  return wait_until([&] { return status().find(part) != std::string::npos; });
}

std::optional<std::string> Kannel::sms_to(const std::string& number) {
  // ... INFO: Got message 1: <FROM TO text TEXT>
  const auto mark = " " + number + " text ";
  for (;;) {
    const auto line = phones_->wait_for_line("Got message ");
    if (!line) return std::nullopt;
    const auto begin = line->find(mark);
    const auto end = line->rfind('>');
    if (begin == std::string::npos || end == std::string::npos) continue;
    return line->substr(begin + mark.size(), end - begin - mark.size());
  }
}

std::size_t Kannel::arrived() const {
  const auto out = phones_->out();
  std::size_t count = 0;
  for (auto at = out.find("Got message "); at != std::string::npos;
       at = out.find("Got message ", at + 1)) {
    ++count;
  }
  return count;
}

bool Kannel::send_from(const std::string& number, const std::string& text) {
  if (!start_phones("1", number + " 4711 text " + text)) return false;
  return phones_->wait_for_line("sent message 1").has_value();
}

}  // namespace martlet::support
