// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention and rotations, written with products and a softmax over arrays
// [batch, heads, rows, width]; passes recognise them.
#include "Node.h"

#include <cmath>

using namespace mlir;

namespace terrazzo::onnx {

namespace {

/// [batch, rows, heads * width] as [batch, heads, rows, width].
Val splitHeads(Node &n, const Val &x, int64_t heads) {
  auto width = x.rank() == 3 ? numberOf(x.dims.back()) : std::nullopt;
  if (heads < 1 || !width || *width % heads) {
    n.fail("an input of " + n.text(x.dims) + " has not " + Twine(heads) +
           " heads");
    return {};
  }
  Val apart = n.reshape(
      x, {x.dims[0], x.dims[1], n.size(heads), n.size(*width / heads)});
  return n.ok() ? n.transpose(apart, {0, 2, 1, 3}) : Val();
}

Val joinHeads(Node &n, const Val &x) {
  if (!n.ok())
    return {};
  Val rows = n.transpose(x, {0, 2, 1, 3});
  return n.ok() ? n.reshape(rows, {x.dims[0], x.dims[2],
                                   n.product({x.dims[1], x.dims[3]})})
                : Val();
}

/// What attention is told besides queries, keys and values.
struct Attend {
  double scale = 0, softCap = 0;
  Val bias; ///< added to scores
  Val keep; ///< truths: which scores count
  bool causal = false;
  AffineExpr past;               ///< rows of keys before the first query
  double masked = -INFINITY;     ///< what is added where nothing counts
  int64_t left = -1, right = -1; ///< how far a query sees; -1: without end
};

/// Key j counts for query t when past + t - left <= j <= past + t + right.
Val reachMask(Node &n, AffineExpr rows, AffineExpr keys, const Attend &with) {
  Val row = n.iota({rows, n.size(1)}, 0, n.i64()), all;
  if (with.past && !isNumber(with.past, 0))
    row = n.add(row, n.sizeValue(with.past, n.i64()));
  Val key = n.iota({keys}, 0, n.i64());
  auto limit = [&](int64_t reach, bool left) {
    Val edge = n.add(row, n.number(double(left ? -reach : reach), n.i64()));
    Val is = left ? n.apply(Fn::LessEqual, {edge, key})
                  : n.apply(Fn::LessEqual, {key, edge});
    all = all ? n.apply(Fn::And, {all, is}) : is;
  };
  int64_t right = with.causal ? 0 : with.right;
  if (with.left >= 0)
    limit(with.left, true);
  if (right >= 0)
    limit(right, false);
  return all;
}

/// Scores [batch, heads, rows, keys] before what is added to them.
struct Scores {
  Val plain, shares, result;
};

Scores attend(Node &n, Val q, Val k, Val v, const Attend &with) {
  Scores scores;
  if (!n.ok())
    return scores;
  auto heads = numberOf(q.dims[1]), groups = numberOf(k.dims[1]);
  if (!heads || !groups || *groups < 1 || *heads % *groups ||
      normal(q.dims[3]) != normal(k.dims[3]) ||
      normal(k.dims[2]) != normal(v.dims[2]) ||
      normal(k.dims[1]) != normal(v.dims[1])) {
    n.fail("its queries " + n.text(q.dims) + ", keys " + n.text(k.dims) +
           " and values " + n.text(v.dims) + " do not fit");
    return scores;
  }
  AffineExpr g = n.size(*groups), r = n.size(*heads / *groups);
  AffineExpr batch = q.dims[0], rows = q.dims[2], keys = k.dims[2];
  Dims all{batch, q.dims[1], rows, keys}, apart{batch, g, r, rows, keys};
  Val grouped = n.reshape(q, {batch, g, r, rows, q.dims[3]});
  Val dots = n.reshape(
      n.contract("bgrtd,bgsd->bgrts", grouped, k, apart, q.element), all);
  if (!n.ok())
    return scores;
  dots = n.mul(dots, n.number(with.scale, q.element));
  scores.plain = dots;
  if (with.softCap > 0) {
    Val cap = n.number(with.softCap, q.element);
    dots = n.mul(n.apply(Fn::Tanh, {n.div(dots, cap)}), cap);
  }
  if (with.bias)
    dots = n.add(dots, n.cast(with.bias, q.element));
  Val never = n.number(with.masked, q.element);
  auto mask = [&](const Val &keep) {
    dots = std::isinf(with.masked)
               ? n.apply(Fn::Select, {keep, dots, never})
               : n.add(dots, n.apply(Fn::Select,
                                     {keep, n.number(0, q.element), never}));
  };
  if (with.keep)
    mask(with.keep);
  bool reaches = with.causal || with.left >= 0 || with.right >= 0;
  if (reaches)
    mask(reachMask(n, rows, keys, with));
  if (!n.ok())
    return scores;
  if (dots.dims != all)
    n.fail("its mask or bias is larger than its scores " + n.text(all));
  scores.shares = n.softmax(dots, 3, false);
  if (std::isinf(with.masked) && (with.bias || with.keep || reaches)) {
    // A query that sees no key gets zeros.
    Val largest = n.reduce(tz::Combiner::Max, dots, {3});
    scores.shares =
        n.apply(Fn::Select, {n.apply(Fn::Equal, {largest, never}),
                             n.number(0, q.element), scores.shares});
  }
  scores.result =
      n.reshape(n.contract("bgrts,bgsd->bgrtd", n.reshape(scores.shares, apart),
                           v, {batch, g, r, rows, v.dims[3]}, q.element),
                {batch, q.dims[1], rows, v.dims[3]});
  return scores;
}

double scaleOf(Node &n, const Val &q) {
  auto width = q && q.rank() == 4 ? numberOf(q.dims[3]) : std::nullopt;
  double given = n.real("scale", 0);
  return given != 0 ? given : width ? 1 / std::sqrt(double(*width)) : 1;
}

//===----------------------------------------------------------------------===//
// Opset 23
//===----------------------------------------------------------------------===//

void lowerAttention(Node &n) {
  Val q = n.in(0), k = n.in(1), v = n.in(2), mask = n.optional(3);
  int64_t heads = n.integer("q_num_heads", 0),
          keyHeads = n.integer("kv_num_heads", 0);
  n.ignore("softmax_precision"); // f32 at least
  n.only("qk_matmul_output_mode", 0);
  if (n.has(6))
    n.fail("its input 6 (nonpad_kv_seqlen) is not supported");
  if (!n.ok())
    return;
  bool flat = q.rank() == 3;
  if (flat) {
    q = splitHeads(n, q, heads);
    k = splitHeads(n, k, keyHeads);
    v = splitHeads(n, v, keyHeads);
  }
  if (!n.ok())
    return;
  if (q.rank() != 4 || k.rank() != 4 || v.rank() != 4)
    return void(n.fail("it takes arrays of 3 or 4 dimensions"));
  Attend with;
  with.scale = scaleOf(n, q);
  with.softCap = n.real("softcap", 0);
  with.causal = n.integer("is_causal", 0);
  with.left = n.integer("left_window_size", -1);
  with.right = n.integer("right_window_size", -1);
  with.past = n.size(0);
  if (n.has(4) != n.has(5))
    n.fail("it has past keys or values alone");
  if (n.ok() && n.has(4)) {
    if (n.in(4).rank() != 4 || n.in(5).rank() != 4)
      return void(n.fail("its past keys and values have not 4 dimensions"));
    with.past = n.in(4).dims[2];
    k = n.concat({n.in(4), k}, 2);
    v = n.concat({n.in(5), v}, 2);
  }
  if (!n.ok())
    return;
  if (mask && (mask.rank() < 1 || mask.rank() > 4))
    return void(n.fail("its mask has " + Twine(mask.rank()) + " dimensions"));
  if (mask && normal(mask.dims.back()) != normal(k.dims[2]))
    return void(n.fail("its mask is shorter than its keys"));
  (mask && mask.element.isInteger(1) ? with.keep : with.bias) = mask;
  Scores scores = attend(n, q, k, v, with);
  n.out(flat ? joinHeads(n, scores.result) : scores.result, 0);
  n.out(k, 1);
  n.out(v, 2);
  n.out(scores.plain, 3);
}

/// Pairs of lanes turned by the angles whose cosines and sines are given,
/// [batch, 1, rows, lanes / 2] each.
Val rotated(Node &n, const Val &x, const Val &cosine, const Val &sine,
            int64_t lanes, bool interleaved) {
  auto width = numberOf(x.dims[3]);
  if (!cosine || !sine || !width || lanes > *width || lanes < 2 || lanes % 2 ||
      !isNumber(cosine.dims.back(), lanes / 2)) {
    n.fail("its lanes are not known, odd, or not twice those of its tables");
    return {};
  }
  AffineExpr half = n.size(lanes / 2);
  Val turning = n.slice(x, 3, n.size(0), 1, n.size(lanes));
  Val first, second;
  if (interleaved) {
    Dims pairs{x.dims[0], x.dims[1], x.dims[2], half, n.size(2)},
        flat{x.dims[0], x.dims[1], x.dims[2], half};
    Val apart = n.reshape(turning, pairs);
    if (!n.ok())
      return {};
    first = n.reshape(n.slice(apart, 4, n.size(0), 1, n.size(1)), flat);
    second = n.reshape(n.slice(apart, 4, n.size(1), 1, n.size(1)), flat);
  } else {
    first = n.slice(turning, 3, n.size(0), 1, half);
    second = n.slice(turning, 3, half, 1, half);
  }
  Val a = n.sub(n.mul(first, cosine), n.mul(second, sine));
  Val b = n.add(n.mul(first, sine), n.mul(second, cosine));
  if (!n.ok())
    return {};
  Val all;
  if (interleaved) {
    Dims one = a.dims, whole = turning.dims;
    one.push_back(n.size(1));
    all = n.reshape(n.concat({n.reshape(a, one), n.reshape(b, one)}, 4), whole);
  } else {
    all = n.concat({a, b}, 3);
  }
  if (lanes == *width)
    return all;
  return n.concat(
      {all, n.slice(x, 3, n.size(lanes), 1, n.size(*width - lanes))}, 3);
}

/// Rows of a table by positions [batch, rows], or those of [batch, rows,
/// lanes] as they are; [batch, 1, rows, lanes].
Val tableRows(Node &n, const Val &table, const Val &positions) {
  Val rows = positions ? n.gather(table, positions, 0) : table;
  if (!n.ok())
    return {};
  if (rows.rank() != 3) {
    n.fail("its tables are of " + n.text(table.dims));
    return {};
  }
  return n.reshape(rows, {rows.dims[0], n.size(1), rows.dims[1], rows.dims[2]});
}

void rotate(Node &n, Val x, Val cosine, Val sine, Val positions) {
  bool interleaved = n.integer("interleaved", 0);
  int64_t heads = n.integer("num_heads", 0),
          lanes = n.integer("rotary_embedding_dim", 0);
  if (!n.ok())
    return;
  bool flat = x.rank() == 3;
  if (cosine.rank() < 1 || sine.rank() < 1)
    return void(n.fail("its tables are single numbers"));
  if (flat && heads == 0) {
    // As many as the tables are wide.
    auto table = numberOf(cosine.dims.back()), width = numberOf(x.dims[2]);
    heads =
        table && width && *table > 0 && lanes == 0 ? *width / (2 * *table) : 0;
  }
  if (flat)
    x = splitHeads(n, x, heads);
  if (!n.ok() || x.rank() != 4)
    return void(n.fail("it takes arrays of 3 or 4 dimensions"));
  if (lanes == 0)
    lanes = numberOf(x.dims[3]).value_or(0);
  Val c = tableRows(n, cosine, positions), s = tableRows(n, sine, positions);
  if (!n.ok())
    return;
  Val result = rotated(n, x, n.cast(c, x.element), n.cast(s, x.element), lanes,
                       interleaved);
  n.out(flat ? joinHeads(n, result) : result);
}

void lowerRotary(Node &n) {
  rotate(n, n.in(0), n.in(1), n.in(2), n.optional(3));
}

//===----------------------------------------------------------------------===//
// com.microsoft
//===----------------------------------------------------------------------===//

void lowerMicrosoftRotary(Node &n) {
  Val x = n.in(0), positions = n.in(1);
  n.only("is_packed_batching", 0);
  if (double scale = n.real("scale", 1); scale != 1)
    n.fail("its attribute 'scale' is not 1, which alone is supported");
  if (!n.ok())
    return;
  if (x.rank() != 3 && x.rank() != 4)
    return void(n.fail("it takes arrays of 3 or 4 dimensions"));
  if (positions.rank() == 1) {
    // One number: where the first row of all texts stands.
    AffineExpr rows = x.dims[x.rank() == 3 ? 1 : 2];
    positions = n.add(n.iota({n.size(1), rows}, 1, n.i64()),
                      n.reshape(n.cast(positions, n.i64()), {}));
  }
  rotate(n, x, n.in(2), n.in(3), positions);
}

/// [batch, keys], 1 where a key counts, as [batch, 1, 1, keys] of truths.
Val paddingMask(Node &n, const Val &mask) {
  if (mask.rank() != 2) {
    n.fail("its mask has " + Twine(mask.rank()) +
           " dimensions; [batch, keys] is supported");
    return {};
  }
  return n.reshape(n.cast(mask, n.i1()),
                   {mask.dims[0], n.size(1), n.size(1), mask.dims[1]});
}

void lowerMultiHead(Node &n) {
  Val q = n.in(0), k = n.in(1), v = n.in(2), bias = n.optional(3);
  int64_t heads = n.integer("num_heads", 0);
  Attend with;
  with.masked = n.real("mask_filter_value", -10000.0F);
  with.causal = n.integer("unidirectional", 0);
  with.past = n.size(0);
  for (size_t i = 8; i < n.count(); ++i)
    if (n.has(i))
      n.fail("its input " + Twine(i) + " is not supported");
  if (!n.ok())
    return;
  if (q.rank() != 3 || (k.rank() == 3 && v.rank() != 3))
    return void(n.fail("its queries, keys or values are packed, which is not "
                       "supported"));
  if (bias && k.rank() == 3) {
    if (bias.rank() != 1)
      return void(n.fail("its bias is no vector"));
    AffineExpr first = n.size(0);
    for (Val *each : {&q, &k, &v}) {
      *each = n.add(*each, n.slice(bias, 0, first, 1, each->dims[2]));
      if (!n.ok())
        return;
      first = normal(first + each->dims[2]);
    }
  } else if (bias) {
    return void(n.fail("its bias goes with keys of 4 dimensions"));
  }
  q = splitHeads(n, q, heads);
  if (n.ok() && k.rank() == 3) {
    k = splitHeads(n, k, heads);
    v = splitHeads(n, v, heads);
  }
  if (!n.ok())
    return;
  if (k.rank() != 4 || v.rank() != 4)
    return void(n.fail("its keys and values are packed, which is not "
                       "supported"));
  with.scale = scaleOf(n, q);
  if (n.has(6) && n.has(7)) {
    if (n.in(6).rank() != 4)
      return void(n.fail("its past keys have not 4 dimensions"));
    with.past = n.in(6).dims[2];
    k = n.concat({n.in(6), k}, 2);
    v = n.concat({n.in(7), v}, 2);
  }
  if (n.has(4))
    with.keep = paddingMask(n, n.in(4));
  with.bias = n.optional(5);
  n.out(joinHeads(n, attend(n, q, k, v, with).result), 0);
  n.out(k, 1);
  n.out(v, 2);
}

void lowerMicrosoftAttention(Node &n) {
  Val x = n.in(0), w = n.in(1), bias = n.optional(2);
  int64_t heads = n.integer("num_heads", 0);
  Attend with;
  with.masked = n.real("mask_filter_value", -10000.0F);
  with.causal = n.integer("unidirectional", 0);
  with.past = n.size(0);
  n.only("do_rotary", 0);
  n.only("past_present_share_buffer", 0);
  auto sizes = n.list("qkv_hidden_sizes");
  if (n.has(4))
    n.fail("its input 4 (past) is not supported");
  for (size_t i = 6; i < n.count(); ++i)
    if (n.has(i))
      n.fail("its input " + Twine(i) + " is not supported");
  if (!n.ok())
    return;
  auto width = w.rank() == 2 ? numberOf(w.dims[1]) : std::nullopt;
  if (x.rank() != 3 || !width || (sizes && sizes->size() != 3) ||
      (!sizes && *width % 3))
    return void(n.fail("its weight does not fit its input"));
  SmallVector<int64_t> parts =
      sizes ? *sizes : SmallVector<int64_t>(3, *width / 3);
  AffineExpr rows = n.product({x.dims[0], x.dims[1]});
  Val all = n.contract("tk,kn->tn", n.reshape(x, {rows, x.dims[2]}), w,
                       {rows, w.dims[1]}, x.element);
  if (bias)
    all = n.add(all, bias);
  SmallVector<Val> sides;
  AffineExpr first = n.size(0);
  for (int64_t part : parts) {
    Val side = n.slice(all, 1, first, 1, n.size(part));
    sides.push_back(splitHeads(
        n, n.reshape(side, {x.dims[0], x.dims[1], n.size(part)}), heads));
    if (!n.ok())
      return;
    first = normal(first + part);
  }
  with.scale = scaleOf(n, sides[0]);
  if (n.has(3))
    with.keep = paddingMask(n, n.in(3));
  with.bias = n.optional(5);
  n.out(joinHeads(n, attend(n, sides[0], sides[1], sides[2], with).result));
}

constexpr Operator kOperators[] = {
    {"", "Attention", lowerAttention},
    {"", "RotaryEmbedding", lowerRotary},
    {kMicrosoft, "RotaryEmbedding", lowerMicrosoftRotary},
    {kMicrosoft, "MultiHeadAttention", lowerMultiHead},
    {kMicrosoft, "Attention", lowerMicrosoftAttention},
};

} // namespace

ArrayRef<Operator> attentionOperators() { return kOperators; }

} // namespace terrazzo::onnx
