// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/Team.h"
#include "machine/Limits.h"

#include <chrono>
#include <gtest/gtest.h>
#include <numeric>
#include <sched.h>
#include <thread>

using namespace terrazzo::machine;

namespace {

/// Each share adds its neighbour's value of the phase before: wrong sums appear
/// as soon as a phase begins before the one before is done, or a share is done
/// twice or not at all.
struct Ring {
  static constexpr unsigned places = 60; // divisible by 1 ... 6
  std::vector<uint64_t> values[2];
  std::atomic<unsigned> mostShares{0};
  std::atomic<bool> foreignWorker{false};
  unsigned size = 0;
  unsigned slowWorker = ~0u;

  static void work(void *context, const Part &part) {
    auto &self = *static_cast<Ring *>(context);
    if (part.worker >= self.size)
      self.foreignWorker = true;
    if (part.shares > self.mostShares)
      self.mostShares = part.shares;
    if (part.worker == self.slowWorker)
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    auto &from = self.values[part.phase % 2];
    auto &to = self.values[(part.phase + 1) % 2];
    for (unsigned i = part.share; i < places; i += part.shares)
      to[i] = from[i] + from[(i + 1) % places];
  }
};

uint64_t ringSum(Team &team, unsigned phases, unsigned slowWorker = ~0u) {
  Ring ring;
  ring.size = team.size();
  ring.slowWorker = slowWorker;
  for (auto &values : ring.values)
    values.assign(Ring::places, 1);
  team.run(phases, Ring::work, &ring);
  EXPECT_FALSE(ring.foreignWorker);
  EXPECT_LE(ring.mostShares, team.size());
  const auto &last = ring.values[phases % 2];
  return std::accumulate(last.begin(), last.end(), uint64_t(0));
}

} // namespace

TEST(Team, PhasesAreInOrder) {
  for (unsigned workers : {1, 2, 3, 7}) {
    Team team(workers);
    ASSERT_EQ(team.size(), workers);
    constexpr unsigned phases = 40;
    for (int call = 0; call < 200; ++call)
      ASSERT_EQ(ringSum(team, phases), uint64_t(Ring::places) << phases);
  }
}

TEST(Team, EveryShareIsDoneOnce) {
  Team team(3);
  constexpr uint32_t phases = 1000;
  struct Count {
    std::atomic<uint32_t> perPhase[phases]{};
    std::atomic<uint64_t> shares{0};
  } count;
  for (int call = 0; call < 20; ++call) {
    for (auto &one : count.perPhase)
      one = 0;
    team.run(
        phases,
        [](void *context, const Part &part) {
          auto &self = *static_cast<Count *>(context);
          self.perPhase[part.phase] += 1u << (8 * part.share);
          self.shares = part.shares;
        },
        &count);
    uint32_t each = count.shares == 3   ? 0x10101u
                    : count.shares == 2 ? 0x101u
                                        : 1u;
    for (auto &one : count.perPhase)
      ASSERT_EQ(one, each);
  }
}

TEST(Team, NothingToDo) {
  Team team(2);
  EXPECT_EQ(ringSum(team, 0), uint64_t(Ring::places));
  EXPECT_EQ(ringSum(team, 1), uint64_t(2 * Ring::places));
}

TEST(Team, SleepsWhenIdleAndWakes) {
  Team team(2);
  for (int call = 0; call < 5; ++call) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_EQ(ringSum(team, 3), uint64_t(8 * Ring::places));
  }
}

TEST(Team, ASlowWorkerDoesNotHoldUpWhatItHasNotClaimed) {
  // The other does whatever the slow one has not begun: at most one share of
  // the slow one's is waited for at a time, so many phases overtake it.
  Team team(2);
  auto begin = std::chrono::steady_clock::now();
  constexpr unsigned phases = 60;
  EXPECT_EQ(ringSum(team, phases, 1), uint64_t(Ring::places) << phases);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST(Team, OversubscriptionIsNoDisaster) {
  unsigned workers = 8 * unsigned(usableProcessors().size());
  Team team(workers);
  auto begin = std::chrono::steady_clock::now();
  constexpr unsigned phases = 50;
  for (int call = 0; call < 40; ++call)
    ASSERT_EQ(ringSum(team, phases), uint64_t(Ring::places) << phases);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Team, ManyTeamsComeAndGo) {
  for (int i = 0; i < 50; ++i)
    Team team(3);
}

TEST(Team, LeavesTheCallersAffinityAsItWas) {
  cpu_set_t before, after;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  {
    Team team(2, /*pinCaller=*/true);
    auto end =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(600);
    while (std::chrono::steady_clock::now() < end)
      ringSum(team, 40);
  }
  ASSERT_EQ(::sched_getaffinity(0, sizeof(after), &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}
