// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the flags to a package that can be run: the model's file, the package
// (from the cache, compiled now, or given), and where it runs.
#pragma once

#include "Notes.h"
#include "options/CommonOptions.h"

#include "exec/LoadedModel.h"

struct OpenedPackage {
  terrazzo::exec::PackageFile package = terrazzo::exec::PackageFile::none();
  /// Null for a module that has none.
  std::shared_ptr<const terrazzo::formats::ModelFile> weights;
  terrazzo::exec::ExecutionOptions options;
  double compileSeconds = 0; ///< 0: the package was there
};

/// The cache folder that the flags leave; empty: none.
std::string cacheFolderFor(const CommonOptions &common);

/// "chip:0 (The Product's Name)".
std::string nameOf(const terrazzo::exec::Device &device);

/// Whether a model's path is that of a module of tz.
bool isModule(const std::string &path);

/// The file that has a model's words; TZ0041 for a module, which has none.
terrazzo::Expected<std::unique_ptr<terrazzo::formats::ModelFile>>
openWords(const std::string &model);

/// TZ0041 for a module without a file that has its words, TZ0036 for such a
/// file beside a model that is none.
terrazzo::Status checkWordsOfModule(const CommonOptions &common);

/// Opens what `common` names: `package` (nothing is compiled), or `model`, a
/// GGUF file or a module of tz (.mlir, .mlirbc) on the weights of
/// `weightsFile`. Errors: TZ0036 and TZ0038 for flags that cannot be honoured
/// together or here.
terrazzo::Expected<OpenedPackage> openPackage(const CommonOptions &common,
                                              Notes &notes);

/// Prints placement and remarks of a package; `where` is the device it runs on.
void describePackage(const terrazzo::package::Package &package,
                     const Notes &notes, const std::string &where = {});

/// Seconds of a clock that only goes forward.
double secondsNow();
