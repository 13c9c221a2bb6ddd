// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gives every name of a template its place (see Scope.h), by Jinja's rules,
// and refuses filters and tests that are not there.
#pragma once

#include "text/jinja/syntax/Ast.h"

namespace terrazzo::text::jinja {

void resolve(Template &program);

} // namespace terrazzo::text::jinja
