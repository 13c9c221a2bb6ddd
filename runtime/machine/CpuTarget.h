// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What this processor is, as target strings, and whether code for a target
// string runs on it.
//
//   cpu:x86-64-v4+vnni+bf16=fast
//   ^id ^psABI level  ^features  ^throughput class of one
//
// Levels: x86-64-v3 (AVX2, FMA, F16C) and x86-64-v4 (AVX-512 F, BW, CD, DQ,
// VL). Features beyond them: vnni, bf16 (their AVX-512 forms). The class of bf16
// says whether its dot product is faster than float32's; it comes from a table
// of processor models and decides only which code is better, never whether code
// runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::machine {

/// What the CPUID instruction and the operating system grant.
struct CpuFeatures {
  bool v3 = false;
  bool v4 = false;
  bool vnni = false;
  bool bf16 = false;
  bool bf16Fast = false;
  std::string vendor; ///< "AuthenticAMD"
  unsigned family = 0;
  unsigned model = 0;
};

/// Of this processor; read once.
const CpuFeatures &hostFeatures();

/// The targets that `features` can run, best first; empty below x86-64-v3.
std::vector<std::string> cpuTargets(const CpuFeatures &features);

/// Empty when code for `target` runs on a processor with `features`, else why
/// not ("needs vnni, which this processor lacks").
std::string whyNotOnCpu(std::string_view target, const CpuFeatures &features);

} // namespace terrazzo::machine
