#pragma once

// What every MailboxStore engine must do. An engine's test includes this file, wraps its disk in a
// MailboxDisk and instantiates MailboxStoreContract, MailboxStoreLate, MailboxStoreModel and
// MailboxStoreFaults:
//   INSTANTIATE_TEST_SUITE_P(Memory, MailboxStoreContract, ::testing::Values(&make_disk));

#include "store/mailbox_store_contract_items.h"

namespace martlet::store::server_contract {

using MailboxDisk = Disk<MailboxStore, MailboxLimits>;
using MakeMailboxDisk = std::unique_ptr<MailboxDisk> (*)();

}  // namespace martlet::store::server_contract

#include "store/mailbox_store_contract_cases.h"
#include "store/mailbox_store_contract_faults.h"
#include "store/mailbox_store_contract_late.h"
