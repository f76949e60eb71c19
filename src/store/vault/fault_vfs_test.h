#pragma once

// For tests only: the code is in fault_vfs_test.cpp, so no program has it.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "store/write_fault.h"

namespace martlet::store {

/// A file layer for SQLite that does what the system's does, until told otherwise. Every write,
/// sync, truncation and deletion is an operation; they are counted from 1. Syncs are not passed on:
/// here processes die, not disks. Not thread-safe.
class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  const std::string& name() const;
  std::uint64_t operations() const;

  /// Operation number `operation` fails: `lost` before, `written` after it was done. With
  /// `and_all_after` everything later fails too, and is not done, until revive().
  void fail_at(std::uint64_t operation, WriteFault fault, bool and_all_after);
  /// The next commit fails: `lost` at its first write, `written` after its last sync.
  void fail_next_commit(WriteFault fault);
  /// From now on nothing reaches the disk, as if the process had been killed.
  void die();
  /// From now on there is no room for a file to grow.
  void fill_up();
  void revive();  ///< forgets all of it

  struct State;

 private:
  std::unique_ptr<State> state_;
};

/// A new folder for one test, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace martlet::store
