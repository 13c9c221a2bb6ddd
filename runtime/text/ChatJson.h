// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversations in JSON as values of the template language, with every key,
// integers of any size, and integers apart from fractions.
#pragma once

#include "text/jinja/values/Value.h"

#include <string_view>

namespace terrazzo::text {

/// Messages: an array of objects with a role. All strings of it are foreign
/// but for the messages' roles and keys. Missing where it is no such array.
jinja::Value readMessages(std::string_view json);

} // namespace terrazzo::text
