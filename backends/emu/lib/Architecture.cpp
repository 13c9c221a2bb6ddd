// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The devices that can be asked for, with the limits of the real ones; the
// number of multiprocessors is small, as work is divided by it.
#include "Executor.h"

#include "Scheduler.h"
#include "compile/Helpers.h"

namespace terrazzo::emu {

namespace {
const std::vector<Architecture> &architectures() {
  static const auto made = [] {
    std::vector<Architecture> list;
    auto add = [&](const char *name, int major, int minor, bool accelerated,
                   uint64_t optin, uint64_t perMultiprocessor) {
      Architecture one;
      one.name = name;
      one.major = major;
      one.minor = minor;
      one.accelerated = accelerated;
      one.sharedPerBlockOptin = optin << 10;
      one.sharedPerMultiprocessor = perMultiprocessor << 10;
      list.push_back(std::move(one));
    };
    add("sm_75", 7, 5, false, 64, 64);
    add("sm_80", 8, 0, false, 163, 164);
    add("sm_86", 8, 6, false, 99, 100);
    add("sm_89", 8, 9, false, 99, 100);
    add("sm_90", 9, 0, false, 227, 228);
    add("sm_90a", 9, 0, true, 227, 228);
    add("sm_100", 10, 0, false, 227, 228);
    add("sm_120", 12, 0, false, 99, 100);
    return list;
  }();
  return made;
}
} // namespace

const Architecture *findArchitecture(std::string_view name) {
  for (const Architecture &one : architectures())
    if (one.name == name)
      return &one;
  return nullptr;
}

std::vector<std::string> architectureNames() {
  std::vector<std::string> names;
  for (const Architecture &one : architectures())
    names.push_back(one.name);
  return names;
}

std::string fidelityLine(const Architecture &architecture) {
  return "emulated " + architecture.name + " on " +
         std::to_string(hostThreads()) + " host threads (" +
         std::string(hostLevel()) +
         "): executes the PTX text; integers, f32/f64 add, mul, fma, div, "
         "sqrt and every conversion are exact; .approx functions and the order "
         "of sums in mma are within the documented error, not bit-equal; "
         "timing, caches and ptxas are not modelled";
}

} // namespace terrazzo::emu
