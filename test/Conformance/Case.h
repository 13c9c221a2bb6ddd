// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the cases of every kind of graph do: weights are written, the compiler
// and the package run in processes of their own, numbers are compared. What is
// run and what is expected each kind says.
#pragma once

#include "RunCase.h"
#include "Witness.h"
#include "exec/LoadedModel.h"

namespace terrazzo::conformance {

class Case {
public:
  Case(mlir::ModuleOp module, uint64_t seed, const Settings &settings);
  virtual ~Case();
  Outcome run();

protected:
  /// Decides what calls are made, and what they must give.
  virtual Expected<Expected64> expect(const formats::ModelFile &weights) = 0;
  /// Makes the calls; in a process of its own.
  virtual Status compute(exec::PackageFile package,
                         std::shared_ptr<const formats::ModelFile> weights,
                         exec::ExecutionOptions options,
                         std::vector<float> &numbers) = 0;

  mlir::ModuleOp module;
  uint64_t seed;
  const Settings &settings;

private:
  bool isVague(const Expected64 &expected) const;
  std::string compile();
  std::string runOn(unsigned threads, std::string &numbers);
  std::string inChild(unsigned threads);
  static std::string difference(const Expected64 &expected,
                                const std::string &bytes);

  std::string base; ///< of the files' paths
};

} // namespace terrazzo::conformance
