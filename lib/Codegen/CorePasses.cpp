// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/Passes.h"

using namespace mlir;

namespace terrazzo::codegen {

bool isCorePass(StringRef argument) {
  // Passes.td names them; the generated code has no list.
  static constexpr StringLiteral names[] = {
      "tz-lower-kernel", "tz-lower-simt-kernel", "tile-lower-fragments"};
  return llvm::is_contained(names, argument);
}

} // namespace terrazzo::codegen
