// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lanes/LaneTables.h"

#include "common/CommonTables.h"

#include <cstdlib>
#include <unordered_map>

namespace terrazzo::emu {

#define DECLARE_LEVEL(level)                                                   \
  namespace level {                                                            \
  extern const LaneTable floatTable[], specialTable[], memoryTable[],          \
      matrixTable[], integerMatrixTable[];                                     \
  }                                                                            \
  static std::vector<const LaneTable *> tablesOf_##level() {                   \
    return {level::floatTable, level::specialTable, level::memoryTable,        \
            level::matrixTable, level::integerMatrixTable};                    \
  }

DECLARE_LEVEL(baseline)
#if defined(__x86_64__)
DECLARE_LEVEL(v3)
DECLARE_LEVEL(v4)
#endif

std::string_view hostLevel() {
#if defined(__x86_64__)
  static const std::string_view level = [] {
    __builtin_cpu_init();
    // A lower level than the host's may be asked for, by tests.
    const char *text = std::getenv("TERRAZZO_EMU_LEVEL");
    std::string_view asked = text ? text : "x86-64-v4";
    if (asked == "x86-64-v4" && __builtin_cpu_supports("x86-64-v4"))
      return "x86-64-v4";
    if (asked != "baseline" && __builtin_cpu_supports("x86-64-v3"))
      return "x86-64-v3";
    return "baseline";
  }();
  return level;
#else
  return "baseline";
#endif
}

static std::vector<const LaneTable *> tablesOfHost() {
  std::vector<const LaneTable *> tables;
#if defined(__x86_64__)
  if (hostLevel() == "x86-64-v4")
    tables = tablesOf_v4();
  else if (hostLevel() == "x86-64-v3")
    tables = tablesOf_v3();
  else
#endif
    tables = tablesOf_baseline();
  for (const LaneTable *table :
       {commonIntegerTable, commonWarpTable, commonAtomicTable, commonCopyTable,
        commonDirectedTable, commonConvertTable, commonCallTable,
        commonAddressTable})
    tables.push_back(table);
  return tables;
}

void eachLaneFunction(const std::function<void(const LaneEntry &)> &visit) {
  for (const LaneTable *table : tablesOfHost())
    for (; table->name; ++table)
      visit({table->name, table->function});
}

LaneFunction findLaneFunction(std::string_view name) {
  static const auto known = [] {
    std::unordered_map<std::string_view, LaneFunction> made;
    eachLaneFunction(
        [&](const LaneEntry &entry) { made[entry.name] = entry.function; });
    return made;
  }();
  auto found = known.find(name);
  return found == known.end() ? nullptr : found->second;
}

} // namespace terrazzo::emu
