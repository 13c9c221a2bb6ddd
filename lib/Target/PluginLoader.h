// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a plugin's file to its checked description.
#pragma once

#include "terrazzo-c/plugin.h"
#include "llvm/ADT/StringRef.h"

namespace terrazzo {

template <typename T> class Expected;

/// Reads, opens and checks the plugin in `path`, every step up to the id. No
/// C++ of the plugin runs besides its static constructors, and those only
/// after its file has been read.
Expected<const terrazzo_plugin_info *> openPlugin(llvm::StringRef path);

} // namespace terrazzo
