#include "store/rocks/database_files.h"

#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "store/rocks/log_check.h"

namespace martlet::store {
namespace {

Result<std::string> content(rocksdb::Env& env, const std::string& path) {
  std::string bytes;
  TRY(result_of(rocksdb::ReadFileToString(&env, path, &bytes)));
  return bytes;
}

constexpr std::string_view kListPrefix = "MANIFEST-";

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

/// How long the name of a list of files is that begins at `at`; 0: none does.
std::size_t list_name_bytes(std::string_view text, std::size_t at) {
  const auto name = text.substr(at);
  if (!name.starts_with(kListPrefix)) return 0;
  const auto digits = name.substr(kListPrefix.size());
  const auto end = std::ranges::find_if_not(digits, is_digit);
  return end == digits.begin()
             ? 0
             : kListPrefix.size() + static_cast<std::size_t>(end - digits.begin());
}

/// The digits that end right before `end`; empty if there are none, or nothing is there.
std::string number_before(const std::string& text, std::size_t end) {
  if (end == std::string::npos) return {};
  auto begin = end;
  while (begin > 0 && is_digit(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

/// Judges every log file, oldest first. Gives back whether any holds a record.
Result<bool> judge_logs(rocksdb::Env& env, const std::string& folder,
                        const std::vector<std::string>& logs, FilesVerdict& verdict) {
  bool hold_records = false;
  for (const auto& name : logs) {
    const auto bytes = TRY(content(env, folder + "/" + name));
    if (bytes.empty()) continue;
    hold_records = true;
    if (verdict.torn && verdict.suspect.empty()) verdict.suspect = name;  // records behind a tear
    const auto state = judge_log(bytes_of(bytes));
    verdict.torn = verdict.torn || state == LogState::torn;
    if (state != LogState::damaged) continue;
    // An older log may be one that is not needed any more; the newest is needed always.
    (name == logs.back() ? verdict.damaged : verdict.suspect) = name;
  }
  if (!verdict.suspect.empty()) verdict.torn = false;
  return hold_records;
}

/// The list of files is a log too, of which RocksDB would drop a damaged end.
Result<bool> list_is_damaged(rocksdb::Env& env, const std::string& path) {
  if (env.FileExists(path).IsNotFound()) return false;  // RocksDB says so
  return judge_log(bytes_of(TRY(content(env, path)))) == LogState::damaged;
}

/// A table that cannot be read from end to end.
std::string damaged_table(const rocksdb::Options& options, const std::string& folder) {
  std::vector<std::string> names;
  if (!options.env->GetChildren(folder, &names).ok()) return {};
  for (const auto& name : names) {
    if (!name.ends_with(".sst")) continue;
    rocksdb::SstFileReader reader{options};
    if (!reader.Open(folder + "/" + name).ok() || !reader.VerifyChecksum().ok()) return name;
  }
  return {};
}

}  // namespace

Error error_of(const rocksdb::Status& status) {
  if (status.IsCorruption()) return {Failure::corrupt, "the store's files are damaged"};
  // RocksDB has no code of its own for a lock that another process (or store) holds.
  const auto text = status.ToString();
  if (status.IsIOError() && (text.find("lock hold by current process") != std::string::npos ||
                             text.find("While lock file") != std::string::npos)) {
    return {Failure::in_use, "another process has the store open"};
  }
  if (text.find("No such file") != std::string::npos) {
    return {Failure::corrupt, "a file of the store is missing"};
  }
  return {Failure::unavailable, "the disk failed"};
}

Result<void> result_of(const rocksdb::Status& status) {
  if (status.ok()) return {};
  return error_of(status);
}

Result<FilesVerdict> judge_files(rocksdb::Env& env, const std::string& folder) {
  std::vector<std::string> names;
  TRY(result_of(env.GetChildren(folder, &names)));
  std::ranges::sort(names);
  std::vector<std::string> logs;
  bool holds_tables = false;
  bool opened_before = false;
  bool has_current = false;
  for (const auto& name : names) {
    if (name.ends_with(".log")) logs.push_back(name);
    if (name.ends_with(".sst")) holds_tables = true;
    if (name == "CURRENT") has_current = true;
    // Written when a database is opened for the first time, behind its first log.
    if (name.starts_with("OPTIONS-")) opened_before = true;
  }
  FilesVerdict verdict;
  const bool holds_records = TRY(judge_logs(env, folder, logs, verdict));
  if (has_current) {
    auto list = TRY(content(env, folder + "/CURRENT"));
    if (!list.ends_with('\n') || list_name_bytes(list, 0) + 1 != list.size()) {
      verdict.damaged = "CURRENT";
      return verdict;
    }
    list.pop_back();
    if (TRY(list_is_damaged(env, folder + "/" + list))) verdict.damaged = list;
    if ((holds_tables || opened_before) && logs.empty()) verdict.damaged = "*.log";
  } else if (holds_tables || holds_records) {
    verdict.damaged = "CURRENT";  // without it RocksDB would begin anew and delete the rest
  }
  return verdict;
}

std::string damaged_file(const rocksdb::Options& options, const std::string& folder,
                         const rocksdb::Status& status) {
  const auto text = status.ToString();
  for (const auto* suffix : {".sst", ".ldb", ".log"}) {
    const auto number = number_before(text, text.find(suffix));
    if (number.empty()) continue;
    // A table that is missing is also looked for under the suffix of old.
    return number + (suffix == std::string_view{".ldb"} ? ".sst" : suffix);
  }
  // RocksDB often names the list of files where a table is what is wrong.
  const auto table = damaged_table(options, folder);
  if (!table.empty()) return table;
  const auto list = text.find(kListPrefix);
  if (list != std::string::npos) return text.substr(list, list_name_bytes(text, list));
  return text.find("CURRENT") == std::string::npos ? "" : "CURRENT";
}

}  // namespace martlet::store
