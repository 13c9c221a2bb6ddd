// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the flags to a session: the model's file, the package (from the cache,
// compiled now, or given), and the executor.
#pragma once

#include "CommonOptions.h"
#include "Notes.h"

#include "exec/Session.h"

struct OpenedModel {
  std::shared_ptr<const terrazzo::formats::GgufFile> file;
  std::unique_ptr<terrazzo::exec::Session> session;
  double loadSeconds = 0;    ///< without compiling
  double compileSeconds = 0; ///< 0: the package was there
};

/// The cache folder that the flags leave; empty: none.
std::string cacheFolderFor(const CommonOptions &common);

/// "chip:0 (The Product's Name)".
std::string nameOf(const terrazzo::exec::Device &device);

/// Opens everything. `common.package` names a package, then nothing is
/// compiled. Prints the placement, the remarks that --why asks for, and that
/// the context is larger than the one that the model was trained for. Errors:
/// TZ0036 to TZ0038 for flags that cannot be honoured together or here.
terrazzo::Expected<OpenedModel> openModel(const CommonOptions &common,
                                          Notes &notes);

/// Prints placement and remarks of a package; `where` is the device it runs on.
void describePackage(const terrazzo::package::Package &package,
                     const Notes &notes, const std::string &where = {});

/// Seconds of a clock that only goes forward.
double secondsNow();
