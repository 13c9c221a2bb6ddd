// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model small enough to check by hand, as a GGUF file and as a package whose
// kernels are Kernels.c: the executor is tested without the compiler.
#pragma once

#include "package/Package.h"

#include <string>
#include <vector>

namespace terrazzo::test {

constexpr int toyHidden = 16;
constexpr int toyVocabulary = 64;

/// A folder of its own for one test, removed with all it holds.
class Folder {
public:
  Folder();
  ~Folder();
  std::string file(const std::string &name) const { return path + "/" + name; }
  std::string path;
};

/// The weights: table and head, vocabulary x hidden each.
std::vector<float> toyTable();
std::vector<float> toyHead();

/// Writes the model's file, of these weights or of others.
void writeToyModel(const std::string &path,
                   const std::vector<float> &table = toyTable(),
                   const std::vector<float> &head = toyHead());

/// The package and its code; `target` is the variant's.
package::PackageT toyPackage(exec::PackageCode &code,
                             const std::string &target);

/// Writes the package for this machine.
void writeToyPackage(const std::string &path);

/// Writes the package for the toy device (ToyDevice.h), whose code is not
/// executable in itself; and one with code for both.
void writeToyDevicePackage(const std::string &path);
void writeToyBothPackage(const std::string &path);

/// The package for the toy device with state and mixing beside it, on this
/// machine's processor.
package::PackageT toyMixedPackage(exec::PackageCode &code);

/// Hidden rows of all tokens, computed plainly.
std::vector<float> toyReference(const std::vector<int32_t> &ids);

/// Logits of one hidden row.
std::vector<float> toyLogits(const float *hidden);

} // namespace terrazzo::test
