// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the flags to a session of a language model.
#pragma once

#include "open/OpenPackage.h"

#include "decode/Session.h"

struct OpenedModel {
  std::shared_ptr<const terrazzo::formats::ModelFile> file;
  std::unique_ptr<terrazzo::decode::Session> session;
  double loadSeconds = 0;    ///< without compiling
  double compileSeconds = 0; ///< 0: the package was there
};

/// Opens everything. `common.package` names a package, then nothing is
/// compiled. Prints the placement, the remarks that --why asks for, and that
/// the context is larger than the one that the model was trained for. Errors:
/// TZ0036 to TZ0038 for flags that cannot be honoured together or here,
/// TZ0041.
terrazzo::Expected<OpenedModel> openModel(const CommonOptions &common,
                                          Notes &notes);
