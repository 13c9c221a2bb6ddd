// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops for workers with vectors. Where neighbours along the inner loop lie
// side by side, vectors run along it, and what is reduced is combined in the
// result's memory; else along the innermost loop that is reduced, one element
// after the other; else elements are taken one by one.
#include "LineShares.h"
#include "ProductLoops.h"

using namespace mlir;

namespace terrazzo::codegen {

namespace {

class LoopKernel {
public:
  LoopKernel(Emitter &e, const LoopCut &cut, LoopElements &places)
      : e(e), cut(cut), places(places) {}

  void run(Value workgroup) {
    indices = places.indicesOf(workgroup);
    std::tie(first, last) = places.rangeOf(cut.inner, indices);
    places.each(cut.rest, indices, [&] { emitRow(); });
  }

private:
  /// Whether vectors may run along `loop`: what lies there is side by side or
  /// the same for all.
  bool isDense(unsigned loop, bool withResult) {
    return places.runsAlong(loop) &&
           (!withResult || places.strideOf(-1, loop) == 1);
  }

  /// Calls `body` along `loop` from `from` to `to` with the index set: whole
  /// vectors, then a masked one; or one by one.
  void along(std::optional<unsigned> loop, Value from, Value to, bool lanes,
             function_ref<void(Value mask)> body) {
    if (!loop)
      return body({});
    if (!lanes) {
      e.loop(from, to, 1, [&](Value i) {
        indices[*loop] = i;
        body({});
      });
      return;
    }
    Value whole = wholeEnd(from, to);
    e.loop(from, whole, kLanes, [&](Value i) {
      indices[*loop] = i;
      body({});
    });
    e.when(e.less(whole, to), [&] {
      indices[*loop] = whole;
      body(e.maskOf(e.sub(to, whole)));
    });
  }

  /// Where the last whole vector ends.
  Value wholeEnd(Value from, Value to) {
    return e.add(from, e.mul(e.div(e.sub(to, from), kLanes), kLanes));
  }

  void emitRow() {
    if (cut.nest.ranks) {
      along(cut.inner, first, last, /*lanes=*/false, [&](Value) {
        places.store(places.rank(indices), indices, /*lanes=*/false, {});
      });
    } else if (cut.nest.target) {
      putParts();
    } else if (cut.nest.scan) {
      sumUp();
    } else if (cut.nest.share) {
      shareOut();
    } else if (!cut.nest.reduces()) {
      bool lanes = cut.inner && isDense(*cut.inner, /*withResult=*/true);
      along(cut.inner, first, last, lanes, [&](Value mask) {
        Value value =
            places.compute(indices, lanes, cut.inner.value_or(0), mask);
        if (lanes && !isa<VectorType>(value.getType()))
          value = e.splat(value);
        places.store(value, indices, lanes, mask);
      });
    } else if (cut.inner && isDense(*cut.inner, /*withResult=*/true) &&
               gainsAlongInner() && places.keepsRegisters()) {
      reduceInMemory();
    } else {
      along(cut.inner, first, last, /*lanes=*/false,
            [&](Value) { reduceOne(); });
    }
  }

  /// Whether some operand lies along the inner loop; the others repeat.
  bool gainsAlongInner() {
    for (unsigned i = 0; i < cut.nest.operands.size(); ++i)
      if (places.strideOf(int(i), *cut.inner) == 1)
        return true;
    return false;
  }

  /// Along the inner loop, unless that is the one which is summed up.
  void sumUp() {
    if (!cut.inner || cut.nest.scan->loop == *cut.inner)
      return places.scan(indices, /*lanes=*/false, 0, {});
    bool lanes = isDense(*cut.inner, /*withResult=*/true);
    along(cut.inner, first, last, lanes,
          [&](Value mask) { places.scan(indices, lanes, *cut.inner, mask); });
  }

  /// In vectors along the line where that is the inner loop, else along that.
  void shareOut() {
    const tz::LoopNest::Share &share = *cut.nest.share;
    bool lanes = cut.inner && isDense(*cut.inner, /*withResult=*/true);
    if (lanes && share.loop == *cut.inner)
      return shareAlongInner(share);
    if (!cut.inner || share.loop == *cut.inner)
      return emitSharesOneByOne(e, places, indices, share, /*lanes=*/false, 0,
                                {});
    along(cut.inner, first, last, lanes, [&](Value mask) {
      emitSharesOneByOne(e, places, indices, share, lanes, *cut.inner, mask);
    });
  }

  void shareAlongInner(const tz::LoopNest::Share &share) {
    Value zero = e.index(0), to = places.sizeOf(share.loop);
    auto fold = [&](double start, bool largest,
                    function_ref<Value(Value, Value)> step) {
      Value all = inVectors(share.loop, e.f32Vector(start), step);
      return e.splat(largest ? e.reduceMax(all) : e.reduceAdd(all));
    };
    auto each = [&](function_ref<void(Value)> body) {
      along(share.loop, zero, to, /*lanes=*/true, body);
    };
    emitShares(e, places, indices, share.logarithm,
               {/*lanes=*/true, share.loop, fold, each});
  }

