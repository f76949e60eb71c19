#include "server/rendezvous.h"

#include <fmt/format.h>

namespace martlet::server {

Result<std::string, RendezvousBook::Refused> RendezvousBook::open(const SessionId& newcomer,
                                                                  const RendezvousName& name,
                                                                  UnixMillis now) {
  if (sessions_.contains(newcomer) || meetings_.contains(name)) return Refused{Fault::taken};
  if (meetings_.size() >= kOpenMax) return Refused{Fault::full, kLifetime};
  Meeting meeting;
  meeting.newcomer = newcomer;
  meeting.number = fresh_number();
  meeting.opened = now;
  numbers_[meeting.number] = name;
  sessions_[newcomer] = name;
  return meetings_.emplace(name, std::move(meeting)).first->second.number;
}

Result<RendezvousName, RendezvousBook::Refused> RendezvousBook::join(
    const SessionId& approver, const AccountId& account,
    const std::variant<RendezvousName, std::string>& meeting, UnixMillis now) {
  if (sessions_.contains(approver)) return Refused{Fault::taken};
  const auto* const number = std::get_if<std::string>(&meeting);
  auto& tries = tries_[account];
  if (now - tries.last >= kWrongNumberPause || now < tries.last) tries = {};
  if (number != nullptr && tries.wrong >= kWrongNumbersMax) {
    return Refused{Fault::too_many_tries, kWrongNumberPause - (now - tries.last)};
  }
  const auto found =
      number != nullptr ? of_number(*number) : meetings_.find(std::get<RendezvousName>(meeting));
  if (found == meetings_.end() || found->second.approver ||
      now - found->second.opened >= kLifetime) {
    if (number != nullptr) tries = {tries.wrong + 1, now};
    if (tries.wrong == 0) tries_.erase(account);
    return Refused{Fault::unknown};
  }
  tries_.erase(account);
  found->second.approver = approver;
  sessions_[approver] = found->first;
  return found->first;
}

Result<SessionId, RendezvousBook::Refused> RendezvousBook::relay(const SessionId& session,
                                                                 std::size_t bytes,
                                                                 UnixMillis now) {
  const auto name = sessions_.find(session);
  if (name == sessions_.end()) return Refused{Fault::unknown};
  auto& meeting = meetings_.at(name->second);
  if (!meeting.approver || now - meeting.opened >= kLifetime) return Refused{Fault::unknown};
  if (bytes > kMessageBytesMax || meeting.messages >= kMessagesMax ||
      meeting.bytes + bytes > kBytesMax) {
    return Refused{Fault::too_much};
  }
  meeting.messages += 1;
  meeting.bytes += bytes;
  return session == meeting.newcomer ? *meeting.approver : meeting.newcomer;
}

std::optional<SessionId> RendezvousBook::leave(const SessionId& session) {
  const auto name = sessions_.find(session);
  if (name == sessions_.end()) return std::nullopt;
  const auto found = meetings_.find(name->second);
  const auto other =
      session == found->second.newcomer ? found->second.approver : found->second.newcomer;
  end(found);
  return other;
}

std::vector<SessionId> RendezvousBook::expire(UnixMillis now) {
  std::vector<SessionId> told;
  for (auto it = meetings_.begin(); it != meetings_.end();) {
    const auto meeting = it++;
    // A clock that was set back makes a meeting look young for ever; then it ends at once.
    if (now >= meeting->second.opened && now - meeting->second.opened < kLifetime) continue;
    told.push_back(meeting->second.newcomer);
    if (meeting->second.approver) told.push_back(*meeting->second.approver);
    end(meeting);
  }
  std::erase_if(tries_, [&](const auto& row) {
    return now < row.second.last || now - row.second.last >= kWrongNumberPause;
  });
  return told;
}

RendezvousBook::Meetings::iterator RendezvousBook::of_number(const std::string& number) {
  const auto found = numbers_.find(number);
  return found == numbers_.end() ? meetings_.end() : meetings_.find(found->second);
}

std::string RendezvousBook::fresh_number() {
  static_assert(kOpenMax * 1'000 <= 100'000'000);  // so this ends soon
  while (true) {
    auto number = fmt::format("{:08}", random_.below(100'000'000));
    if (!numbers_.contains(number)) return number;
  }
}

void RendezvousBook::end(Meetings::iterator meeting) {
  numbers_.erase(meeting->second.number);
  sessions_.erase(meeting->second.newcomer);
  if (meeting->second.approver) sessions_.erase(*meeting->second.approver);
  meetings_.erase(meeting);
}

}  // namespace martlet::server
