// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Who computes the rows of a kernel: the vectors of one worker, or the threads
// of a workgroup. An operation on rows says what it computes with packs,
// columns that lie side by side; which columns those are, who takes them and in
// which order is said here.
//
//   vectors   a pack is sixteen columns, the last ones under a mask; a worker
//             takes one row after the other
//   threads   a pack is one column, a thread's own; sums go over a subgroup, or
//             over the workgroup where there is one run alone
#pragma once

#include "terrazzo/Codegen/SimtEmitter.h"

namespace terrazzo::codegen {

/// `width` columns from `column` on, of which only the first `valid` are
/// touched when it is given, in `count` rows from `row` on (null: one row), at
/// most `maxCount`. Windows begin at multiples of the lanes and cut no head
/// that an operation works on.
struct RowWindow {
  mlir::Value row = {}, column = {};
  int64_t width = 0;
  mlir::Value valid = {}, count = {};
  int64_t maxCount = 1;

  /// Where the columns end that are touched, from the first on.
  mlir::Value end(Emitter &e) const { return valid ? valid : e.index(width); }
};

/// `count` numbers of an array from `at` on, as a pack of f64.
struct NumberPack {
  mlir::Value at, numbers;
  int64_t count;
};

class RowDistribution {
public:
  using Value = mlir::Value;
  template <typename... Args>
  using Body = llvm::function_ref<void(Args... args)>;

  virtual ~RowDistribution();

  Emitter &e;
  const int64_t lanes; ///< columns of a pack

  // Packs. A null mask means all lanes.
  Value load(Value memory, Value at, Value mask);
  void store(Value pack, Value memory, Value at, Value mask);
  /// A scalar in all lanes.
  Value spread(Value scalar);
  /// The first `count` lanes; null: all are.
  Value maskOf(int64_t count);

  /// All packs of a window.
  virtual void
  eachPack(const RowWindow &window,
           Body<Value /*row*/, Value /*column*/, Value /*mask*/> body) = 0;
  /// All packs of a window's runs, `length` columns each (a head, a whole row),
  /// from the `from`-th of each on; `offset` counts from the run's `start`.
  virtual void eachInRuns(
      const RowWindow &window, int64_t length, int64_t from,
      Body<Value /*row*/, Value /*start*/, Value /*offset*/, Value /*mask*/>
          body) = 0;
  /// A window's runs, so that `eachOfRun` and `sumOfRun` share one out.
  virtual void eachRun(const RowWindow &window, int64_t length,
                       Body<Value /*row*/, Value /*start*/> body) = 0;
  virtual void eachOfRun(int64_t length,
                         Body<Value /*offset*/, Value /*mask*/> body) = 0;
  /// What `term` makes of the sum so far and the pack at `offset`, over all
  /// packs and lanes: a scalar.
  virtual Value sumOfRun(
      int64_t length,
      llvm::function_ref<Value(Value offset, Value mask, Value sum)> term) = 0;
  /// For each row of a window, `numbers` in packs.
  virtual void eachNumber(const RowWindow &window,
                          llvm::ArrayRef<double> numbers,
                          Body<Value /*row*/, const NumberPack &> body) = 0;
  /// For each row of a window the elements, `column` by column, of one row of a
  /// weight, that which `rowOf` gives.
  virtual void
  eachWeight(const RowWindow &window, mlir::RankedTensorType type, Value memory,
             llvm::function_ref<Value(Value row)> rowOf,
             Body<Value /*row*/, Value /*column*/, Value /*element*/> body) = 0;
  /// What was stored may be read by all.
  virtual void settle() {}

protected:
  RowDistribution(Emitter &emitter, int64_t lanes) : e(emitter), lanes(lanes) {}
};

/// One worker, whose vectors run along a row.
class VectorDistribution final : public RowDistribution {
public:
  explicit VectorDistribution(Emitter &emitter)
      : RowDistribution(emitter, kLanes) {}

  void eachPack(const RowWindow &window,
                Body<Value, Value, Value> body) override;
  void eachInRuns(const RowWindow &window, int64_t length, int64_t from,
                  Body<Value, Value, Value, Value> body) override;
  void eachRun(const RowWindow &window, int64_t length,
               Body<Value, Value> body) override;
  void eachOfRun(int64_t length, Body<Value, Value> body) override;
  Value sumOfRun(int64_t length,
                 llvm::function_ref<Value(Value, Value, Value)> term) override;
  void eachNumber(const RowWindow &window, llvm::ArrayRef<double> numbers,
                  Body<Value, const NumberPack &> body) override;
  void eachWeight(const RowWindow &window, mlir::RankedTensorType type,
                  Value memory, llvm::function_ref<Value(Value)> rowOf,
                  Body<Value, Value, Value> body) override;
};

/// The threads of a workgroup.
class ThreadDistribution final : public RowDistribution {
public:
  /// `sums` is room in the workgroup's memory for a float of each subgroup.
  ThreadDistribution(SimtEmitter &emitter, Value sums)
      : RowDistribution(emitter, 1), simt(emitter), sums(sums) {}

  void eachPack(const RowWindow &window,
                Body<Value, Value, Value> body) override;
  void eachInRuns(const RowWindow &window, int64_t length, int64_t from,
                  Body<Value, Value, Value, Value> body) override;
  void eachRun(const RowWindow &window, int64_t length,
               Body<Value, Value> body) override;
  void eachOfRun(int64_t length, Body<Value, Value> body) override;
  Value sumOfRun(int64_t length,
                 llvm::function_ref<Value(Value, Value, Value)> term) override;
  void eachNumber(const RowWindow &window, llvm::ArrayRef<double> numbers,
                  Body<Value, const NumberPack &> body) override;
  void eachWeight(const RowWindow &window, mlir::RankedTensorType type,
                  Value memory, llvm::function_ref<Value(Value)> rowOf,
                  Body<Value, Value, Value> body) override;
  void settle() override { simt.barrier(); }

private:
  /// Calls `body(row, offset)` for each element of a window.
  void eachElement(const RowWindow &window, Body<Value, Value> body);
  Value rowsOf(const RowWindow &window);

  SimtEmitter &simt;
  Value sums;
  /// Of the run that is being worked on.
  bool byWorkgroup = false, summed = false;
};

} // namespace terrazzo::codegen
