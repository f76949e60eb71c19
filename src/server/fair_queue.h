#pragma once

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace martlet::server {

/// A queue for many flows in which no flow's backlog makes another wait: flows take turns, and in
/// a turn each gives about `quantum` of cost (deficit round robin, Shreedhar and Varghese 1995; an
/// item that costs more than is left passes, and its flow sits turns out until that is made up).
/// Within a flow the order stays. push and pop are O(1), and allocate only when the queue grows
/// longer than it was. Owned by one thread.
template <class Key, class Item, class Hash>
class FairQueue {
 public:
  explicit FairQueue(std::uint32_t quantum) : quantum_{quantum}, table_(kTableMin, kNone) {}

  void push(const Key& key, std::uint32_t cost, Item item) {
    const auto node = take(nodes_, free_node_);
    nodes_[node] = Node{std::move(item), cost, kNone};
    const auto flow = find_or_add(key);
    auto& mine = flows_[flow];
    (mine.last == kNone ? mine.first : nodes_[mine.last].next) = node;
    mine.last = node;
    ++size_;
  }

  /// Gives the next items in turn to `take_item(Item&&)`, which leaves the queue alone, at most
  /// `items_max`.
  template <class Take>
  void pop(std::size_t items_max, Take take_item) {
    for (; items_max > 0 && size_ > 0; --items_max) {
      next_turn();
      auto& flow = flows_[turn_first_];
      const auto node = flow.first;
      flow.credit -= nodes_[node].cost;
      take_item(std::move(nodes_[node].item));
      flow.first = nodes_[node].next;
      nodes_[node] = Node{Item{}, 0, std::exchange(free_node_, node)};
      if (flow.first == kNone) remove_first();
      --size_;
    }
    if (size_ == 0 && nodes_.size() > kKeptNodes) *this = FairQueue{quantum_};
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Flows that have something in the queue.
  std::size_t flows() const { return flow_count_; }
  /// So many items of a burst that is over keep their memory.
  static constexpr std::size_t kKeptNodes = 4'096;

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = std::numeric_limits<Index>::max();
  static constexpr std::size_t kTableMin = 64;

  struct Node {
    Item item;
    std::uint32_t cost = 0;
    Index next = kNone;  ///< of its flow, or of the free ones
  };
  struct Flow {
    Key key{};
    std::int64_t credit = 0;
    Index first = kNone, last = kNone;
    Index next_turn = kNone;
    Index next = kNone;  ///< in its place of the table, or of the free ones
  };

  template <class Pool>
  static Index take(Pool& pool, Index& free) {
    if (free != kNone) return std::exchange(free, pool[free].next);
    pool.emplace_back();
    return static_cast<Index>(pool.size() - 1);
  }

  /// Until the first flow may give something.
  void next_turn() {
    while (flows_[turn_first_].credit <= 0) {
      auto& credit = flows_[turn_first_].credit;
      if (turn_first_ == turn_last_) credit = 0;  // there is nobody to make it up to
      credit += quantum_;
      if (turn_first_ == turn_last_) return;
      const auto flow = std::exchange(turn_first_, flows_[turn_first_].next_turn);
      flows_[flow].next_turn = kNone;
      flows_[turn_last_].next_turn = flow;
      turn_last_ = flow;
    }
  }

  Index& place_of(const Key& key) { return table_[Hash{}(key) & (table_.size() - 1)]; }

  Index find_or_add(const Key& key) {
    for (auto flow = place_of(key); flow != kNone; flow = flows_[flow].next) {
      if (flows_[flow].key == key) return flow;
    }
    if (flow_count_ == table_.size()) grow_table();
    const auto flow = take(flows_, free_flow_);
    auto& place = place_of(key);
    flows_[flow] = Flow{key, quantum_, kNone, kNone, kNone, std::exchange(place, flow)};
    (turn_last_ == kNone ? turn_first_ : flows_[turn_last_].next_turn) = flow;
    turn_last_ = flow;
    ++flow_count_;
    return flow;
  }

  void remove_first() {
    const auto flow = turn_first_;
    turn_first_ = flows_[flow].next_turn;
    if (turn_first_ == kNone) turn_last_ = kNone;
    auto* at = &place_of(flows_[flow].key);
    while (*at != flow) at = &flows_[*at].next;
    *at = flows_[flow].next;
    flows_[flow].next = std::exchange(free_flow_, flow);
    --flow_count_;
  }

  void grow_table() {
    table_.assign(2 * table_.size(), kNone);
    for (auto flow = turn_first_; flow != kNone; flow = flows_[flow].next_turn) {
      flows_[flow].next = std::exchange(place_of(flows_[flow].key), flow);
    }
  }

  std::uint32_t quantum_;
  std::vector<Node> nodes_;
  std::vector<Flow> flows_;
  std::vector<Index> table_;  ///< flows by hash; its size is a power of two
  Index free_node_ = kNone, free_flow_ = kNone;
  Index turn_first_ = kNone, turn_last_ = kNone;  ///< flows in the order of their turns
  std::size_t flow_count_ = 0;
  std::size_t size_ = 0;
};

}  // namespace martlet::server
