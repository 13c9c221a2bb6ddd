// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inputs of an ONNX graph as a function's arguments. A dimension's name is
// a size; where it is an expression of other names ("past + 1") it is that; one
// without a name gets one of its input's. What no name of a size can be is
// written with '_'.
#pragma once

#include "Emit.h"

namespace terrazzo::onnx {

class Arguments {
public:
  Arguments(const proto::Model &model, std::vector<std::string> &sizes,
            mlir::OpBuilder &builder)
      : model(model), sizes(sizes), builder(builder) {}

  /// Why an input cannot be compiled; empty: all can.
  std::string read();
  /// The input that was read last.
  StringRef current() const { return name; }
  /// Elements and dims of each, without values.
  ArrayRef<Val> values() const { return all; }
  tz::FuncOp makeFunction(StringRef name);

private:
  void nameSizes(const proto::ValueInfo &input);
  std::string readOne(const proto::ValueInfo &input);
  std::string freshName(std::string wanted);

  const proto::Model &model;
  std::vector<std::string> &sizes;
  mlir::OpBuilder &builder;
  StringRef name;
  llvm::SmallVector<Val> all;
  llvm::StringMap<mlir::AffineExpr> byName; ///< as the file has it
};

/// For which values of its sizes code is made.
void setSizes(tz::FuncOp func, const GraphState &graph);

} // namespace terrazzo::onnx
