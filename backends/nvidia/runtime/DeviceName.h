// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a user calls a device, and the targets whose code a device runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::nvidia {

/// "cuda", "cuda:1", "emu:sm_80", "emu:sm_90a+bf16", "emu:sm_80:1".
struct DeviceName {
  std::string architecture; ///< to emulate: "sm_80"; empty: a real device
  int number = 0;           ///< among those of the kind
  bool bfloat = false;      ///< "+bf16"
};

/// False with a sentence in `why`.
bool parseDeviceName(std::string_view text, DeviceName &name, std::string &why);

/// Target strings that a device of this compute capability runs, best first.
/// With `bfloat` those with +bf16 only, else those without it first.
std::vector<std::string> targetsOf(int major, int minor, bool bfloat);

/// "sm_90a" for 9.0, "sm_86" for 8.6: the architecture whose machine code the
/// device runs.
std::string machineArchitecture(int major, int minor);

/// Whether a device runs code for `architecture` ("sm_80").
bool runsArchitecture(std::string_view architecture, int major, int minor);

} // namespace terrazzo::nvidia
