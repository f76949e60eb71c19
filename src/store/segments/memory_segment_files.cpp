#include "store/segments/memory_segment_files.h"

#include <algorithm>

#include "base/check.h"

namespace martlet::store {
namespace {

constexpr std::size_t kSectorBytes = 512;
const Error kNoAnswer{Failure::unavailable, "the disk did not answer"};

}  // namespace

class MemoryFile final : public SegmentFile {
 public:
  MemoryFile(MemorySegmentDisk& disk, std::shared_ptr<MemorySegmentDisk::Inode> inode)
      : disk_{disk}, inode_{std::move(inode)} {}

  Result<void> write(std::uint64_t offset, ByteView bytes) override {
    return change({offset, copy_of(bytes), {}});
  }
  Result<void> allocate(std::uint64_t size) override {
    if (size <= inode_->current.size()) return {};
    return change({0, {}, size});
  }
  Result<void> truncate(std::uint64_t size) override { return change({0, {}, size}); }
  Result<void> zero(std::uint64_t offset, std::uint64_t size) override {
    return change({offset, Bytes(size), {}});
  }
  Result<void> sync() override {
    ++disk_.syncs;
    return disk_.attempt([this]() -> Result<void> {
      inode_->durable = inode_->current;
      inode_->unsynced.clear();
      return {};
    });
  }
  Result<std::size_t> read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    ++disk_.reads;
    const auto& bytes = inode_->current;
    if (offset >= bytes.size()) return std::size_t{0};
    const auto part = ByteView{bytes}.subspan(offset);
    const auto size = std::min(part.size(), into.size());
    std::copy_n(part.begin(), size, into.begin());
    return size;
  }
  Result<bool> read_both(std::uint64_t offset, std::span<std::uint8_t> first,
                         std::span<std::uint8_t> second) const override {
    if (TRY(read(offset, first)) < first.size()) return false;
    return TRY(read(offset + first.size(), second)) == second.size();
  }
  std::uint64_t size() const override { return inode_->current.size(); }

 private:
  Result<void> change(MemorySegmentDisk::Change change) {
    return disk_.attempt([&]() -> Result<void> {
      disk_.bytes_written += change.bytes.size();
      const auto end = change.size.value_or(change.offset + change.bytes.size());
      const auto grown = end - std::min<std::uint64_t>(end, inode_->current.size());
      if (disk_.bytes_max > 0 && grown > 0 && disk_.total_bytes() + grown > disk_.bytes_max) {
        return Error{Failure::unavailable, "the disk is full"};
      }
      MemorySegmentDisk::apply(inode_->current, change);
      inode_->unsynced.push_back(std::move(change));
      return {};
    });
  }

  MemorySegmentDisk& disk_;
  const std::shared_ptr<MemorySegmentDisk::Inode> inode_;
};

class MemoryFolder final : public SegmentFiles {
 public:
  explicit MemoryFolder(MemorySegmentDisk& disk) : disk_{disk} {}
  ~MemoryFolder() override {
    if (locked_) disk_.locked_ = false;
  }
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;

  Result<void> lock() override {
    if (disk_.locked_) return Error{Failure::in_use, "another store is open on this disk"};
    locked_ = disk_.locked_ = true;
    return {};
  }
  Result<std::vector<std::string>> list() const override { return disk_.names(); }
  Result<std::unique_ptr<SegmentFile>> open_file(const std::string& name) override {
    const auto found = disk_.names_.find(name);
    if (found == disk_.names_.end()) return kNoAnswer;
    return std::unique_ptr<SegmentFile>{std::make_unique<MemoryFile>(disk_, found->second)};
  }
  Result<std::unique_ptr<SegmentFile>> create(const std::string& name) override {
    if (disk_.names_.contains(name)) {
      auto file = TRY(open_file(name));
      TRY(file->truncate(0));
      return file;
    }
    const auto inode = std::make_shared<MemorySegmentDisk::Inode>();
    TRY(disk_.change_names([=](auto& names) { names[name] = inode; }));
    return open_file(name);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return disk_.change_names([=](auto& names) {
      auto moved = names.extract(from);
      if (moved.empty()) return;
      names.erase(to);
      moved.key() = to;
      names.insert(std::move(moved));
    });
  }
  Result<void> remove(const std::string& name) override {
    return disk_.change_names([=](auto& names) { names.erase(name); });
  }
  Result<void> sync_folder() override {
    return disk_.attempt([this]() -> Result<void> {
      disk_.durable_names_ = disk_.names_;
      disk_.unsynced_names_.clear();
      return {};
    });
  }
  std::uint64_t random() override {
    std::array<std::uint8_t, 8> bytes;
    disk_.random_.fill(bytes);
    std::uint64_t value = 0;
    for (const auto byte : bytes) value = (value << 8U) | byte;
    return value;
  }

