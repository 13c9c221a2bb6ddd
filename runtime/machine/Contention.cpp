// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/Contention.h"

#include <algorithm>

namespace terrazzo::machine {

unsigned Contention::active(uint64_t now) {
  clock = now;
  if (current < workers && now >= holdUntil) {
    current = workers;
    probing = true;
    beginWindow(true);
  }
  return current;
}

void Contention::ran(uint64_t nanoseconds, uint64_t lost) {
  if (current == 1)
    return;
  ranFor += nanoseconds;
  lostIn += lost;
  if (ranFor >= (probing ? probe : window))
    judge();
}

void Contention::judge() {
  double share = double(lostIn) / (double(ranFor) * (current - 1));
  // One worker more is taken for three quarters of a worker's gain.
  double fewer = double(current - 1) / current;
  double most = std::max(0.1, 1 - fewer * 1.25);
  if (share <= most) {
    constexpr double negligible = 0.02;
    quiet = share < negligible && current == workers ? quiet + ranFor : 0;
    probing = false;
    beginWindow(false);
  } else if (!suspicious) {
    // An uneven division of work makes workers wait as well. Whether they were
    // kept from working shows in the next window.
    beginWindow(true);
  } else if (confirmed(most)) {
    reduce(share);
  } else {
    probing = false;
    beginWindow(false);
  }
}

bool Contention::confirmed(double most) {
  uint64_t queued = queueTime();
  if (queued == unknown || queuedAtBegin == unknown)
    return true;
  return double(queued - queuedAtBegin) > most * double(ranFor);
}

void Contention::reduce(double share) {
  // Further steps down belong to the first one's attempt.
  if (current == workers)
    hold = probing ? std::min(2 * hold, longestHold) : shortestHold;
  holdUntil = clock + ranFor + hold;
  constexpr double heavy = 0.6;
  current = share > heavy ? std::max(1u, current / 2)
                          : current - std::max(1u, current / 8);
  quiet = 0;
  probing = false;
  beginWindow(true);
}

void Contention::beginWindow(bool look) {
  suspicious = look;
  ranFor = lostIn = 0;
  if (look)
    queuedAtBegin = queueTime();
}

} // namespace terrazzo::machine
