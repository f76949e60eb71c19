#include "store/rocks/rocks_database.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/table.h>
#include <rocksdb/table_properties.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "base/check.h"
#include "store/rocks/database_files.h"

namespace martlet::store {
namespace {

constexpr std::uint64_t kVerifyBytesMax = 256ULL * 1024 * 1024;  // about a quarter of a second

rocksdb::Slice slice(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
ByteView view(const rocksdb::Slice& slice) { return bytes_of({slice.data(), slice.size()}); }

/// RocksDB's own log would be text that we did not choose, in a file that grows.
class Silence final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::Options options_of(const RocksDatabase::Settings& settings, rocksdb::Env& env,
                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 * 1024;
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;  // so that memory has one bound

  rocksdb::Options options;
  options.create_if_missing = true;
  options.env = &env;
  options.info_log = std::make_shared<Silence>();
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;  // sealed bytes do not shrink
  options.write_buffer_size = settings.write_buffer_bytes;
  options.max_write_buffer_number = 3;
  options.max_background_jobs = 2;
  options.max_open_files = 256;
  options.max_file_opening_threads = 1;
  options.target_file_size_base = 16 * 1024 * 1024;
  options.max_bytes_for_level_base = 64 * 1024 * 1024;
  options.level_compaction_dynamic_level_bytes = true;
  options.max_manifest_file_size = 4 * 1024 * 1024;
  options.manifest_preallocation_size = 64 * 1024;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.allow_concurrent_memtable_write = false;  // one writer
  return options;
}

}  // namespace

RocksDatabase::RocksDatabase(std::string path, const Settings& settings)
    : path_{std::move(path)},
      settings_{settings},
      cache_{rocksdb::NewLRUCache(settings.cache_bytes, 0)} {}

RocksDatabase::~RocksDatabase() = default;

rocksdb::Env& RocksDatabase::env() const {
  return settings_.env != nullptr ? *settings_.env : *rocksdb::Env::Default();
}

Result<std::unique_ptr<RocksDatabase>> RocksDatabase::open(const std::string& path,
                                                           const Settings& settings,
                                                           std::string* damaged_file) {
  std::string ignored;
  if (damaged_file == nullptr) damaged_file = &ignored;
  damaged_file->clear();
  std::unique_ptr<RocksDatabase> database{new RocksDatabase{path, settings}};
  if (!database->env().CreateDirIfMissing(path).ok()) {
    return Error{Failure::unavailable, "the store's folder cannot be created"};
  }
  TRY(database->open_database(damaged_file));
  TRY(database->verify(damaged_file));
  return database;
}

Result<void> RocksDatabase::open_database(std::string* damaged_file) {
  const auto verdict = TRY(judge_files(env(), path_));
  if (!verdict.damaged.empty()) {
    *damaged_file = verdict.damaged;
    return Error{Failure::corrupt, "a file of the store is damaged or missing"};
  }
  auto options = options_of(settings_, env(), cache_);
  options.wal_recovery_mode = verdict.torn ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                                           : rocksdb::WALRecoveryMode::kAbsoluteConsistency;
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(options, path_, &db);
  db_.reset(db);
  if (status.ok()) return {};
  const auto error = error_of(status);
  if (error.failure == Failure::corrupt) {
    *damaged_file = store::damaged_file(options, path_, status);
    if (damaged_file->empty()) *damaged_file = verdict.suspect;
  }
  return error;
}

/// Reads every table once, unless that takes too long; later reads check what they read.
Result<void> RocksDatabase::verify(std::string* damaged_file) {
  std::uint64_t bytes = 0;
  CHECK(db_->GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &bytes));
  if (bytes > kVerifyBytesMax) return {};
  const auto status = db_->VerifyChecksum();
  if (status.ok()) return {};
  *damaged_file = store::damaged_file(db_->GetOptions(), path_, status);
  return error_of(status);
}

Result<std::optional<Bytes>> RocksDatabase::get(ByteView key) {
  if (!db_) TRY(mend());
  rocksdb::PinnableSlice row;
  const auto status =
      db_->Get(rocksdb::ReadOptions{}, db_->DefaultColumnFamily(), slice(key), &row);
  if (status.IsNotFound()) return std::optional<Bytes>{};
  TRY(result_of(status));
  return std::optional{copy_of(view(row))};
}

Result<void> RocksDatabase::scan(ByteView first, ByteView end, const Visit& visit) {
  if (!db_) TRY(mend());
  rocksdb::ReadOptions options;
  const auto upper_bound = slice(end);
  options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> at{db_->NewIterator(options)};
  for (at->Seek(slice(first)); at->Valid(); at->Next()) {
    if (!TRY(visit(view(at->key()), view(at->value())))) return {};
  }
  return result_of(at->status());
}

void RocksDatabase::put(rocksdb::WriteBatch& batch, ByteView key,
                        std::initializer_list<ByteView> row) {
  constexpr std::size_t kPartsMax = 2;
  CHECK(row.size() <= kPartsMax);
  std::array<rocksdb::Slice, kPartsMax> parts;
  std::ranges::transform(row, parts.begin(), slice);
  const auto whole_key = slice(key);
  const auto status = batch.Put(rocksdb::SliceParts{&whole_key, 1},
                                rocksdb::SliceParts{parts.data(), static_cast<int>(row.size())});
  CHECK(status.ok());  // memory only
}

void RocksDatabase::erase(rocksdb::WriteBatch& batch, ByteView key) {
  CHECK(batch.SingleDelete(slice(key)).ok());  // memory only
}

Result<void> RocksDatabase::write(rocksdb::WriteBatch&& batch) {
  TRY(mend());
  // It counts each comparison of two keys, which is a seventh of what a write costs.
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = db_->Write(options, &batch);
  if (status.ok()) return {};
  sound_ = false;
  failed_ = std::make_unique<rocksdb::WriteBatch>(std::move(batch));
  return error_of(status);
}

namespace {

/// Collects the keys that a batch touches.
class Keys final : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(std::uint32_t, const rocksdb::Slice& key, const rocksdb::Slice&) override {
    keys.push_back(copy_of(view(key)));
    return rocksdb::Status::OK();
  }
  rocksdb::Status SingleDeleteCF(std::uint32_t, const rocksdb::Slice& key) override {
    keys.push_back(copy_of(view(key)));
    return rocksdb::Status::OK();
  }
  std::vector<Bytes> keys;
};

}  // namespace

