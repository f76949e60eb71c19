#pragma once

namespace martlet::net {

/// A place in at most one list of things that know their own place: joining and leaving cost the
/// same however long the list is, and allocate nothing. Leaves when destroyed. A list's head is a
/// node as well; whoever is behind it came first.
class RingNode {
 public:
  RingNode() = default;
  ~RingNode() { leave(); }
  RingNode(const RingNode&) = delete;
  RingNode& operator=(const RingNode&) = delete;

  bool is_alone() const { return next_ == this; }
  RingNode& next() const { return *next_; }
  void leave() {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = this;
  }
  /// Leaves where it was. Before a head: last of its list.
  void join_before(RingNode& other) {
    leave();
    previous_ = other.previous_;
    next_ = &other;
    previous_->next_ = other.previous_ = this;
  }
  /// Takes all of the list of `head`, which is empty afterwards. Only while alone.
  void take_all(RingNode& head) {
    if (head.is_alone()) return;
    join_before(head);
    head.leave();
  }

 private:
  RingNode* next_ = this;
  RingNode* previous_ = this;
};

}  // namespace martlet::net
