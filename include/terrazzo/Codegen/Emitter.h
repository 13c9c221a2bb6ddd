// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A builder with the vocabulary that kernel bodies are written in: index
// arithmetic that folds constants, counted loops, sixteen-lane loads and stores
// with optional masks, and the transcendental functions that kernels need, as
// polynomials (a kernel calls no library).
//
// Memory is flat: one-dimensional memrefs and element indices.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace terrazzo::codegen {

/// Lanes of the vectors that kernels are written with; a chip with narrower
/// registers has them split by its backend.
inline constexpr int64_t kLanes = 16;

/// What memory with numbers of this type holds: of bf16 the bits, since few
/// processors know it and a vector of them may end in a library's call; of a
/// truth a byte; integers without a sign of their own.
mlir::Type memoryElement(mlir::Type element);

class Emitter : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using Type = mlir::Type;
  using mlir::ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  /// Whether the code is that of one thread among many: no masked vectors, and
  /// the chip computes 2^x itself, so that no polynomial is needed.
  bool scalarThreads = false;

  // Index arithmetic.
  Value index(int64_t value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return add(a, index(b)); }
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value mul(Value a, int64_t b) { return mul(a, index(b)); }
  Value div(Value a, int64_t b);
  Value rem(Value a, int64_t b);
  /// Downwards, of integers of any sign and type; b is not 0.
  Value floorDivided(Value a, Value b);
  Value min(Value a, Value b);
  Value max(Value a, Value b);
  /// An integer of memory as an index, the closest from 0 to below `size`.
  Value keptBelow(Value stored, Value size);
  Value less(Value a, Value b);
  /// 0 <= a < b.
  Value within(Value a, Value b);
  Value equal(Value a, Value b);

  // Types.
  mlir::VectorType lanesOf(Type element) {
    return mlir::VectorType::get({kLanes}, element);
  }
  mlir::VectorType f32Lanes() { return lanesOf(getF32Type()); }
  mlir::VectorType i32Lanes() { return lanesOf(getI32Type()); }

  // Constants and broadcasts.
  Value f32(double value);
  Value f32Vector(double value);
  Value i32Vector(int64_t value);
  Value splat(Value scalar);
  /// 0, 1, 2, ... as i32.
  Value laneNumbers();
  /// A constant of the type of `like`, a scalar or a vector.
  Value constantLike(Value like, double value);
  /// The same of an integer that a double may not hold.
  Value constantLike(Value like, const llvm::APInt &value);
  /// The type of `like` with other elements.
  Type likeWith(Value like, Type element);

  // Truth of scalars or vectors, integers or floats.
  static bool isWhole(Value value);
  Value isNotZero(Value value);
  /// 1 or 0, of the type of `value`.
  Value truthOf(Value value);

  // Control.
  void loop(Value from, Value to, int64_t step,
            llvm::function_ref<void(Value)> body);
  mlir::SmallVector<Value>
  loop(Value from, Value to, int64_t step, mlir::ValueRange carried,
       llvm::function_ref<mlir::SmallVector<Value>(Value, mlir::ValueRange)>
           body);
  void when(Value condition, llvm::function_ref<void()> body,
            llvm::function_ref<void()> otherwise = {});
  /// Calls `body` with offsets from 0 in steps of the lanes up to `width`, or
  /// `valid` where that is given, and the mask of the last ones where one is
  /// needed.
  void eachLanes(int64_t width, Value valid,
                 llvm::function_ref<void(Value offset, Value mask)> body);

  // Memory. A null mask means all lanes; masked-off lanes load as zero.
  Value load(Value memory, Value at);
  void store(Value value, Value memory, Value at);
  Value loadLanes(Value memory, Value at, Value mask = {});
  void storeLanes(Value value, Value memory, Value at, Value mask = {});
  Value loadBytes(Value memory, Value at, int64_t count);
  void prefetch(Value bytes, Value at);
  /// Constants in memory, for an index that is known when the kernel runs: a
  /// memref of as many elements, as memory has them.
  Value table(mlir::DenseElementsAttr values);
  /// The first `count` of the lanes.
  Value maskOf(Value count);

  // Float arithmetic on vectors or scalars of one type.
  Value addf(Value a, Value b) { return create<mlir::arith::AddFOp>(a, b); }
  Value subf(Value a, Value b) { return create<mlir::arith::SubFOp>(a, b); }
  Value mulf(Value a, Value b) { return create<mlir::arith::MulFOp>(a, b); }
  Value divf(Value a, Value b) { return create<mlir::arith::DivFOp>(a, b); }
  Value fma(Value a, Value b, Value c) {
    return create<mlir::math::FmaOp>(a, b, c);
  }
  Value maxf(Value a, Value b) { return create<mlir::arith::MaximumFOp>(a, b); }
  Value reduceAdd(Value vector);
  Value reduceMax(Value vector);
  /// 1 / sqrt(mean of squares + epsilon); where the sum has no float32, none
  /// comes out: a scale of zero would make every row look like an answer.
  Value normScale(Value squares, int64_t count, double epsilon);
  /// As an element of a cache; what float16 cannot hold becomes the NaN that a
  /// diagnosis knows (terrazzo-c/numbers.h).
  Value toCache(Value x, mlir::Type element);
  Value toF32(Value value);
  /// Numbers of type `element`, loaded from memory of memoryElement(element).
  Value loadedToF32(Value loaded, Type element);

  /// e^x for f32, scalar or vector; relative error below 2e-7, or 1e-6 by the
  /// chip's own 2^x for |x| < 10; 1.2e-38 below -87.3, 2.4e38 above
  /// 88.37 (where threads compute: infinity).
  Value exp(Value x);
  /// tanh(x) from exp; absolute error below 3e-7.
  Value tanh(Value x);
  /// Sine and cosine of f64, scalar or vector, after reduction in f64, as f32;
  /// absolute error below 2e-7 for |x| < 1e9.
  std::pair<Value, Value> sinCos(Value x);

  template <typename OpT, typename... Args> Value create(Args &&...args) {
    return mlir::ImplicitLocOpBuilder::create<OpT>(std::forward<Args>(args)...);
  }
  template <typename OpT, typename... Args> OpT createOp(Args &&...args) {
    return mlir::ImplicitLocOpBuilder::create<OpT>(std::forward<Args>(args)...);
  }
};

} // namespace terrazzo::codegen
