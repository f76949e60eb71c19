#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "net/ring.h"

namespace martlet::net {

/// One thing that waits for a time, part of its owner. Leaves the wheel when destroyed.
class WheelEntry : private RingNode {
 public:
  bool is_armed() const { return !is_alone(); }
  std::uint64_t due() const { return due_; }  ///< meaningful while armed
  void disarm() { leave(); }

 private:
  friend class TimerWheel;
  std::uint64_t due_ = 0;
};

/// Whom to wake when, for any number of waiters: arming, moving and leaving cost the same however
/// many there are, and the passing of time costs nothing while nobody is due. Time is a count of
/// ticks that never goes back. Who is due later than kHorizon is moved on until his time comes.
/// (Varghese and Lauck's hierarchical wheels.) Pure, for one thread; outlives its entries' stay.
class TimerWheel {
 public:
  explicit TimerWheel(std::uint64_t now) : now_{now} {}

  /// Takes the entry to `due`, wherever it was; what is due already comes with the next tick.
  void arm(WheelEntry& entry, std::uint64_t due) {
    entry.due_ = due > now_ ? due : now_ + 1;
    put(entry);
  }

  /// Calls `wake(entry)` for each that is due by `now`, in the order of their times, after taking
  /// it out. `wake` may arm, disarm and destroy entries, this one too, but not advance.
  template <class Wake>
  void advance(std::uint64_t now, Wake wake) {
    while (const auto next = next_stop()) {
      if (*next > now) break;
      now_ = *next;
      for (unsigned level = kLevels - 1; level > 0; --level) {
        if ((now_ & (span(level) - 1)) == 0) take_down(level);
      }
      RingNode due;  // apart: who is armed anew meanwhile is not met again
      take_slot(0, index(0), due);
      wake_all(due, wake);
    }
    if (now > now_) now_ = now;
  }

  /// Calls `release(entry)` for everybody, whenever he is due, after taking him out.
  template <class Release>
  void release_all(Release release) {
    for (unsigned level = 0; level < kLevels; ++level) {
      for (auto& slot : slots_[level]) wake_all(slot, release);
    }
  }

  /// When advance has to be called next at the latest; nothing: nobody waits. May be too early.
  std::optional<std::uint64_t> next_stop() const {
    std::optional<std::uint64_t> first;
    for (unsigned level = 0; level < kLevels; ++level) {
      if (occupied_[level] == 0) continue;
      // Slots lie ahead of the present one; it itself comes again after a full turn.
      const auto turned = std::rotr(occupied_[level], static_cast<int>(index(level)) + 1);
      const auto ahead = static_cast<std::uint64_t>(std::countr_zero(turned)) + 1;
      const auto at = ((now_ >> (kBits * level)) + ahead) << (kBits * level);
      if (!first || at < *first) first = at;
    }
    return first;
  }

  std::uint64_t now() const { return now_; }

  static constexpr unsigned kBits = 6;
  static constexpr unsigned kLevels = 4;
  static constexpr std::uint64_t kHorizon = std::uint64_t{1} << (kBits * kLevels);

 private:
  static constexpr std::uint64_t kSlots = 1U << kBits;

  static constexpr std::uint64_t span(unsigned level) {
    return std::uint64_t{1} << (kBits * level);
  }
  std::uint64_t index(unsigned level) const { return (now_ >> (kBits * level)) & (kSlots - 1); }

  void put(WheelEntry& entry) {
    auto due = entry.due_;
    if (due - now_ >= kHorizon) due = now_ + kHorizon - 1;
    unsigned level = 0;
    while (due - now_ >= span(level + 1)) ++level;
    const auto slot = (due >> (kBits * level)) & (kSlots - 1);
    entry.join_before(slots_[level][slot]);
    occupied_[level] |= std::uint64_t{1} << slot;
  }
  void take_slot(unsigned level, std::uint64_t slot, RingNode& into) {
    occupied_[level] &= ~(std::uint64_t{1} << slot);
    into.take_all(slots_[level][slot]);
  }
  template <class Wake>
  static void wake_all(RingNode& head, Wake& wake) {
    while (!head.is_alone()) {
      auto& entry = static_cast<WheelEntry&>(head.next());
      entry.disarm();
      wake(entry);
    }
  }
  /// From a coarse slot whose time has come to finer ones.
  void take_down(unsigned level) {
    RingNode moved;
    take_slot(level, index(level), moved);
    while (!moved.is_alone()) put(static_cast<WheelEntry&>(moved.next()));
  }

  std::uint64_t now_;
  std::array<std::uint64_t, kLevels> occupied_{};  ///< a bit a slot; stays set when entries leave
  std::array<std::array<RingNode, kSlots>, kLevels> slots_;
};

}  // namespace martlet::net
