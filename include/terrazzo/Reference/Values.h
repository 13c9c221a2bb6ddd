// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the reference interpreter computes with. All numbers are float64; values
// are immutable and shared. A weight stays as the bytes of its file, in the
// file's order whatever the layout in its type says.
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

namespace terrazzo::reference {

using Shape = llvm::SmallVector<int64_t, 3>;

/// Row-major numbers.
struct Tensor {
  Shape shape;
  std::vector<double> values;

  Tensor() = default;
  explicit Tensor(llvm::ArrayRef<int64_t> dims);
  Tensor(llvm::ArrayRef<int64_t> dims, std::vector<double> numbers);
};

/// Row-major integers: token ids, or the position (rank 0).
struct Integers {
  Shape shape;
  std::vector<int32_t> values;
};

/// A weight as stored: `bytes` must outlive the evaluation.
struct Weight {
  mlir::RankedTensorType type;
  llvm::ArrayRef<uint8_t> bytes;
};

/// Rows of keys or values, [rows][heads][dim], as many as were appended. They
/// are kept exactly: no rounding to the cache's element type.
struct Cache {
  int64_t heads = 0, dim = 0;
  std::vector<double> values;

  int64_t rows() const {
    return static_cast<int64_t>(values.size()) / (heads * dim);
  }
  /// New rows are zeros.
  void resize(int64_t rows) { values.resize(rows * heads * dim); }
};

using Value =
    std::variant<std::shared_ptr<const Tensor>, std::shared_ptr<const Integers>,
                 Weight, std::shared_ptr<Cache>>;

Value makeTensor(Tensor tensor);
Value makeIntegers(llvm::ArrayRef<int64_t> shape, std::vector<int32_t> values);
Value makeCache(int64_t heads, int64_t dim);
/// The tensor in `value`, which must hold one.
const Tensor &asTensor(const Value &value);

} // namespace terrazzo::reference
