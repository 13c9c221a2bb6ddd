// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the names of an ONNX graph stand for while it is imported. A value is
// one or more of: a value of the graph that is being written, a tensor of the
// file, a short list of integers that are known as expressions of sizes. What
// is known is written into the graph only where something asks for it, so
// shapes that a model computes leave no operations behind.
#pragma once

#include "formats/onnx/OnnxModel.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace terrazzo::onnx {

namespace proto = formats::onnx;

using Dims = llvm::SmallVector<mlir::AffineExpr, 4>;

struct Val {
  /// May be smaller than `dims` say, 1 where they repeat it; null: not written.
  mlir::Value value;
  mlir::Type element; ///< null: there is no such value
  Dims dims;
  const proto::Tensor *tensor = nullptr;
  llvm::StringRef name; ///< of a tensor, as the file has it
  std::optional<llvm::SmallVector<mlir::AffineExpr>> known; ///< in row order

  explicit operator bool() const { return bool(element); }
  int64_t rank() const { return dims.size(); }
};

/// The number that a size is for all calls.
std::optional<int64_t> numberOf(mlir::AffineExpr size);
bool isNumber(mlir::AffineExpr size, int64_t number);

} // namespace terrazzo::onnx
