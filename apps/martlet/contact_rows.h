#pragma once

#include <algorithm>
#include <vector>

#include "store/vault_records.h"

namespace martlet::cli {

/// The handles of each contact together, contacts by name: what a person calls one row.
inline std::vector<std::vector<store::ContactRecord>> contact_rows(
    std::vector<store::ContactRecord> contacts) {
  std::ranges::stable_sort(contacts, [](const auto& a, const auto& b) {
    return std::tie(a.name, a.person) < std::tie(b.name, b.person);
  });
  std::vector<std::vector<store::ContactRecord>> rows;
  for (auto& contact : contacts) {
    const bool is_same = !rows.empty() && contact.person != 0 &&
                         rows.back().front().person == contact.person &&
                         rows.back().front().name == contact.name;
    if (!is_same) rows.emplace_back();
    rows.back().push_back(std::move(contact));
  }
  return rows;
}

}  // namespace martlet::cli
