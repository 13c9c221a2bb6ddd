// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "LineShares.h"
#include "terrazzo/Codegen/ElementwiseCode.h"
#include <limits>

using namespace mlir;

namespace terrazzo::codegen {

void emitShares(Emitter &e, LoopElements &places, ArrayRef<Value> indices,
                bool logarithm, const LineWalk &walk) {
  using F = tz::ElementwiseFunction;
  bool kept = places.keepsRegisters();
  auto element = [&](Value mask) {
    Value value = places.compute(indices, walk.lanes, walk.loop, mask);
    return walk.lanes && !isa<VectorType>(value.getType()) ? e.splat(value)
                                                           : value;
  };
  auto again = [&](Value mask) {
    return kept ? places.loadResult(indices, walk.lanes, mask) : element(mask);
  };
  auto store = [&](Value value, Value mask) {
    places.store(value, indices, walk.lanes, mask);
  };
  Value top = walk.fold(-std::numeric_limits<double>::infinity(),
                        /*largest=*/true, [&](Value mask, Value before) {
                          Value x = element(mask);
                          if (kept)
                            store(x, mask);
                          return e.maxf(before, x);
                        });
  auto power = [&](Value mask) {
    return applyFunction(e, F::Exp, e.subf(again(mask), top));
  };
  Value sum = walk.fold(0, /*largest=*/false, [&](Value mask, Value before) {
    Value p = power(mask);
    if (kept && !logarithm)
      store(p, mask);
    return e.addf(before, p);
  });
  Value whole = logarithm ? applyFunction(e, F::Log, sum)
                          : e.divf(e.constantLike(sum, 1), sum);
  walk.each([&](Value mask) {
    if (logarithm) // large elements would swallow the logarithm's last digits
      store(e.subf(e.subf(again(mask), top), whole), mask);
    else
      store(e.mulf(kept ? again(mask) : power(mask), whole), mask);
  });
}

void emitSharesOneByOne(Emitter &e, LoopElements &places,
                        SmallVectorImpl<Value> &indices,
                        const tz::LoopNest::Share &share, bool lanes,
                        unsigned loop, Value mask) {
  Value zero = e.index(0), size = places.sizeOf(share.loop);
  auto fold = [&](double start, bool,
                  function_ref<Value(Value, Value)> step) -> Value {
    Value first = lanes ? e.f32Vector(start) : e.f32(start);
    return e.loop(zero, size, 1, {first},
                  [&](Value i, ValueRange carried) -> SmallVector<Value> {
                    indices[share.loop] = i;
                    return {step(mask, carried[0])};
                  })[0];
  };
  auto each = [&](function_ref<void(Value)> body) {
    e.loop(zero, size, 1, [&](Value i) {
      indices[share.loop] = i;
      body(mask);
    });
  };
  emitShares(e, places, indices, share.logarithm, {lanes, loop, fold, each});
}

} // namespace terrazzo::codegen
