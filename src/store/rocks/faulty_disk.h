#pragma once

// For tests: a folder whose writes fail as planned and whose power can be cut.

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

#include "base/check.h"
#include "store/server_store_contract.h"

namespace martlet::store::server_contract {

/// A folder of its own, deleted in the end.
class TestFolder {
 public:
  TestFolder() {
    // In memory where there is a folder for that: these tests open hundreds of databases.
    const bool in_memory = std::filesystem::is_directory("/dev/shm");
    std::string name = (in_memory ? "/dev/shm/" : ::testing::TempDir()) + "martlet-store-XXXXXX";
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return copy_of(bytes_of(bytes.str()));
}
inline void write_file(const std::filesystem::path& path, ByteView bytes) {
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  out << text_of(bytes);
  CHECK(out.flush().good());
}

/// Counts appends, syncs (of files and folders) and renames as writes. Syncing only notes how much
/// a power cut leaves, so tests run at the speed of memory. Thread-safe: RocksDB writes from
/// threads of its own.
class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem() : FileSystemWrapper{rocksdb::FileSystem::Default()} {}
  const char* Name() const override { return "faulty"; }

  void fail_write(std::size_t number, WriteFault fault) {
    const std::lock_guard lock{mutex_};
    plan_.fail_write(number, fault);
    of_thread_.reset();
    keep_unsynced_ = fault == WriteFault::written;
  }
  /// The next write of this thread.
  void fail_own_write(WriteFault fault) {
    fail_write(0, fault);
    const std::lock_guard lock{mutex_};
    of_thread_ = std::this_thread::get_id();
  }
  bool has_failed() const {
    const std::lock_guard lock{mutex_};
    return plan_.has_failed();
  }
  /// Every write fails with this from now on; ok: they work again.
  void fail_all(rocksdb::IOStatus status) {
    const std::lock_guard lock{mutex_};
    all_ = std::move(status);
  }
  /// Call it before a store is dropped, so that it can put nothing right on its way out.
  void switch_off() { fail_all(rocksdb::IOStatus::IOError("no power")); }
  /// What was not synced is gone, unless the planned fault was that answers are lost.
  void switch_on() {
    const std::lock_guard lock{mutex_};
    all_ = rocksdb::IOStatus::OK();
    for (const auto& [name, size] : synced_) {
      if (keep_unsynced_ || !std::filesystem::exists(name)) continue;
      if (std::filesystem::file_size(name) > size) std::filesystem::resize_file(name, size);
    }
    synced_.clear();
  }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* out,
                                    rocksdb::IODebugContext* debug) override {
    {
      const std::lock_guard lock{mutex_};
      if (!all_.ok()) return all_;
    }
    auto status = target()->NewWritableFile(name, options, out, debug);
    if (status.ok()) *out = std::make_unique<File>(*this, name, std::move(*out));
    const std::lock_guard lock{mutex_};
    synced_[name] = 0;
    return status;
  }
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options,
                                 std::uint64_t* bytes, rocksdb::IODebugContext* debug) override {
    const std::lock_guard lock{mutex_};
    auto status = target()->GetFreeSpace(path, options, bytes, debug);
    if (all_.IsNoSpace()) *bytes = 0;
    return status;
  }
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* out,
                                 rocksdb::IODebugContext* debug) override {
    auto status = target()->NewDirectory(name, options, out, debug);
    if (status.ok()) *out = std::make_unique<Directory>(*this, std::move(*out));
    return status;
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    return write([&] {
      auto status = target()->RenameFile(from, to, options, debug);
      auto moved = synced_.extract(from);
      if (!moved.empty()) {
        synced_.erase(to);
        moved.key() = to;
        synced_.insert(std::move(moved));
      }
      return status;
    });
  }
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    const std::lock_guard lock{mutex_};
    if (!all_.ok()) return all_;
    synced_.erase(name);
    return target()->DeleteFile(name, options, debug);
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(FaultyFileSystem& disk, std::string name, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper{std::move(file)}, disk_{disk}, name_{std::move(name)} {}
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      return disk_.write([&] { return target()->Append(data, options, debug); });
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&,
                             rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      return disk_.write([&] {
        auto status = target()->Flush(options, debug);
        if (disk_.synced_.contains(name_)) {
          disk_.synced_[name_] = std::filesystem::file_size(name_);
        }
        return status;
      });
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
      return Sync(options, debug);
    }
    void PrepareWrite(std::size_t, std::size_t, const rocksdb::IOOptions&,
                      rocksdb::IODebugContext*) override {}
    rocksdb::IOStatus RangeSync(std::uint64_t, std::uint64_t, const rocksdb::IOOptions&,
                                rocksdb::IODebugContext*) override {
      return rocksdb::IOStatus::OK();
    }

   private:
    FaultyFileSystem& disk_;
    const std::string name_;
  };

  class Directory final : public rocksdb::FSDirectoryWrapper {
   public:
    Directory(FaultyFileSystem& disk, std::unique_ptr<rocksdb::FSDirectory> directory)
        : FSDirectoryWrapper{std::move(directory)}, disk_{disk} {}
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
      return disk_.write([] { return rocksdb::IOStatus::OK(); });
    }
    rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options,
                                          rocksdb::IODebugContext* debug,
                                          const rocksdb::DirFsyncOptions&) override {
      return Fsync(options, debug);
    }

   private:
    FaultyFileSystem& disk_;
  };

  template <class Write>
  rocksdb::IOStatus write(const Write& real) {
    const std::lock_guard lock{mutex_};
    if (!all_.ok()) return all_;
    const bool counts = !of_thread_ || *of_thread_ == std::this_thread::get_id();
    const auto fault = counts ? plan_.next() : WriteFault::none;
    if (fault == WriteFault::lost) return rocksdb::IOStatus::IOError("nothing was written");
    auto status = real();
    if (fault == WriteFault::written) return rocksdb::IOStatus::IOError("the answer was lost");
    return status;
  }

  mutable std::mutex mutex_;
  FaultPlan plan_;
  std::optional<std::thread::id> of_thread_;  ///< whose writes count; nothing: everybody's
  bool keep_unsynced_ = false;
  rocksdb::IOStatus all_;
  std::map<std::string, std::uintmax_t> synced_;  ///< bytes that a power cut leaves
};

