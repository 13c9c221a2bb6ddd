// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plugin's entry.
#include "TzNull/Null.h"
#include "terrazzo/Target/Plugin.h"

static void registerNull(mlir::DialectRegistry &registry) {
  registry.insert<tz_null::NullDialect>();
}

TERRAZZO_DEFINE_PLUGIN("null", registerNull)
