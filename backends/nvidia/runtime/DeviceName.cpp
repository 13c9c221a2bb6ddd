// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "DeviceName.h"

#include <charconv>

namespace terrazzo::nvidia {

namespace {

/// What the compile side has targets for, newest first. Code for one runs on
/// every newer device through PTX, but for an accelerated one's.
struct Known {
  const char *name;
  int capability; ///< 10 * major + minor
  bool accelerated;
};
constexpr Known known[] = {
    {"sm_120", 120, false}, {"sm_100", 100, false}, {"sm_90a", 90, true},
    {"sm_89", 89, false},   {"sm_86", 86, false},   {"sm_80", 80, false},
    {"sm_75", 75, false},   {"sm_61", 61, false},
};
constexpr int firstWithBfloat = 80;

bool runs(const Known &code, int capability) {
  return code.accelerated ? code.capability == capability
                          : code.capability <= capability;
}

bool takeNumber(std::string_view text, int &number) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() &&
         number >= 0;
}

} // namespace

bool parseDeviceName(std::string_view text, DeviceName &name,
                     std::string &why) {
  std::string whole(text);
  constexpr std::string_view bfloat = "+bf16";
  if (size_t plus = text.find('+'); plus != std::string_view::npos) {
    std::string_view rest = text.substr(plus);
    size_t end = rest.find(':');
    std::string_view feature = rest.substr(0, end);
    if (feature != bfloat) {
      why = "'" + whole + "' asks for '" + std::string(feature) +
            "'; +bf16 is the only feature that can be chosen";
      return false;
    }
    name.bfloat = true;
    std::string without(text.substr(0, plus));
    if (end != std::string_view::npos)
      without += rest.substr(end);
    DeviceName plain;
    if (!parseDeviceName(without, plain, why))
      return false;
    name.architecture = plain.architecture;
    name.number = plain.number;
    return true;
  }
  size_t colon = text.find(':');
  std::string_view kind = text.substr(0, colon);
  std::string_view rest =
      colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (kind == "emu") {
    size_t second = rest.find(':');
    name.architecture = rest.substr(0, second);
    if (name.architecture.empty()) {
      why = "'" + whole + "' names no architecture; write emu:sm_80";
      return false;
    }
    if (second == std::string_view::npos)
      return true;
    rest = rest.substr(second + 1);
  } else if (colon == std::string_view::npos) {
    return true;
  }
  if (takeNumber(rest, name.number))
    return true;
  why = "'" + whole + "' ends in no device's number";
  return false;
}

std::vector<std::string> targetsOf(int major, int minor, bool bfloat) {
  int capability = 10 * major + minor;
  std::vector<std::string> targets;
  for (bool withBfloat : {false, true}) {
    if (!withBfloat && bfloat)
      continue;
    for (const Known &code : known)
      if (runs(code, capability) &&
          (!withBfloat || code.capability >= firstWithBfloat))
        targets.push_back("nvidia:" + std::string(code.name) +
                          (withBfloat ? "+bf16" : ""));
  }
  return targets;
}

std::string machineArchitecture(int major, int minor) {
  std::string name = "sm_" + std::to_string(10 * major + minor);
  for (const Known &code : known)
    if (code.accelerated && code.capability == 10 * major + minor)
      return code.name;
  return name;
}

bool runsArchitecture(std::string_view architecture, int major, int minor) {
  for (const Known &code : known)
    if (architecture == code.name)
      return runs(code, 10 * major + minor);
  return false;
}

} // namespace terrazzo::nvidia
