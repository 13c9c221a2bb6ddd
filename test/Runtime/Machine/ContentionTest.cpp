// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/Contention.h"

#include <gtest/gtest.h>

using namespace terrazzo::machine;

namespace {

constexpr uint64_t millisecond = 1'000'000;

/// A machine in which runs of one millisecond lose a part of each waiting
/// worker's time while a neighbour is there.
struct Machine {
  uint64_t now = 0;
  uint64_t queued = 0;
  bool tells = true;
  double lost = 0;         ///< part of the time, of all but one worker
  bool interrupted = true; ///< else the work is merely uneven

  Contention::QueueTime queueTime() {
    return [this] { return tells ? queued : Contention::unknown; };
  }
  /// The average number of workers in `milliseconds`.
  double run(Contention &contention, unsigned milliseconds) {
    double sum = 0;
    for (unsigned i = 0; i < milliseconds; ++i) {
      unsigned active = contention.active(now);
      sum += active;
      bool suffers = active > 1;
      auto wasted = uint64_t(double(millisecond) * (suffers ? lost : 0));
      contention.ran(millisecond, wasted * (active - 1));
      if (interrupted)
        queued += wasted;
      now += millisecond;
    }
    return sum / milliseconds;
  }
};

} // namespace

TEST(Contention, AQuietMachineKeepsAll) {
  Machine machine;
  Contention contention(2, machine.queueTime());
  EXPECT_FALSE(contention.alone());
  EXPECT_EQ(machine.run(contention, 1000), 2);
  EXPECT_TRUE(contention.alone());
}

TEST(Contention, ABusyNeighbourLeavesOneOfTwo) {
  Machine machine;
  machine.lost = 0.6;
  Contention contention(2, machine.queueTime());
  machine.run(contention, 1000);
  // Attempts with both are rare.
  EXPECT_LT(machine.run(contention, 5000), 1.02);
  EXPECT_FALSE(contention.alone());
}

TEST(Contention, ComesBackWhenTheNeighbourIsGone) {
  Machine machine;
  machine.lost = 0.6;
  Contention contention(2, machine.queueTime());
  machine.run(contention, 5000);
  machine.lost = 0;
  machine.run(contention, 2000);
  EXPECT_EQ(machine.run(contention, 100), 2);
}

TEST(Contention, UnevenWorkIsNoNeighbour) {
  Machine machine;
  machine.lost = 0.6;
  machine.interrupted = false;
  Contention contention(4, machine.queueTime());
  EXPECT_EQ(machine.run(contention, 1000), 4);
  EXPECT_FALSE(contention.alone());
}

TEST(Contention, ASystemThatTellsNothingIsBelievedTheWaits) {
  Machine machine;
  machine.lost = 0.6;
  machine.tells = false;
  Contention contention(2, machine.queueTime());
  machine.run(contention, 1000);
  EXPECT_LT(machine.run(contention, 5000), 1.02);
}

TEST(Contention, FarTooManyAreFewSoon) {
  Machine machine;
  machine.lost = 0.95;
  Contention contention(64, machine.queueTime());
  machine.run(contention, 200);
  EXPECT_LE(machine.run(contention, 50), 1.5);
}

TEST(Contention, OneStaysOne) {
  Machine machine;
  Contention contention(1, machine.queueTime());
  EXPECT_EQ(machine.run(contention, 100), 1);
}
