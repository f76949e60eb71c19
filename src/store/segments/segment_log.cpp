#include "store/segments/segment_log.h"

#include <fmt/format.h>

#include <charconv>

#include "base/check.h"

namespace martlet::store {
namespace {

constexpr const char* kSuffix = ".log";
constexpr std::size_t kDigits = 16;

}  // namespace

std::string SegmentLog::name_of(std::uint64_t number) {
  return fmt::format("{:016x}{}", number, kSuffix);
}

std::optional<std::uint64_t> SegmentLog::number_of(const std::string& name) {
  std::uint64_t number = 0;
  if (name.size() != kDigits + 4) return std::nullopt;
  const auto* end = name.data() + kDigits;
  const auto [at, error] = std::from_chars(name.data(), end, number, 16);
  if (error != std::errc{} || at != end || name != name_of(number)) return std::nullopt;
  return number;
}

std::uint32_t SegmentLog::add(std::unique_ptr<Segment> segment, std::optional<std::uint32_t> slot) {
  if (!slot) {
    const auto free =
        std::ranges::find_if(slots_, [](const auto& other) { return other == nullptr; });
    slot = static_cast<std::uint32_t>(free - slots_.begin());
  }
  CHECK(*slot < Entry::kSlotsMax);
  if (*slot >= slots_.size()) slots_.resize(*slot + 1);
  CHECK(slots_[*slot] == nullptr);
  numbers_[segment->number] = *slot;
  next_number_ = std::max(next_number_, segment->number + 1);
  quiet_bytes_ += segment->file->size();
  slots_[*slot] = std::move(segment);
  return *slot;
}

Segment* SegmentLog::by_number(std::uint64_t number) {
  const auto found = numbers_.find(number);
  return found == numbers_.end() ? nullptr : slots_[found->second].get();
}

Result<void> SegmentLog::mend(Sequence floor) {
  if (active() == nullptr) {
    for (const auto& [number, slot] : numbers_) {
      auto& segment = *slots_[slot];
      const auto before = segment.file->size();
      const bool is_left_alone = segment.damaged && !segment.torn;
      if (is_left_alone || before <= segment.end.offset) continue;
      // Behind the end are zeros, which only take room, or what a crash left half written.
      const auto cut = segment.file->truncate(segment.end.offset);
      quiet_bytes_ -= before - segment.file->size();
      if (!segment.torn) continue;
      if (!cut.ok()) return cut;
      TRY(segment.file->sync());
      segment.torn = false;
    }
    return renew(floor);
  }
  if (!doubtful_) return {};
  auto& file = *active()->file;
  TRY(file.truncate(active()->end.offset));
  TRY(file.sync());
  doubtful_ = false;
  if (active()->end.offset > 0) return {};
  header_.floor = floor;
  return write_header();
}

/// Makes the file, but writes nothing: its header goes with the first batch.
Result<void> SegmentLog::begin(Sequence floor) {
  auto segment = std::make_unique<Segment>();
  segment->number = next_number_;
  segment->epoch = files_.random();
  segment->end = {0, 0};
  segment->file = TRY(files_.create(name_of(segment->number)));
  const auto reserved = segment->file->allocate(step_bytes());
  if (!reserved.ok()) {
    // The name is taken again next time; a file left behind is empty.
    static_cast<void>(files_.remove(name_of(segment->number)).ok());
    return reserved;
  }
  header_ = {segment->number, segment->epoch, floor};
  if (auto* old = active()) {
    // Only zeros are behind its end.
    static_cast<void>(old->file->truncate(old->end.offset).ok());
    quiet_bytes_ += old->file->size();
  }
  const auto bytes = segment->file->size();
  active_ = add(std::move(segment));
  quiet_bytes_ -= bytes;
  return {};
}

Result<void> SegmentLog::write_header() {
  const auto bytes = encode_segment_header(header_);
  const auto written = perform(write_of(bytes));
  if (!written.ok()) {
    failed();
    return written;
  }
  wrote(bytes.size());
  return {};
}

Result<void> SegmentLog::renew(Sequence floor) {
  TRY(begin(floor));
  return write_header();
}

Result<void> SegmentLog::make_room(std::uint64_t bytes, bool may_use_reserve, Sequence floor) {
  TRY(mend(floor));
  const auto is_full = [&] {
    const auto end = active()->end.offset;
    return end > kSegmentHeaderBytes && end + bytes > segment_bytes_;
  };
  if (is_full()) {
    const auto begun = begin(floor);
    // A batch of removals goes where there is room, if need be beyond the usual size.
    if (!begun.ok() && !may_use_reserve) return begun;
  }
  auto& file = *active()->file;
  const auto end = active()->end.offset + (active()->end.offset == 0 ? kSegmentHeaderBytes : 0);
  const auto needed = end + bytes + (may_use_reserve ? 0 : reserve_bytes());
  if (needed <= file.size()) return {};
  const auto step = (needed / step_bytes() + 1) * step_bytes();
  const auto reserved = file.allocate(step);
  // The last of the disk is for removals, which make room.
  return reserved.ok() || !may_use_reserve ? reserved : file.allocate(needed);
}

SegmentLog::Write SegmentLog::write_of(ByteView bytes) {
  return {active()->file.get(), &files_, active()->end.offset, bytes};
}

/// A new segment's header is safe before anything follows it: so a file with records and no header
/// is damaged, not young.
Result<void> SegmentLog::perform(const Write& write) {
  auto [file, files, offset, bytes] = write;
  if (offset == 0) {
    TRY(file->write(0, bytes.first(kSegmentHeaderBytes)));
    TRY(file->sync());
    TRY(files->sync_folder());
    offset = kSegmentHeaderBytes;
    bytes = bytes.subspan(kSegmentHeaderBytes);
    if (bytes.empty()) return {};
  }
  TRY(file->write(offset, bytes));
  return file->sync();
}

void SegmentLog::wrote(std::size_t bytes) {
  auto& end = active()->end;
  if (end.offset == 0) {  // the folder was synced with it
    unlinked_.clear();
    look_ = true;
  }
  end.offset += bytes;
}

bool SegmentLog::is_dead(const Segment& segment) const {
  if (segment.live_items > 0 || segment.damaged || is_active(segment)) return false;
  const auto needs = [&](std::uint64_t number) {
    return number != segment.number && exists(number);
  };
  return std::ranges::none_of(segment.removes_from, needs) &&
         std::ranges::none_of(segment.moved_from, needs);
}

bool SegmentLog::delete_dead() {
  bool some = false;
  // The first life's first append begins the active segment, which carries the sequences on.
  if (!look_ || active() == nullptr || active()->end.offset == 0) return false;
  for (auto at = numbers_.begin(); at != numbers_.end();) {
    const auto [number, slot] = *at++;
    auto& segment = *slots_[slot];
    if (!is_dead(segment)) continue;
    const auto bytes = segment.file->size();
    if (!files_.remove(name_of(number)).ok()) continue;
    quiet_bytes_ -= bytes;
    unlinked_.insert(number);
    numbers_.erase(number);
    slots_[slot] = nullptr;
    some = true;
  }
  look_ = some;
  return some;
}

Result<void> SegmentLog::delete_all_dead() {
  do {
    if (!unlinked_.empty()) TRY(files_.sync_folder());
    unlinked_.clear();
    look_ = true;
  } while (delete_dead());
  return {};
}

std::uint64_t SegmentLog::disk_bytes() const {
  return quiet_bytes_ + (active_ ? slots_[*active_]->file->size() : 0);
}

}  // namespace martlet::store