/// After a failed write only opening the database again tells whether it reached the disk. Until
/// there is room to do that, the open one still answers reads, as it was before that write.
Result<void> RocksDatabase::mend() {
  if (sound_) return {};
  TRY(remember_rows());
  std::uint64_t free_bytes = 0;
  if (env().GetFreeSpace(path_, &free_bytes).ok() &&
      free_bytes < 2 * settings_.write_buffer_bytes) {
    return Error{Failure::unavailable, "the disk is full"};
  }
  db_.reset();
  std::string damaged_file;
  const auto opened = open_database(&damaged_file);
  if (!opened.ok() && opened.error().failure != Failure::corrupt) {
    return Error{Failure::unavailable, "the disk failed"};  // even if another process was quicker
  }
  TRY(opened);
  const auto restored = restore_rows();
  if (!restored.ok()) {
    db_.reset();  // its rows are not those that we told
    return restored;
  }
  before_.clear();
  sound_ = true;
  return {};
}

Result<void> RocksDatabase::remember_rows() {
  if (!failed_) return {};
  Keys touched;
  CHECK(failed_->Iterate(&touched).ok());
  std::map<Bytes, std::optional<Bytes>> before;
  for (auto& key : touched.keys) {
    auto row = TRY(get(key));
    before.emplace(std::move(key), std::move(row));
  }
  before_ = std::move(before);
  failed_.reset();
  return {};
}

/// Puts back what the failed write changed, if it reached the disk.
Result<void> RocksDatabase::restore_rows() {
  rocksdb::WriteBatch batch;
  for (const auto& [key, before] : before_) {
    const auto now = TRY(get(key));
    if (now == before) continue;
    if (now) erase(batch, key);
    if (before) put(batch, key, {*before});
  }
  if (batch.Count() == 0) return {};
  rocksdb::WriteOptions options;
  options.sync = true;
  return result_of(db_->Write(options, &batch));
}

Result<void> RocksDatabase::scrub() {
  TRY(mend());
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  auto status = db_->Flush(rocksdb::FlushOptions{});
  if (status.ok()) status = db_->CompactRange(options, nullptr, nullptr);
  // Deletes the files that are not needed any more before it returns, not some time later.
  if (status.ok()) status = db_->EnableFileDeletions(true);
  if (status.ok()) return {};
  sound_ = false;  // RocksDB may refuse further writes
  return error_of(status);
}

Result<void> RocksDatabase::scrub_names() {
  TRY(scrub());
  sound_ = false;
  return mend();
}

Result<std::uint64_t> RocksDatabase::row_bytes_among_erased() {
  rocksdb::TablePropertiesCollection tables;
  TRY(result_of(db_->GetPropertiesOfAllTables(&tables)));
  std::uint64_t bytes = 0;
  std::uint64_t erased = 0;
  for (const auto& [name, properties] : tables) {
    bytes += properties->raw_value_size;
    erased += properties->num_deletions;
  }
  return erased > 0 ? std::max<std::uint64_t>(bytes, 1) : 0;
}

}  // namespace martlet::store
