// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops for workers with vectors. Where neighbours along the inner loop lie
// side by side, vectors run along it, and what is reduced is combined in the
// result's memory; else along the innermost loop that is reduced, one element
// after the other; else elements are taken one by one.
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
    Value zero = e.index(0), to = places.sizeOf(loop);
    auto step = [&](Value i, Value before, Value mask) {
      indices[loop] = i;
      if (loops.size() > 1)
        return reduceFrom(loops.drop_front(), before, lanes);
      Value after = places.compute(indices, lanes, loop, mask, before);
      return mask ? Value(e.create<arith::SelectOp>(mask, after, before))
                  : after;
    };
    bool vectors = lanes && loops.size() == 1;
    Value whole = vectors ? wholeEnd(zero, to) : to;
    Value sum = e.loop(zero, whole, vectors ? kLanes : 1, {start},
                       [&](Value i, ValueRange carried) {
                         return SmallVector<Value>{step(i, carried[0], {})};
                       })[0];
    if (!vectors)
      return sum;
    // At most one iteration.
    return e.loop(whole, to, kLanes, {sum}, [&](Value i, ValueRange carried) {
      return SmallVector<Value>{step(i, carried[0], e.maskOf(e.sub(to, i)))};
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
