// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/CpuTarget.h"

#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace terrazzo::machine {

namespace {

/// Processors with AVX512-BF16, and whether its dot product beats float32 FMA;
/// one that is not listed is taken for slow, which costs speed, not accuracy.
bool isBf16Fast(const CpuFeatures &cpu) {
  // Zen 4 (family 25) and Zen 5 (family 26): measured at twice float32.
  if (cpu.vendor == "AuthenticAMD")
    return cpu.family >= 25;
  // Cooper Lake, Sapphire Rapids, Emerald Rapids, Granite Rapids: half the
  // rate of float32 was measured on Emerald Rapids; their fast unit is AMX.
  return false;
}

#if defined(__x86_64__)
uint64_t extendedControl() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

CpuFeatures readFeatures() {
  CpuFeatures cpu;
  unsigned a, b, c, d;
  if (!__get_cpuid(0, &a, &b, &c, &d))
    return cpu;
  char vendor[12];
  memcpy(vendor, &b, 4);
  memcpy(vendor + 4, &d, 4);
  memcpy(vendor + 8, &c, 4);
  cpu.vendor.assign(vendor, sizeof(vendor));

  __get_cpuid(1, &a, &b, &c, &d);
  unsigned base = (a >> 8) & 15;
  cpu.family = base == 15 ? base + ((a >> 20) & 255) : base;
  cpu.model = ((a >> 4) & 15) | ((a >> 12) & 0xf0);
  constexpr unsigned osxsave = 1u << 27;
  constexpr unsigned level2 = 1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 |
                              1u << 20 | 1u << 23; // SSE3 ... POPCNT
  constexpr unsigned level3 = 1u << 12 | 1u << 22 | 1u << 28 | 1u << 29;
  if (!(c & osxsave))
    return cpu;
  uint64_t enabled = extendedControl();
  bool ymm = (enabled & 0x6) == 0x6;
  bool zmm = (enabled & 0xe6) == 0xe6;
  bool first = (c & level2) == level2 && (c & level3) == level3;

  unsigned b7 = 0, c7 = 0, a71 = 0, c81 = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
    b7 = b, c7 = c;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d))
    a71 = a;
  if (__get_cpuid(0x80000001, &a, &b, &c, &d))
    c81 = c;
  constexpr unsigned avx2Bmi = 1u << 3 | 1u << 5 | 1u << 8;
  constexpr unsigned lzcnt = 1u << 5;
  constexpr unsigned avx512 =
      1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
  cpu.v3 = first && ymm && (b7 & avx2Bmi) == avx2Bmi && (c81 & lzcnt);
  cpu.v4 = cpu.v3 && zmm && (b7 & avx512) == avx512;
  cpu.vnni = cpu.v4 && (c7 & 1u << 11);
  cpu.bf16 = cpu.v4 && (a71 & 1u << 5);
  cpu.bf16Fast = cpu.bf16 && isBf16Fast(cpu);
  return cpu;
}
#else
CpuFeatures readFeatures() { return {}; }
#endif

bool hasFeature(std::string_view name, const CpuFeatures &cpu, bool &known) {
  known = true;
  if (name == "vnni")
    return cpu.vnni;
  if (name == "bf16")
    return cpu.bf16;
  if (name == "fma" || name == "f16c" || name == "avx2")
    return cpu.v3;
  known = false;
  return false;
}

} // namespace

const CpuFeatures &hostFeatures() {
  static const CpuFeatures features = readFeatures();
  return features;
}

std::vector<std::string> cpuTargets(const CpuFeatures &cpu) {
  std::vector<std::string> targets;
  if (cpu.v4) {
    std::string full = "cpu:x86-64-v4";
    if (cpu.vnni)
      full += "+vnni";
    if (cpu.bf16)
      full += cpu.bf16Fast ? "+bf16=fast" : "+bf16=slow";
    targets.push_back(full);
    if (cpu.vnni && full != "cpu:x86-64-v4+vnni")
      targets.push_back("cpu:x86-64-v4+vnni");
    if (full != "cpu:x86-64-v4")
      targets.push_back("cpu:x86-64-v4");
  }
  if (cpu.v3)
    targets.push_back("cpu:x86-64-v3");
  return targets;
}

std::string whyNotOnCpu(std::string_view target, const CpuFeatures &cpu) {
  constexpr std::string_view id = "cpu:";
  if (target.substr(0, id.size()) != id)
    return "is not for a CPU";
  target.remove_prefix(id.size());
  size_t end = target.find('+');
  std::string_view level = target.substr(0, end);
  if (level != "x86-64-v3" && level != "x86-64-v4")
    return "is for '" + std::string(level) + "', which is not known here";
  if (level == "x86-64-v4" ? !cpu.v4 : !cpu.v3)
    return "needs " + std::string(level) + ", which this processor lacks";
  while (end != std::string_view::npos) {
    target.remove_prefix(end + 1);
    end = target.find('+');
    std::string_view feature = target.substr(0, end);
    std::string_view name = feature.substr(0, feature.find('='));
    bool known;
    if (!hasFeature(name, cpu, known))
      return "needs " + std::string(name) +
             (known ? ", which this processor lacks"
                    : ", which is not known here");
  }
  return {};
}

} // namespace terrazzo::machine
