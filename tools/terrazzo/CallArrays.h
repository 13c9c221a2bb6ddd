// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arrays of `terrazzo call`: arguments from .npy files or drawn at random,
// the sizes that follow from them, and results.
#pragma once

#include "exec/FunctionRunner.h"
#include "formats/Npy.h"
#include "package/Extents.h"
#include "support/Error.h"

#include <map>
#include <optional>
#include <random>

struct CallInputs {
  std::map<std::string, std::string> files; ///< by the argument's name
  std::vector<std::string> inOrder; ///< of the arguments that no name is of
  std::map<std::string, uint64_t> sizes; ///< by the size's name
  std::vector<uint64_t> largest;         ///< of each size
  std::optional<uint64_t> seed; ///< what no file brings is drawn from this
};

class CallArrays {
public:
  /// Opens files and checks them against the signature; `cacheRows` are those
  /// of the caches. Errors: TZ0042 with the
  /// signature, and those of NpyFile.
  static terrazzo::Expected<CallArrays>
  make(const terrazzo::package::Function &function, const CallInputs &inputs,
       uint64_t cacheRows);

  const std::vector<uint64_t> &sizes() const { return values; }
  const std::vector<terrazzo::exec::Array> &arguments() const {
    return argumentData;
  }
  const std::vector<terrazzo::exec::Array> &results() const {
    return resultData;
  }
  /// What dimensions of the function's values are.
  const terrazzo::package::Extents &extents() const { return numbers; }

private:
  terrazzo::Status openFiles(const CallInputs &inputs);
  terrazzo::Status openFile(uint32_t number, const std::string &path);
  terrazzo::Status findSizes(const CallInputs &inputs, uint64_t cacheRows);
  terrazzo::Status checkShapes();
  terrazzo::Status draw(const CallInputs &inputs);
  terrazzo::Error refused(const std::string &why) const;
  terrazzo::Error misshapen(const terrazzo::package::Value &argument,
                            const std::vector<uint64_t> &shape) const;

  const terrazzo::package::Function *function = nullptr;
  std::vector<uint64_t> values; ///< of the sizes
  terrazzo::package::Extents numbers;
  std::vector<std::optional<terrazzo::formats::NpyFile>> files;
  std::vector<std::vector<uint8_t>> drawn, outputs;
  std::vector<terrazzo::exec::Array> argumentData, resultData;
};
