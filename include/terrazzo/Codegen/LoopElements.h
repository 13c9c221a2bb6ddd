// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the elements of loops are, as code: those of memory, those that are
// computed where they are used, and what the operation makes of them.
#pragma once

#include "terrazzo/Codegen/LoopPlaces.h"

namespace terrazzo::codegen {

class LoopElements : public LoopPlaces {
public:
  /// `memoryOf` gives a value's memory.
  LoopElements(Emitter &e, const LoopCut &cut, const KernelSizes &sizes,
               llvm::function_ref<mlir::Value(mlir::Value)> memoryOf);

  /// Whether vectors may run along `loop`: what the operands have there lies
  /// side by side, or is the same for all.
  bool runsAlong(unsigned loop);
  /// What was loaded of an operand, in a register.
  mlir::Value toRegister(int operand, mlir::Value loaded);

  /// The function of the operands' elements, from as many lanes as the vector
  /// along `loop` has; with a null loop, one element.
  mlir::Value compute(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                      unsigned loop, mlir::Value mask, mlir::Value before = {});
  /// One element of an operation that ranks, an i64.
  mlir::Value rank(llvm::SmallVector<mlir::Value> indices);
  /// Of an operation with a target: what an element is where nothing counts,
  /// whether the second operand's element in this iteration is its number, and
  /// what it becomes then.
  mlir::Value untouched(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                        unsigned loop, mlir::Value mask);
  mlir::Value isTarget(llvm::ArrayRef<mlir::Value> indices);
  mlir::Value updated(mlir::Value before, llvm::ArrayRef<mlir::Value> indices,
                      bool lanes, unsigned loop, mlir::Value mask);
  /// One such element, over the reduced loop.
  mlir::Value target(llvm::SmallVector<mlir::Value> indices);
  /// All elements along the loop that is summed up, of as many lanes as the
  /// vector along `loop` has.
  void scan(llvm::SmallVectorImpl<mlir::Value> &indices, bool lanes,
            unsigned loop, mlir::Value mask);
  void store(mlir::Value value, llvm::ArrayRef<mlir::Value> indices, bool lanes,
             mlir::Value mask);
  /// Whether what is stored is what is computed, so that the result's memory
  /// serves as a register.
  bool keepsRegisters() { return type == typeOf(-1).getElementType(); }
  mlir::Value loadResult(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                         mlir::Value mask);

  /// What the operation computes in.
  mlir::Type registers() const { return type; }
  /// What a reduction begins with, in a register.
  mlir::Value initial(bool lanes);
  mlir::Value combine(mlir::Value a, mlir::Value b);
  /// What is left to do with a combined value.
  mlir::Value finish(mlir::Value combined);

private:
  mlir::Value load(int operand, llvm::ArrayRef<mlir::Value> indices, bool lanes,
                   unsigned loop, mlir::Value mask,
                   mlir::Value *within = nullptr);
  /// An element of memory, in a register of type `to`; of several lanes, those
  /// that lie side by side where memory `runs` along them, else one for all.
  mlir::Value fromPlace(mlir::Value memory, mlir::Value at, bool lanes,
                        bool runs, mlir::Value mask, mlir::Type element,
                        mlir::Type to);
  mlir::Value constant(double value, bool lanes);
  /// The number of the counted loop, in a register.
  mlir::Value counted(mlir::Value index, bool lanes);
  /// The element of a computed operand at these indices of its dimensions, in a
  /// register of type `to`.
  mlir::Value computed(int operand, llvm::ArrayRef<mlir::Value> dims,
                       bool lanes, unsigned loop, mlir::Value mask,
                       mlir::Type to);
  /// Elements that are part of the code.
  mlir::Value known(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                    unsigned loop, mlir::Value mask);
  /// The element of the operand whose map leads to it.
  mlir::Value pickOne(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                      unsigned loop, mlir::Value mask);
  /// The second operand's element, an i64.
  mlir::Value placeNamed(llvm::ArrayRef<mlir::Value> indices);
  /// The same kept within the dimension that it looks up, an index.
  mlir::Value lookedUp(llvm::ArrayRef<mlir::Value> indices);

  /// Whether operand `operand` has elements, where its indices are guarded and
  /// a size of it may be 0; else null.
  mlir::Value hasElements(int operand);
  /// `address`, or the first one where there are no elements.
  mlir::Value safe(mlir::Value address) {
    return present ? e.createOrFold<mlir::arith::SelectOp>(present, address,
                                                           e.index(0))
                   : address;
  }

  mlir::Type type; ///< of registers
  /// Of what is computed where guarded indices use it: whether there is any.
  /// Null: there is.
  mlir::Value present;
  /// Of each operand; null: it is memory.
  llvm::SmallVector<std::unique_ptr<LoopElements>> producers;
};

} // namespace terrazzo::codegen
