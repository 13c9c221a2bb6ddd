// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which package fits a model on this machine, decided without the compiler; and
// making it when there is none.
//
// A package's key is made of the model's hash (ModelHash.h), target string,
// flags, and the build ids of the compiler, libTerrazzo and the plugins.
#pragma once

#include "compile/CompilerProcess.h"
#include "formats/ModelFile.h"
#include "package/Package.h"

namespace terrazzo::exec {

/// What is compiled: a model's file, or a module of tz on the weights of one.
struct PackageSource {
  std::string path;
  std::string hash; ///< of a module's text; empty: the weights' file is all
  const formats::ModelFile *weights = nullptr; ///< null: there are none
};

struct PackageRequest {
  std::string target; ///< "cpu:x86-64-v4+vnni+bf16=fast"
  bool fallbackError = false;
  std::string cacheFolder; ///< empty: nothing is read or kept
  std::string compiler;    ///< empty: the one that findCompiler finds
  CompilerListener listener;
  const std::atomic<bool> *cancelled = nullptr;
  std::function<void(const std::string &)> note;
};

struct ObtainedPackage {
  PackageFile file = PackageFile::none();
  double compileSeconds = 0; ///< 0: it was in the cache
};

/// Build ids of everything that makes packages, one line each.
std::string compilerFingerprint(const std::string &compiler);

/// The package for `source`, from the cache or compiled now.
Expected<ObtainedPackage> obtainPackage(const PackageSource &source,
                                        const PackageRequest &request);

} // namespace terrazzo::exec
