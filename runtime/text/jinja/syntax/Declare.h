// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which names a part of a template reads and sets in its own scope: what lies
// in scopes below is not looked at.
#pragma once

#include "text/jinja/syntax/Ast.h"

namespace terrazzo::text::jinja {

void declare(const Block &block, Scope &scope);
void declare(const Expression *expression, Scope &scope);
void declareTarget(const Expression &target, Scope &scope, bool parameter);

/// Whether a block, with all scopes below, reads a name that it did not set
/// before.
bool reads(const Block &block, const std::string &name);

/// Whether a scoped block lies in it.
bool hasScopedBlock(const Block &block);

} // namespace terrazzo::text::jinja
