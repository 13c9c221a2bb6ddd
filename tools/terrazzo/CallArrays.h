// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arrays of `terrazzo call`: arguments from .npy files or drawn at random,
// the size that follows from them, and results.
#pragma once

#include "exec/FunctionRunner.h"
#include "formats/Npy.h"
#include "package/Package_generated.h"
#include "support/Error.h"

#include <map>
#include <optional>
#include <random>

struct CallInputs {
  std::map<std::string, std::string> files; ///< by the argument's name
  std::map<std::string, uint64_t> sizes;    ///< by the size's name
  std::optional<uint64_t> seed; ///< what no file brings is drawn from this
};

class CallArrays {
public:
  /// Opens files and checks them against the signature. Errors: TZ0042 with the
  /// signature, and those of NpyFile.
  static terrazzo::Expected<CallArrays>
  make(const terrazzo::package::Function &function, const CallInputs &inputs);

  uint64_t size() const { return value; }
  const std::vector<terrazzo::exec::Array> &arguments() const {
    return argumentData;
  }
  const std::vector<terrazzo::exec::Array> &results() const {
    return resultData;
  }
  /// Shape of a value of the function at this size.
  std::vector<uint64_t> shapeOf(const terrazzo::package::Value &of) const;

private:
  terrazzo::Status openFiles(const CallInputs &inputs);
  terrazzo::Status findSize(const CallInputs &inputs);
  terrazzo::Status draw(const CallInputs &inputs);
  terrazzo::Error refused(const std::string &why) const;

  const terrazzo::package::Function *function = nullptr;
  uint64_t value = 1;
  std::vector<std::optional<terrazzo::formats::NpyFile>> files;
  std::vector<std::vector<uint8_t>> drawn, outputs;
  std::vector<terrazzo::exec::Array> argumentData, resultData;
};
