// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What kind of kernel a function on tz ops is, and how its operations divide
// into prologue, products and epilogue.
//
//   Row            row-wise operations only (embedding, rms_norm, elementwise,
//                  rope, reshape, cache_append)
//   Contraction    a prologue of row-wise operations, one or more tz.matmul of
//                  the same input, an epilogue of row-wise operations on their
//                  results
//   Attention      one tz.attention, with reshapes
//   ConvertLayout  one tz.convert_layout
//   Loops          one operation that says its loops, on arrays of any shape,
//                  and those whose elements are computed where it uses them
//
// The epilogue falls into sections: products whose results meet in the epilogue
// belong to one section and are computed for the same columns; sections are
// independent of each other.
#pragma once

#include "terrazzo/Dialect/Tz/Sizes.h"

namespace terrazzo::codegen {

/// Products whose results meet, and the operations on their results, in order.
struct Section {
  llvm::SmallVector<tz::MatmulOp> matmuls;
  llvm::SmallVector<mlir::Operation *> epilogue;
  /// Columns of each product.
  int64_t columns = 0;
  /// Columns that must be computed together: a head where the epilogue works on
  /// heads, else 1.
  int64_t unit = 1;
};

struct KernelForm {
  enum Kind { Row, Contraction, Attention, ConvertLayout, Loops };
  Kind kind = Row;
  /// Row-wise operations that do not depend on a product, in order.
  llvm::SmallVector<mlir::Operation *> prologue;
  llvm::SmallVector<Section> sections;
  tz::AttentionOp attention;
  tz::ConvertLayoutOp convert;
  tz::LoopOp loops; ///< the last of them
  /// Of all values of the kernel.
  tz::Sizes sizes;
  /// Rows that the kernel computes, its first size or as many each time; null:
  /// it is of no form with rows.
  mlir::AffineExpr rows;
  /// The number of them, '?' where calls differ in it.
  int64_t fixedRows() const;

  /// The shared input of all products.
  mlir::Value input() { return sections.front().matmuls.front().getInput(); }
  /// Length of the contraction.
  int64_t depth();
};

/// The form of `function`, or failure with an error at the operation that fits
/// none.
mlir::FailureOr<KernelForm> analyseKernel(tz::FuncOp function);

/// Why no form lowers `op` with the types of its values, in words that a user
/// reads; empty: one does. Asked of the model's operations, before kernels are
/// formed, and of a kernel's, where arguments stand for weights.
std::string whyNoForm(mlir::Operation *op);

/// Whether `op` says its loops and is no operation on rows: it is a kernel of
/// the form Loops.
bool needsLoops(mlir::Operation *op);
/// Whether a kernel of loops may compute this operand's elements where they are
/// used: nobody else uses them, none is needed twice but what is counted or
/// constant, and what runs in vectors goes on to.
bool mayInline(mlir::OpOperand &use);
/// Attribute of an operation that is loops although it could be one on rows,
/// were its arguments weights.
inline constexpr llvm::StringLiteral kLoopsAttr = "plan.loops";

/// Rows that an operation of a form with rows computes; null: it has none.
mlir::AffineExpr rowsOf(mlir::Operation *op, const tz::Sizes &sizes);

/// Columns that an operation on rows needs together: a head for what works on
/// heads, else 1.
int64_t columnUnit(mlir::Operation *op);

/// Elements of one row: the product of all dimensions but the first of [tokens,
/// ...].
int64_t rowElements(mlir::Type type);

} // namespace terrazzo::codegen
