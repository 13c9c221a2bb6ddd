// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many workers pay. Two workers that meet every ten microseconds are slower
// than one alone when a busy neighbour takes one of their processors in turns:
// whenever one is interrupted, all wait. So the time that workers lost by
// waiting for each other is watched in windows of a few tens of milliseconds.
// When too much of it was lost, and the system says that workers stood in the
// queue of a processor meanwhile, fewer take part for a while; then all are
// tried again, at longer and longer intervals as long as that fails.
//
// With n workers and a part s of their time lost, n (1 - s) workers' work is
// done. Fewer are better when s exceeds what one worker less would lose; a
// worker's own gain is taken for less than a whole worker, as memory's speed is
// shared.
#pragma once

#include <cstdint>
#include <functional>

namespace terrazzo::machine {

class Contention {
public:
  /// Nanoseconds that the workers have stood in a processor's queue so far;
  /// `unknown` when the system does not tell.
  using QueueTime = std::function<uint64_t()>;
  static constexpr uint64_t unknown = UINT64_MAX;

  Contention(unsigned workers, QueueTime queueTime)
      : workers(workers), current(workers), queueTime(std::move(queueTime)) {}

  /// Workers that should take part now, at `now` nanoseconds of a clock that
  /// never goes back.
  unsigned active(uint64_t now);

  /// A run of active() workers took `nanoseconds`, of which they waited `lost`
  /// in sum for shares in the hands of others.
  void ran(uint64_t nanoseconds, uint64_t lost);

  /// True when all took part for a while and lost next to nothing: the
  /// processors seem to be theirs alone.
  bool alone() const { return quiet >= quietNanoseconds; }

private:
  static constexpr uint64_t millisecond = 1'000'000;
  static constexpr uint64_t window = 20 * millisecond;
  static constexpr uint64_t probe = 8 * millisecond;
  static constexpr uint64_t shortestHold = 100 * millisecond;
  static constexpr uint64_t longestHold = 1600 * millisecond;
  static constexpr uint64_t quietNanoseconds = 250 * millisecond;

  void judge();
  bool confirmed(double most);
  void reduce(double share);
  void beginWindow(bool suspicious);

  unsigned workers;
  unsigned current;
  QueueTime queueTime;
  bool probing = false;
  bool suspicious = false; ///< the window began with a look at the queues
  uint64_t queuedAtBegin = 0;
  uint64_t ranFor = 0; ///< of the window in progress
  uint64_t lostIn = 0;
  uint64_t quiet = 0;
  uint64_t hold = shortestHold;
  uint64_t clock = 0; ///< of the last question
  uint64_t holdUntil = 0;
};

} // namespace terrazzo::machine
