// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz operations on values, one method each, with the sizes of their results.
// The first thing that cannot be done is kept as the reason, and everything
// after it gives no value; whoever looks into one asks `ok()` first.
#pragma once

#include "SizeArithmetic.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Dialect/Tz/Sizes.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/StringMap.h"

namespace terrazzo::onnx {

using Fn = tz::ElementwiseFunction;
using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::StringRef;
using llvm::Twine;

/// What all nodes of a graph share.
struct GraphState {
  mlir::OpBuilder &builder;
  std::vector<std::string> sizes;       ///< their names, by symbol
  std::map<unsigned, int64_t> bounds;   ///< of sizes, that tables give
  llvm::StringMap<mlir::Value> weights; ///< by the tensor's name
};

class Emit {
public:
  Emit(GraphState &graph, mlir::Location location)
      : graph(graph), builder(graph.builder), location(location) {}

  bool ok() const { return reason.empty(); }
  const std::string &why() const { return reason; }
  /// Keeps the first reason.
  std::nullopt_t fail(const Twine &why);

  //===--- sizes ----------------------------------------------------------===//
  mlir::AffineExpr size(int64_t number);
  std::string text(mlir::AffineExpr size);
  std::string text(ArrayRef<mlir::AffineExpr> sizes);
  mlir::AffineExpr product(ArrayRef<mlir::AffineExpr> sizes);
  mlir::RankedTensorType typeOf(ArrayRef<mlir::AffineExpr> dims,
                                mlir::Type element);
  /// The sizes that both are spread to.
  Dims broadcast(ArrayRef<mlir::AffineExpr> a, ArrayRef<mlir::AffineExpr> b);
  /// A table of `whole` rows is read up to `end`, which is so bounded.
  void tableEnd(mlir::AffineExpr end, mlir::AffineExpr whole);
  /// -1 for the last of `rank` axes.
  int64_t axis(int64_t number, int64_t rank);

  //===--- what is known --------------------------------------------------===//
  Val number(double value, mlir::Type element);
  Val integers(ArrayRef<int64_t> values, Dims dims, mlir::Type element);
  Val sizeList(ArrayRef<mlir::AffineExpr> items, Dims dims, mlir::Type element);
  /// An array whose elements are all `value`.
  Val filled(double value, Dims dims, mlir::Type element);
  /// A number of a size, as an array of no dimension.
  Val sizeValue(mlir::AffineExpr size, mlir::Type element);

  //===--- operations -----------------------------------------------------===//
  /// The value in the graph, as large as its dims.
  mlir::Value use(const Val &value);
  Val apply(Fn function, ArrayRef<Val> operands);
  Val cast(const Val &value, mlir::Type element);
  Val reshape(const Val &value, Dims dims);
  Val spread(const Val &value, Dims dims);
  Val transpose(const Val &value, ArrayRef<int64_t> order);
  /// Elements from `first` on, every `step`-th, `count` of them, of one axis.
  Val slice(const Val &value, int64_t axis, mlir::AffineExpr first,
            int64_t step, mlir::AffineExpr count);
  Val pad(const Val &value, ArrayRef<int64_t> low, ArrayRef<int64_t> high,
          double with);
  Val concat(ArrayRef<Val> parts, int64_t axis);
  Val gather(const Val &value, const Val &indices, int64_t axis,
             bool each = false);
  Val scatter(const Val &value, const Val &indices, const Val &updates,
              int64_t axis, bool each, bool add);
  /// Axes stay as dimensions of 1.
  Val reduce(tz::Combiner combiner, const Val &value, ArrayRef<int64_t> axes);
  Val contract(StringRef dims, const Val &left, const Val &right, Dims result,
               mlir::Type element);
  Val matmul(const Val &rows, const Val &weight);
  Val embedding(const Val &table, const Val &ids);
  Val softmax(const Val &value, int64_t axis, bool logarithm);
  Val cumsum(const Val &value, int64_t axis, bool exclusive, bool backwards);
  Val reverse(const Val &value, ArrayRef<int64_t> axes);
  Val iota(Dims dims, int64_t axis, mlir::Type element);
  Val topK(const Val &value, int64_t count);
  Val layerNorm(const Val &value, const Val &weight, const Val &bias,
                double epsilon);
  Val rmsNorm(const Val &value, const Val &weight, double epsilon);
  /// [rows, ..., width] of a weight or an array: the windows of a convolution.
  Val windows(const Val &value, ArrayRef<int64_t> kernel,
              ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
              ArrayRef<int64_t> low, ArrayRef<int64_t> high);

  Val add(const Val &a, const Val &b) { return apply(Fn::Add, {a, b}); }
  Val mul(const Val &a, const Val &b) { return apply(Fn::Mul, {a, b}); }
  Val sub(const Val &a, const Val &b) { return apply(Fn::Sub, {a, b}); }
  Val div(const Val &a, const Val &b) { return apply(Fn::Div, {a, b}); }

  mlir::Type f32() { return builder.getF32Type(); }
  mlir::Type i64() { return builder.getI64Type(); }
  mlir::Type i32() { return builder.getI32Type(); }
  mlir::Type i1() { return builder.getI1Type(); }
  mlir::MLIRContext *context() { return builder.getContext(); }

  /// Fails where it has too few dimensions.
  bool hasAxis(const Val &value, int64_t axis);

protected:
  Val made(mlir::Value value, Dims dims);
  mlir::ArrayAttr openSizes(ArrayRef<mlir::AffineExpr> dims);
  mlir::Value knownValue(const Val &value);
  mlir::Value constantOf(const proto::Tensor &tensor, mlir::Type element);

  GraphState &graph;
  mlir::OpBuilder &builder;
  mlir::Location location;
  std::string reason;
};

} // namespace terrazzo::onnx
