#pragma once

#include <cstddef>

#include "net/ring.h"

namespace martlet::net {

/// Somebody at the door of a reactor: a connection whose handshake has work to do. Leaves by itself
/// when destroyed.
class Newcomer : private RingNode {
 public:
  Newcomer() = default;
  Newcomer(const Newcomer&) = delete;
  Newcomer& operator=(const Newcomer&) = delete;
  bool is_waiting() const { return !is_alone(); }
  bool is_admitted() const { return admission_ != nullptr; }
  virtual ~Newcomer();
  /// One step of the handshake; the first one after admission.
  virtual void on_admitted() = 0;

 private:
  friend class Admission;
  class Admission* admission_ = nullptr;  ///< who counts us
};

/// Who may shake hands now. A handshake costs as much as a hundred messages and tens of kilobytes,
/// and after a restart all devices come at once; so only so many are under way, and the others wait
/// unread, in the order in which they spoke. Who is under way goes before who still waits. Pure;
/// belongs to one reactor.
class Admission {
 public:
  explicit Admission(std::size_t under_way_max) : under_way_max_{under_way_max} {}

  /// Asks for a call of on_admitted(). Asking twice is asking once.
  void ask(Newcomer& newcomer) {
    if (newcomer.is_waiting()) return;
    newcomer.join_before(newcomer.is_admitted() ? under_way_ : waiting_);
  }
  /// The one to call next, admitted by this call if he was not; null: nobody can be.
  Newcomer* next() {
    if (!under_way_.is_alone()) return take(under_way_);
    if (waiting_.is_alone() || count_ >= under_way_max_) return nullptr;
    auto* first = take(waiting_);
    first->admission_ = this;
    ++count_;
    return first;
  }
  bool has_next() const {
    return !under_way_.is_alone() || (!waiting_.is_alone() && count_ < under_way_max_);
  }
  /// His handshake is done, or will never be.
  void leave(Newcomer& newcomer) {
    newcomer.RingNode::leave();
    if (newcomer.admission_ == nullptr) return;
    newcomer.admission_ = nullptr;
    --count_;
  }
  bool has_waiting() const { return !waiting_.is_alone(); }
  std::size_t under_way() const { return count_; }
  void set_under_way_max(std::size_t most) { under_way_max_ = most; }

 private:
  static Newcomer* take(RingNode& head) {
    auto& first = static_cast<Newcomer&>(head.next());
    first.RingNode::leave();
    return &first;
  }
  RingNode waiting_;
  RingNode under_way_;
  std::size_t under_way_max_;
  std::size_t count_ = 0;
};

inline Newcomer::~Newcomer() {
  if (admission_ != nullptr) admission_->leave(*this);
}

}  // namespace martlet::net
