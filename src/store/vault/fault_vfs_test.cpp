#include "store/vault/fault_vfs_test.h"

#include <gtest/gtest.h>
#include <sqlcipher/sqlite3.h>
#include <stdlib.h>

#include <new>

#include "base/check.h"

namespace martlet::store {

struct FaultVfs::State {
  std::string name;
  sqlite3_vfs vfs{};
  sqlite3_vfs* below = nullptr;

  std::uint64_t operations = 0;
  std::uint64_t failing = 0;  ///< number of an operation; 0: none
  WriteFault fault = WriteFault::none;
  WriteFault commit_fault = WriteFault::none;
  bool die_after = false;
  bool dead = false;
  bool full = false;
  bool frames_unsynced = false;  ///< the WAL got frames since its last sync

  /// Counts an operation and says what becomes of it.
  WriteFault next() {
    ++operations;
    if (dead) return WriteFault::lost;
    if (operations != failing) return WriteFault::none;
    dead = die_after;
    return fault;
  }
  /// Does the operation, or not, or does it and denies it.
  template <class Operation>
  int run(int failure, Operation operation) {
    const auto fate = next();
    if (fate == WriteFault::lost) return failure;
    const int code = operation();
    return fate == WriteFault::written ? failure : code;
  }
};

namespace {

constexpr sqlite3_int64 kWalHeaderBytes = 32;

struct FaultFile {
  sqlite3_file base;
  FaultVfs::State* state;
  bool is_wal;
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultFile& file_of(sqlite3_file* file) { return *reinterpret_cast<FaultFile*>(file); }

int close_file(sqlite3_file* file) {
  auto* below = file_of(file).below();
  return below->pMethods->xClose(below);
}
int read_file(sqlite3_file* file, void* data, int size, sqlite3_int64 at) {
  auto* below = file_of(file).below();
  return below->pMethods->xRead(below, data, size, at);
}
int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  auto& self = file_of(file);
  auto& state = *self.state;
  auto* below = self.below();
  if (self.is_wal && at >= kWalHeaderBytes) state.frames_unsynced = true;
  if (self.is_wal && state.commit_fault == WriteFault::lost) {
    state.commit_fault = WriteFault::none;
    ++state.operations;
    return SQLITE_IOERR_WRITE;
  }
  sqlite3_int64 length = 0;
  if (state.full && below->pMethods->xFileSize(below, &length) == SQLITE_OK && at + size > length) {
    ++state.operations;
    return SQLITE_FULL;
  }
  return state.run(SQLITE_IOERR_WRITE,
                   [&] { return below->pMethods->xWrite(below, data, size, at); });
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  auto* below = file_of(file).below();
  return file_of(file).state->run(SQLITE_IOERR_TRUNCATE,
                                  [&] { return below->pMethods->xTruncate(below, size); });
}
int sync_file(sqlite3_file* file, int) {
  auto& self = file_of(file);
  auto& state = *self.state;
  const bool ends_commit = self.is_wal && std::exchange(state.frames_unsynced, false);
  const int code = state.run(SQLITE_IOERR_FSYNC, [] { return SQLITE_OK; });
  if (ends_commit && state.commit_fault == WriteFault::written) {
    state.commit_fault = WriteFault::none;
    return SQLITE_IOERR_FSYNC;
  }
  return code;
}
int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  auto* below = file_of(file).below();
  return below->pMethods->xFileSize(below, size);
}
int lock_file(sqlite3_file* file, int level) {
  auto* below = file_of(file).below();
  return below->pMethods->xLock(below, level);
}
int unlock_file(sqlite3_file* file, int level) {
  auto* below = file_of(file).below();
  return below->pMethods->xUnlock(below, level);
}
int check_lock(sqlite3_file* file, int* reserved) {
  auto* below = file_of(file).below();
  return below->pMethods->xCheckReservedLock(below, reserved);
}
int control_file(sqlite3_file* file, int operation, void* argument) {
  auto* below = file_of(file).below();
  return below->pMethods->xFileControl(below, operation, argument);
}
int sector_size(sqlite3_file* file) {
  auto* below = file_of(file).below();
  return below->pMethods->xSectorSize(below);
}
int characteristics(sqlite3_file* file) {
  auto* below = file_of(file).below();
  return below->pMethods->xDeviceCharacteristics(below);
}

// Version 1 has no shared memory: a vault that asked for it could not be opened here.
constexpr sqlite3_io_methods kMethods{
    1,         close_file,  read_file,  write_file,   truncate_file, sync_file,       size_of_file,
    lock_file, unlock_file, check_lock, control_file, sector_size,   characteristics, nullptr,
    nullptr,   nullptr,     nullptr,    nullptr,      nullptr};

FaultVfs::State& state_of(sqlite3_vfs* vfs) {
  return *static_cast<FaultVfs::State*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto& state = state_of(vfs);
  auto* self = new (file) FaultFile{};
  self->state = &state;
  self->is_wal = (flags & SQLITE_OPEN_WAL) != 0;
  const int code = state.below->xOpen(state.below, name, self->below(), flags, out_flags);
  self->base.pMethods = self->below()->pMethods != nullptr ? &kMethods : nullptr;
  return code;
}
int delete_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  auto& state = state_of(vfs);
  return state.run(SQLITE_IOERR_DELETE,
                   [&] { return state.below->xDelete(state.below, name, sync_folder); });
}

}  // namespace

FaultVfs::FaultVfs() : state_{std::make_unique<State>()} {
  auto& state = *state_;
  state.below = sqlite3_vfs_find(nullptr);
  CHECK(state.below != nullptr);
  state.name = "fault-" + std::to_string(reinterpret_cast<std::uintptr_t>(state_.get()));
  state.vfs = *state.below;
  state.vfs.pNext = nullptr;
  state.vfs.szOsFile += static_cast<int>(sizeof(FaultFile));
  state.vfs.zName = state.name.c_str();
  state.vfs.pAppData = state_.get();
  state.vfs.xOpen = open_file;
  state.vfs.xDelete = delete_file;
  CHECK(sqlite3_vfs_register(&state.vfs, 0) == SQLITE_OK);
}
FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(&state_->vfs); }

const std::string& FaultVfs::name() const { return state_->name; }
std::uint64_t FaultVfs::operations() const { return state_->operations; }
void FaultVfs::fail_at(std::uint64_t operation, WriteFault fault, bool and_all_after) {
  state_->failing = operation;
  state_->fault = fault;
  state_->die_after = and_all_after;
}
void FaultVfs::fail_next_commit(WriteFault fault) { state_->commit_fault = fault; }
void FaultVfs::die() { state_->dead = true; }
void FaultVfs::fill_up() { state_->full = true; }
void FaultVfs::revive() {
  state_->failing = 0;
  state_->commit_fault = WriteFault::none;
  state_->dead = false;
  state_->full = false;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = testing::TempDir() + "martlet-vault-XXXXXX";
  CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace martlet::store
