// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Signatures for people: "trunk(tokens: i32[T], position: i32) -> hidden:
// f32[T, 576]".
#pragma once

#include "package/Package_generated.h"

#include <string>

namespace terrazzo::package {

/// "f32[T, 576]"; of one number "i32".
std::string describeType(const Function &function, const Value &value);

std::string describe(const Function &function);

/// Why a call cannot have `value` for its size `number`, of which code was made
/// for up to `most`.
std::string describeTooLarge(const Function &function, uint32_t number,
                             uint64_t value, uint64_t most);

} // namespace terrazzo::package