 private:
  MemorySegmentDisk& disk_;
  bool locked_ = false;
};

Result<void> MemorySegmentDisk::attempt(const std::function<Result<void>()>& change) {
  if (off_) return kNoAnswer;
  const auto what = fault ? fault() : WriteFault::none;
  if (what == WriteFault::lost) return kNoAnswer;
  TRY(change());
  if (what == WriteFault::written) return kNoAnswer;
  return {};
}

Result<void> MemorySegmentDisk::change_names(NameChange change) {
  return attempt([&]() -> Result<void> {
    change(names_);
    unsynced_names_.push_back(std::move(change));
    return {};
  });
}

void MemorySegmentDisk::apply(Bytes& bytes, const Change& change) {
  if (change.size) {
    bytes.resize(*change.size);
    return;
  }
  const auto end = change.offset + change.bytes.size();
  if (bytes.size() < end) bytes.resize(end);
  std::ranges::copy(change.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

/// Sector by sector, as the disk happened to write them.
void MemorySegmentDisk::keep_some(Inode& inode) {
  for (const auto& change : inode.unsynced) {
    if (change.size) {
      if (random_.below(2) == 0) apply(inode.durable, change);
      continue;
    }
    const auto all = random_.below(4);  // often all or nothing: else long writes are never whole
    for (std::size_t at = 0; at < change.bytes.size();) {
      const auto sector_end = (change.offset + at) / kSectorBytes * kSectorBytes + kSectorBytes;
      const auto size =
          std::min<std::size_t>(change.bytes.size() - at, sector_end - (change.offset + at));
      if (all == 0 || (all > 1 && random_.below(2) == 0)) {
        const auto part = ByteView{change.bytes}.subspan(at, size);
        apply(inode.durable, {change.offset + at, copy_of(part), {}});
      }
      at += size;
    }
  }
}

void MemorySegmentDisk::cut_power(Unsynced unsynced) {
  std::vector<std::shared_ptr<Inode>> inodes;
  for (const auto& [name, inode] : names_) inodes.push_back(inode);
  for (const auto& [name, inode] : durable_names_) {
    if (std::ranges::find(inodes, inode) == inodes.end()) inodes.push_back(inode);
  }
  for (const auto& inode : inodes) {
    if (unsynced == Unsynced::kept) inode->durable = inode->current;
    if (unsynced == Unsynced::some) keep_some(*inode);
    inode->current = inode->durable;
    inode->unsynced.clear();
  }
  for (const auto& change : unsynced_names_) {
    const bool keep =
        unsynced == Unsynced::kept || (unsynced == Unsynced::some && random_.below(2) == 0);
    if (keep) change(durable_names_);
  }
  unsynced_names_.clear();
  names_ = durable_names_;
  off_ = false;
}

std::unique_ptr<SegmentFiles> MemorySegmentDisk::files() {
  return std::make_unique<MemoryFolder>(*this);
}

std::vector<std::string> MemorySegmentDisk::names() const {
  std::vector<std::string> names;
  for (const auto& [name, inode] : names_) names.push_back(name);
  return names;
}

Bytes MemorySegmentDisk::content(const std::string& name) const { return names_.at(name)->current; }

void MemorySegmentDisk::set_content(const std::string& name, Bytes bytes) {
  auto& inode = names_[name];
  if (!inode) inode = std::make_shared<Inode>();
  inode->durable = inode->current = std::move(bytes);
  inode->unsynced.clear();
  durable_names_[name] = inode;
}

void MemorySegmentDisk::erase(const std::string& name) {
  names_.erase(name);
  durable_names_.erase(name);
}

std::uint64_t MemorySegmentDisk::total_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [name, inode] : names_) bytes += inode->current.size();
  return bytes;
}

}  // namespace martlet::store
