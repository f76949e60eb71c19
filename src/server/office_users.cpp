// What the operator does to accounts: looks, suspends, erases.
#include "server/office.h"

namespace martlet::server {
namespace {

using wire::RefusalCode;

void refuse_operator(const OfficeRequest& request, RefusalCode code,
                     std::vector<OfficeAnswer>& answers) {
  answers.push_back({request.session, request.request, request.cost, wire::Refusal{code, {}, {}}});
}

}  // namespace

void Office::dismiss(const DeviceId& device, RefusalCode why, Answers& answers) {
  const auto session = deliveries_.session_of(device);
  if (!session) return;
  deliveries_.unsubscribe(device, *session);
  answers.push_back({*session, 0, 0, Dismissed{why}});
}

UserLine Office::line_of(const store::AccountRecord& record) const {
  auto line = user_line(record, mailboxes_);
  for (const auto& device : record.devices) {
    if (deliveries_.session_of(device)) ++line.online;
  }
  return line;
}

void Office::list_users(const OfficeRequest& request, const ListUsers& body, Answers& answers) {
  const auto records = directory_.accounts(body.after, limits::kUsersAPage);
  if (!records.ok()) return refuse_operator(request, RefusalCode::unavailable, answers);
  UserList list;
  for (const auto& record : records.value()) list.users.push_back(line_of(record));
  list.more = list.users.size() == limits::kUsersAPage;
  answers.push_back({request.session, request.request, request.cost, std::move(list)});
}

void Office::suspend(const OfficeRequest& request, const Suspend& body, Answers& answers) {
  auto found = find_user(directory_, body.who);
  if (!found.ok()) return refuse_operator(request, found.error(), answers);
  auto record = std::move(found).take();
  const auto status =
      body.suspended ? store::AccountStatus::suspended : store::AccountStatus::active;
  if (record.status != status && !directory_.set_status(record.account, status).ok()) {
    return refuse_operator(request, RefusalCode::unavailable, answers);
  }
  record.status = status;
  if (body.suspended) {
    for (const auto& device : record.devices) {
      dismiss(device, RefusalCode::account_suspended, answers);
    }
  }
  answers.push_back({request.session, request.request, request.cost, UserStatus{line_of(record)}});
}

/// Answered when the bytes have left the disk: scrub_erased.
void Office::erase(const OfficeRequest& request, const Erase& body, Answers& answers) {
  const auto found = find_user(directory_, body.who);
  if (!found.ok()) return refuse_operator(request, found.error(), answers);
  const auto& record = found.value();
  const auto line = line_of(record);
  // Proofs first: of an account that is gone nobody would ask again.
  if (!handles_.forget(record.account).ok() || !directory_.erase(record.account).ok()) {
    return refuse_operator(request, RefusalCode::unavailable, answers);
  }
  for (const auto& device : record.devices) {
    suspects_.push_back(device);
    dismiss(device, RefusalCode::account_erased, answers);
  }
  erasures_.push_back({request.session, request.request, request.cost, UserErased{line}});
}

void Office::scrub_erased(Answers& answers) {
  if (erasures_.empty()) return;
  const bool mailboxes_scrubbed = mailboxes_.scrub().ok();
  const bool directory_scrubbed = directory_.scrub().ok();
  const bool proofs_scrubbed = handles_.scrub().ok();
  const bool scrubbed = mailboxes_scrubbed && directory_scrubbed && proofs_scrubbed;
  health_.scrub_fails = !scrubbed;
  for (auto& answer : std::exchange(erasures_, {})) {
    std::get<UserErased>(answer.body).scrubbed = scrubbed;
    answers.push_back(std::move(answer));
  }
}

}  // namespace martlet::server
