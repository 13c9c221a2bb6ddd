// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/Team.h"

#include <chrono>
#include <gtest/gtest.h>
#include <numeric>
#include <thread>

using namespace terrazzo::exec;

namespace {

/// Each worker adds its neighbour's value of the phase before: wrong sums
/// appear as soon as one worker passes a barrier early.
struct Ring {
  Team *team;
  std::vector<uint64_t> values[2];
  int phases;

  static void work(void *context, unsigned worker) {
    auto &self = *static_cast<Ring *>(context);
    unsigned count = self.team->size();
    for (int phase = 0; phase < self.phases; ++phase) {
      auto &from = self.values[phase % 2], &to = self.values[(phase + 1) % 2];
      to[worker] = from[worker] + from[(worker + 1) % count];
      self.team->barrier();
    }
  }
};

uint64_t ringSum(Team &team, int phases) {
  Ring ring{&team, {}, phases};
  for (auto &values : ring.values)
    values.assign(team.size(), 1);
  team.run(Ring::work, &ring);
  const auto &last = ring.values[phases % 2];
  return std::accumulate(last.begin(), last.end(), uint64_t(0));
}

} // namespace

TEST(Team, BarrierOrdersPhases) {
  for (unsigned workers : {1, 2, 3, 7}) {
    Team team(workers);
    ASSERT_EQ(team.size(), workers);
    constexpr int phases = 40;
    for (int call = 0; call < 20; ++call)
      EXPECT_EQ(ringSum(team, phases), uint64_t(workers) << phases);
  }
}

TEST(Team, SleepsWhenIdleAndWakes) {
  Team team(2);
  for (int call = 0; call < 5; ++call) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_EQ(ringSum(team, 3), 16u);
  }
}

TEST(Team, OversubscriptionIsNoDisaster) {
  // Spinning without end would take a time slice for each of these barriers,
  // minutes in all.
  unsigned workers = 4 * unsigned(usableProcessors().size());
  Team team(workers);
  auto begin = std::chrono::steady_clock::now();
  constexpr int phases = 50;
  for (int call = 0; call < 10; ++call)
    EXPECT_EQ(ringSum(team, phases), uint64_t(workers) << phases);
  auto elapsed = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(elapsed, std::chrono::seconds(20));
}

TEST(Team, ManyTeamsComeAndGo) {
  for (int i = 0; i < 50; ++i)
    Team team(3);
}
