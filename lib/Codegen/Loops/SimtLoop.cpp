// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops for workgroups of many threads: each thread takes elements of the inner
// loop, and reduces for each of them alone. Shares along the inner loop are all
// threads' together.
#include "LineShares.h"
#include "terrazzo/Codegen/LoopCut.h"
#include "terrazzo/Codegen/SimtKernel.h"

using namespace mlir;

namespace terrazzo::codegen {

namespace {

class SimtLoop {
public:
  /// `sums`: a float of each subgroup, in the workgroup's memory.
  SimtLoop(SimtEmitter &e, const LoopCut &cut, LoopElements &places, Value sums)
      : e(e), cut(cut), places(places), sums(sums) {}

  void run(Value workgroup) {
    indices = places.indicesOf(workgroup);
    if (cut.nest.share && cut.inner == cut.nest.share->loop)
      return places.each(cut.rest, indices, [&] { shareTogether(); });
    bool alone = cut.nest.scan && cut.inner == cut.nest.scan->loop;
    auto [first, last] =
        places.rangeOf(alone ? std::nullopt : cut.inner, indices);
    e.each(e.sub(last, first), [&, start = first, alone](Value i) {
      if (cut.inner && !alone)
        indices[*cut.inner] = e.add(start, i);
      places.each(cut.rest, indices, [&] { emitElement(); });
    });
  }

private:
  void shareTogether() {
    const tz::LoopNest::Share &share = *cut.nest.share;
    Value size = places.sizeOf(share.loop);
    auto fold = [&](double start, bool largest,
                    function_ref<Value(Value, Value)> step) {
      Value own = e.loop(e.thread, size, e.threads, {e.f32(start)},
                         [&](Value i, ValueRange carried) {
                           indices[share.loop] = i;
                           return SmallVector<Value>{step({}, carried[0])};
                         })[0];
      return acrossThreads(own, largest);
    };
    auto each = [&](function_ref<void(Value)> body) {
      e.each(size, [&](Value i) {
        indices[share.loop] = i;
        body({});
      });
    };
    emitShares(e, places, indices, share.logarithm,
               {/*lanes=*/false, 0, fold, each});
  }

  Value acrossThreads(Value own, bool largest) {
    own = largest ? e.maxOverLanes(own, 1, e.lanes / 2)
                  : e.sumOverLanes(own, 1, e.lanes / 2);
    // Everybody has read what was there before.
    e.barrier();
    return e.joinSubgroups(own, sums, [&](Value a, Value b) -> Value {
      return largest ? e.create<arith::MaxNumFOp>(a, b) : e.addf(a, b);
    });
  }

  void emitElement() {
    if (cut.nest.scan)
      return places.scan(indices, /*lanes=*/false, 0, {});
    if (cut.nest.share)
      return emitSharesOneByOne(e, places, indices, *cut.nest.share,
                                /*lanes=*/false, 0, {});
    Value value;
    if (cut.nest.ranks)
      value = places.rank(indices);
    else if (cut.nest.target)
      value = places.target(indices);
    else if (cut.nest.reduces())
      value = places.finish(
          reduceFrom(cut.reduced, places.initial(/*lanes=*/false)));
    else
      value = places.compute(indices, /*lanes=*/false, 0, {});
    places.store(value, indices, /*lanes=*/false, {});
  }

  Value reduceFrom(ArrayRef<unsigned> loops, Value start) {
    return e.loop(
        e.index(0), places.sizeOf(loops.front()), 1, {start},
        [&](Value i, ValueRange carried) -> SmallVector<Value> {
          indices[loops.front()] = i;
          if (loops.size() > 1)
            return {reduceFrom(loops.drop_front(), carried[0])};
          return {places.compute(indices, /*lanes=*/false, 0, {}, carried[0])};
        })[0];
  }

  SimtEmitter &e;
  const LoopCut &cut;
  LoopElements &places;
  Value sums;
  SmallVector<Value> indices;
};

} // namespace

void lowerSimtLoops(SimtFrame &frame, KernelForm &form) {
  ProductBlock block;
  if (frame.config.groupRows > 1)
    block = {frame.config.groupRows, frame.config.groupColumns};
  LoopCut cut(form.loops, form.sizes, block);
  LoopElements places(frame.e, cut, frame.sizes, [&](Value value) {
    return frame.rows.placeOf(value).memory;
  });
  if (cut.product)
    lowerSimtProduct(frame, cut, places);
  else
    SimtLoop(frame.e, cut, places,
             frame.view(frame.e.getF32Type(), 0, kSumsBytes / 4))
        .run(frame.workgroup);
}

} // namespace terrazzo::codegen