/// RocksDB sleeps for a second when a background job fails; these tests make many fail.
class ImpatientEnv final : public rocksdb::EnvWrapper {
 public:
  /// `files` is the file system of `env`, which outlives this.
  ImpatientEnv(rocksdb::Env& env, const std::shared_ptr<rocksdb::FileSystem>& files)
      : EnvWrapper{&env} {
    file_system_ = files;
    system_clock_ = std::make_shared<Clock>();
  }

 private:
  class Clock final : public rocksdb::SystemClockWrapper {
   public:
    Clock() : SystemClockWrapper{rocksdb::SystemClock::Default()} {}
    const char* Name() const override { return "impatient"; }
    void SleepForMicroseconds(int micros) override {
      target_->SleepForMicroseconds(std::min(micros, 1'000));
    }
  };
};

/// A Disk with `OpenStore`: a function from path, environment and options to a store.
template <class Store, class... Options>
class RocksDisk final : public Disk<Store, Options...> {
 public:
  using OpenStore = Result<std::unique_ptr<Store>> (*)(const std::string& path, rocksdb::Env* env,
                                                       const Options&...);
  explicit RocksDisk(OpenStore open_store) : open_store_{open_store} {}
  ~RocksDisk() override { store_.reset(); }

  Result<void> open(const Options&... options) override {
    files_->switch_off();
    store_.reset();
    files_->switch_on();
    store_ = TRY(open_store_((folder_.path() / "store").string(), env_.get(), options...));
    return {};
  }
  Store& store() override { return *store_; }
  void fail_write(std::size_t number, WriteFault fault) override {
    files_->fail_write(number, fault);
  }
  void fail_own_write(WriteFault fault) override { files_->fail_own_write(fault); }
  bool has_failed() const override { return files_->has_failed(); }
  FaultyFileSystem& files() { return *files_; }
  std::filesystem::path path() const { return folder_.path() / "store"; }

 private:
  const TestFolder folder_;
  const OpenStore open_store_;
  const std::shared_ptr<FaultyFileSystem> files_ = std::make_shared<FaultyFileSystem>();
  const std::unique_ptr<rocksdb::Env> patient_env_ = rocksdb::NewCompositeEnv(files_);
  const std::unique_ptr<rocksdb::Env> env_ = std::make_unique<ImpatientEnv>(*patient_env_, files_);
  std::unique_ptr<Store> store_;
};

}  // namespace martlet::store::server_contract
