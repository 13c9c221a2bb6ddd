// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vocabulary of kernel bodies on chips that run a workgroup as many
// threads: loops shared out over threads, barriers, exchanges within a
// subgroup. Each thread works on scalars and short vectors; a subgroup's lanes
// run in step, a workgroup's subgroups meet at barriers.
//
// What is emitted here must be reached by all threads of a workgroup (barriers,
// loops over the workgroup) or of a subgroup (exchanges).
#pragma once

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "terrazzo/Codegen/Emitter.h"

namespace terrazzo::codegen {

class SimtEmitter : public Emitter {
public:
  /// A workgroup of `threads` threads in subgroups of `lanes`.
  SimtEmitter(mlir::Location location, mlir::OpBuilder builder, int64_t threads,
              int64_t lanes);

  const int64_t threads, lanes;
  mlir::Value thread;   ///< within the workgroup
  mlir::Value lane;     ///< within the subgroup
  mlir::Value subgroup; ///< within the workgroup
  int64_t subgroups() const { return threads / lanes; }

  void barrier();
  /// i = thread, thread + threads, … below `count`.
  void each(mlir::Value count, llvm::function_ref<void(mlir::Value)> body);
  void each(int64_t count, llvm::function_ref<void(mlir::Value)> body) {
    each(index(count), body);
  }
  /// i = subgroup, subgroup + subgroups, … below `count`.
  void eachSubgroup(mlir::Value count,
                    llvm::function_ref<void(mlir::Value)> body);

  mlir::Value shuffleXor(mlir::Value value, int64_t mask);
  mlir::Value shuffleFrom(mlir::Value value, mlir::Value lane);
  /// Sums over the lanes that differ in the bits from `first` to `last`
  /// (powers of two); every lane gets it. The tree's shape is fixed.
  mlir::Value sumOverLanes(mlir::Value value, int64_t first, int64_t last);
  mlir::Value maxOverLanes(mlir::Value value, int64_t first, int64_t last);

  /// A value of each subgroup, the same in its lanes, joined over the workgroup
  /// in a fixed order; every thread gets it. `room` is a value of each subgroup
  /// in the workgroup's memory, which nobody reads any more.
  mlir::Value
  joinSubgroups(mlir::Value own, mlir::Value room,
                llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> join);

  /// Between `condition` and not, without a branch.
  mlir::Value choose(mlir::Value condition, mlir::Value a, mlir::Value b) {
    return create<mlir::arith::SelectOp>(condition, a, b);
  }
  mlir::Value both(mlir::Value a, mlir::Value b) {
    return create<mlir::arith::AndIOp>(a, b);
  }
  /// `count` elements from `at` on as one access; `at` is a multiple of
  /// `count`.
  mlir::Value loadVector(mlir::Value memory, mlir::Value at, int64_t count);
  void storeVector(mlir::Value vector, mlir::Value memory, mlir::Value at);
  mlir::Value element(mlir::Value vector, int64_t i);
  mlir::Value vectorOf(llvm::ArrayRef<mlir::Value> elements);
};

} // namespace terrazzo::codegen
