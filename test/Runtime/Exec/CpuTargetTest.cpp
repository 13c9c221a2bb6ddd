// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/CpuTarget.h"

#include <gtest/gtest.h>

using namespace terrazzo::machine;

static CpuFeatures zen5() {
  CpuFeatures cpu;
  cpu.v3 = cpu.v4 = cpu.vnni = cpu.bf16 = cpu.bf16Fast = true;
  return cpu;
}

TEST(CpuTarget, AnswersBestFirst) {
  EXPECT_EQ(cpuTargets(zen5()),
            (std::vector<std::string>{"cpu:x86-64-v4+vnni+bf16=fast",
                                      "cpu:x86-64-v4+vnni", "cpu:x86-64-v4",
                                      "cpu:x86-64-v3"}));
  CpuFeatures slow = zen5();
  slow.bf16Fast = false;
  EXPECT_EQ(cpuTargets(slow).front(), "cpu:x86-64-v4+vnni+bf16=slow");
  CpuFeatures skylake;
  skylake.v3 = skylake.v4 = true;
  EXPECT_EQ(cpuTargets(skylake),
            (std::vector<std::string>{"cpu:x86-64-v4", "cpu:x86-64-v3"}));
  EXPECT_TRUE(cpuTargets(CpuFeatures()).empty());
}

TEST(CpuTarget, ItsOwnTargetsRun) {
  for (const CpuFeatures &cpu : {zen5(), hostFeatures()})
    for (const std::string &target : cpuTargets(cpu))
      EXPECT_EQ(whyNotOnCpu(target, cpu), "");
  // The class of a feature is about speed only.
  EXPECT_EQ(whyNotOnCpu("cpu:x86-64-v4+bf16=slow", zen5()), "");
}

TEST(CpuTarget, SaysWhyNot) {
  CpuFeatures haswell;
  haswell.v3 = true;
  EXPECT_EQ(whyNotOnCpu("cpu:x86-64-v4", haswell),
            "needs x86-64-v4, which this processor lacks");
  CpuFeatures skylake = haswell;
  skylake.v4 = true;
  EXPECT_EQ(whyNotOnCpu("cpu:x86-64-v4+vnni", skylake),
            "needs vnni, which this processor lacks");
  EXPECT_EQ(whyNotOnCpu("cpu:x86-64-v4+amx", zen5()),
            "needs amx, which is not known here");
  EXPECT_EQ(whyNotOnCpu("cpu:armv8", zen5()),
            "is for 'armv8', which is not known here");
  EXPECT_EQ(whyNotOnCpu("nvidia:sm_90", zen5()), "is not for a CPU");
}