  /// What goes into a target: whole parts where their number is the same along
  /// the inner loop, else one element after the other.
  void putParts() {
    bool whole = cut.inner && places.keepsRegisters() &&
                 *cut.inner != *cut.nest.target &&
                 places.strideOf(1, *cut.inner) == 0 &&
                 isDense(*cut.inner, /*withResult=*/true);
    if (!whole)
      return along(cut.inner, first, last, /*lanes=*/false, [&](Value) {
        places.store(places.target(indices), indices, /*lanes=*/false, {});
      });
    unsigned inner = *cut.inner;
    along(inner, first, last, /*lanes=*/true, [&](Value mask) {
      places.store(places.untouched(indices, /*lanes=*/true, inner, mask),
                   indices, /*lanes=*/true, mask);
    });
    places.each(cut.reduced, indices, [&] {
      e.when(places.isTarget(indices), [&] {
        along(inner, first, last, /*lanes=*/true, [&](Value mask) {
          Value before = places.loadResult(indices, /*lanes=*/true, mask);
          Value after =
              places.updated(before, indices, /*lanes=*/true, inner, mask);
          places.store(after, indices, /*lanes=*/true, mask);
        });
      });
    });
  }

  void reduceInMemory() {
    unsigned inner = *cut.inner;
    auto pass = [&](function_ref<Value(Value mask)> value) {
      along(inner, first, last, /*lanes=*/true, [&](Value mask) {
        places.store(value(mask), indices, /*lanes=*/true, mask);
      });
    };
    pass([&](Value) { return places.initial(/*lanes=*/true); });
    places.each(cut.reduced, indices, [&] {
      pass([&](Value mask) {
        Value before = places.loadResult(indices, /*lanes=*/true, mask);
        return places.compute(indices, /*lanes=*/true, inner, mask, before);
      });
    });
    if (cut.nest.combiner == tz::Combiner::Mean)
      pass([&](Value mask) {
        return places.finish(places.loadResult(indices, /*lanes=*/true, mask));
      });
  }

  /// One element of the result.
  void reduceOne() {
    bool lanes = isDense(cut.reduced.back(), /*withResult=*/false);
    Value start = places.initial(lanes);
    Value sum = reduceFrom(cut.reduced, start, lanes);
    if (lanes)
      sum = acrossLanes(sum);
    places.store(places.finish(sum), indices, /*lanes=*/false, {});
  }

  Value reduceFrom(ArrayRef<unsigned> loops, Value start, bool lanes) {
    unsigned loop = loops.front();
    auto step = [&](Value mask, Value before) {
      return places.compute(indices, lanes, loop, mask, before);
    };
    if (lanes && loops.size() == 1)
      return inVectors(loop, start, step);
    return e.loop(e.index(0), places.sizeOf(loop), 1, {start},
                  [&](Value i, ValueRange carried) -> SmallVector<Value> {
                    indices[loop] = i;
                    return {loops.size() > 1 ? reduceFrom(loops.drop_front(),
                                                          carried[0], lanes)
                                             : step({}, carried[0])};
                  })[0];
  }

  /// What `step` makes of the vector `start` along all of `loop`.
  Value inVectors(unsigned loop, Value start,
                  function_ref<Value(Value mask, Value before)> step) {
    Value zero = e.index(0), to = places.sizeOf(loop);
    Value whole = wholeEnd(zero, to);
    Value sum =
        e.loop(zero, whole, kLanes, {start}, [&](Value i, ValueRange carried) {
          indices[loop] = i;
          return SmallVector<Value>{step({}, carried[0])};
        })[0];
    // At most one iteration.
    return e.loop(whole, to, kLanes, {sum}, [&](Value i, ValueRange carried) {
      indices[loop] = i;
      Value mask = e.maskOf(e.sub(to, i));
      return SmallVector<Value>{
          e.create<arith::SelectOp>(mask, step(mask, carried[0]), carried[0])};
    })[0];
  }

  Value acrossLanes(Value vector) {
    using Kind = vector::CombiningKind;
    bool whole = isa<IntegerType>(places.registers());
    switch (*cut.nest.combiner) {
    case tz::Combiner::Max:
      return e.create<vector::ReductionOp>(whole ? Kind::MAXSI : Kind::MAXIMUMF,
                                           vector);
    case tz::Combiner::Min:
      return e.create<vector::ReductionOp>(whole ? Kind::MINSI : Kind::MINIMUMF,
                                           vector);
    case tz::Combiner::Prod:
      return e.create<vector::ReductionOp>(Kind::MUL, vector);
    default:
      return e.reduceAdd(vector);
    }
  }

  Emitter &e;
  const LoopCut &cut;
  LoopElements &places;
  SmallVector<Value> indices;
  Value first, last;
};

} // namespace

void lowerLoops(KernelFrame &frame, KernelForm &form, const ProductTile &tile) {
  LoopCut cut(form.loops, form.sizes, tile ? kVectorBlock : ProductBlock());
  LoopElements places(frame.e, cut, frame.sizes, [&](Value value) {
    return frame.rows.placeOf(value).memory;
  });
  frame.e.loop(frame.begin, frame.end, 1, [&](Value workgroup) {
    if (cut.product)
      lowerProduct(frame, cut, places, tile, workgroup);
    else
      LoopKernel(frame.e, cut, places).run(workgroup);
  });
}

} // namespace terrazzo::codegen
