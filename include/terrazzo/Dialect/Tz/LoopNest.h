// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an operation computes, as loops: said once, by the operation, and read
// by everything below it. Loop i of
//
//   result[result map] = combine over the reduced loops of
//                        function(operand k [map k], ...)
//
// runs over a dimension of an operand or of the result. The loops that are not
// reduced are the result's dimensions in order; they may run in any order and
// at the same time.
#pragma once

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace terrazzo::tz {

enum class ElementwiseFunction : uint32_t;
enum class Combiner : uint32_t;

struct LoopNest {
  /// Of each loop: its number of iterations, '?' where calls differ in it.
  llvm::SmallVector<int64_t> sizes;
  /// Of a loop that is no operand's dimension: its number of iterations from
  /// those, as symbols, all operands' one after the other; none: no loop is
  /// such.
  llvm::SmallVector<mlir::AffineExpr> derived;
  /// Numbers that no call may have below 0, of symbols as in `derived`.
  llvm::SmallVector<mlir::AffineExpr> demands;
  /// Loops from this one on are reduced.
  unsigned parallel = 0;
  /// Of each operand, its dimensions as loops, times and plus numbers; symbols
  /// are sizes of dimensions as in `derived`.
  llvm::SmallVector<mlir::AffineMap> operands;
  /// Of the operands' elements; none: the only operand's element.
  std::optional<ElementwiseFunction> function;
  /// What an operand has where its map leads outside of it; none: no map does.
  std::optional<double> outside;
  /// Whether the element is that of the one operand whose map leads to it.
  bool pick = false;
  /// The dimension of the first operand whose index is the second one's
  /// element, kept within it; none: all are as the map says.
  std::optional<unsigned> lookup;
  /// The loop whose number the element is; none: it is no such.
  std::optional<unsigned> counter;
  /// What the elements are, in the result's order; null: it is computed.
  mlir::DenseElementsAttr content;
  /// The loop whose number the second operand's element must be for the third
  /// one's to count. The element is the last that counts, or the first
  /// operand's where none does; with a combiner, the sum of all of these. None:
  /// all elements count.
  std::optional<unsigned> target;
  /// The loop along which elements are summed up, each into the next: with
  /// `exclusive` without itself, with `backwards` from the last one on.
  struct Scan {
    unsigned loop;
    bool exclusive, backwards;
  };
  std::optional<Scan> scan;
  /// The loop along which elements become shares of a whole: e^element divided
  /// by the sum of all e^element, or the logarithm of that.
  struct Share {
    unsigned loop;
    bool logarithm;
  };
  std::optional<Share> share;
  /// Whether the element, j behind the other parallel loops, is where the
  /// reduced loop has the operand's element that is the j-th largest, the first
  /// of equal ones.
  bool ranks = false;
  /// Of the reduced loops, or those summed up; none: there are none, or they
  /// are ranked or targeted.
  std::optional<Combiner> combiner;

  mlir::AffineExpr derivedSize(unsigned loop) const {
    return loop < derived.size() ? derived[loop] : mlir::AffineExpr();
  }
  bool reduces() const { return parallel < sizes.size(); }
  /// The loop whose iterations depend on each other; none: there is no such.
  std::optional<unsigned> line() const {
    return scan    ? std::optional(scan->loop)
           : share ? std::optional(share->loop)
                   : std::nullopt;
  }
  /// The result's innermost loop that has more than one iteration, along which
  /// vectors run; none: the result is one element.
  std::optional<unsigned> inner() const {
    for (unsigned loop = parallel; loop-- > 0;)
      if (sizes[loop] != 1)
        return loop;
    return std::nullopt;
  }
  /// Whether a dimension of an operand's map may lead out of the operand, of
  /// whatever size that is.
  bool leadsOutside(mlir::AffineExpr place) const {
    return (outside || pick) &&
           !mlir::isa<mlir::AffineConstantExpr, mlir::AffineDimExpr>(place);
  }
};

} // namespace terrazzo::tz

#include "terrazzo/Dialect/Tz/LoopInterface.h.inc"

namespace terrazzo::tz {

/// Checks that operands and result have the shapes that the loops of `op` say.
mlir::LogicalResult verifyLoops(mlir::Operation *op);

} // namespace terrazzo::tz
