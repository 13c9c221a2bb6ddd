// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What models of speech have besides: functions of sound, convolutions, and
// attention to what was heard.
#include "GraphBuilder.h"

using namespace mlir;

namespace terrazzo {

static constexpr StringLiteral soundPrefix = "sound.blk.";

void GraphBuilder::soundEncoder(const Sound &sound, int64_t hidden,
                                int64_t layers, const Attention &attention,
                                llvm::function_ref<Value(Value mel)> body) {
  auto mel = f32({sound.bins, sound.frames});
  soundCaches = 0;
  functionOnStates("encode", NamedValue{mel, named("mel", mel)},
                   cachesOf(soundPrefix, layers, attention, sound.rows),
                   f32({sound.rows, hidden}),
                   [&](tz::FuncOp func) { return body(func.getArgument(0)); });
}

void GraphBuilder::soundDecoder(const Sound &sound, int64_t hidden,
                                int64_t layers, const Attention &attention,
                                llvm::function_ref<Value(Value ids)> body) {
  SmallVector<State> states =
      cachesOf("blk.", layers, attention, ShapedType::kDynamic);
  soundCaches = states.size();
  llvm::append_range(states,
                     cachesOf(soundPrefix, layers, attention, sound.rows));
  setSizes(decoder("decode", hidden, states, body), {1, 4, 32, 256});
}

Value GraphBuilder::convolution(Value x, const Twine &name, int64_t outputs,
                                int64_t stride) {
  constexpr int64_t kernel = 3;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(x.getType()).getShape();
  int64_t channels = shape[0], places = (shape[1] - 1) / stride + 1;
  at(name);
  Value windows = tz::WindowsOp::create(
      builder, here(), f32({places, channels, kernel}), x,
      builder.getDenseI64ArrayAttr({stride}), builder.getDenseI64ArrayAttr({1}),
      builder.getDenseI64ArrayAttr({1}), builder.getDenseI64ArrayAttr({1}));
  Value rows = tz::ReshapeOp::create(builder, here(),
                                     f32({places, channels * kernel}), windows);
  return linear(rows, name, outputs);
}

Value GraphBuilder::transposed(Value x) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(x.getType()).getShape();
  return tz::TransposeOp::create(builder, here(), f32({shape[1], shape[0]}), x,
                                 builder.getDenseI64ArrayAttr({1, 0}));
}

Value GraphBuilder::positionRows(const Twine &tensor, int64_t positions,
                                 int64_t hidden) {
  Type integers =
      RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  Value rows = tz::IotaOp::create(builder, here(), integers,
                                  builder.getI64IntegerAttr(0),
                                  builder.getStrArrayAttr({"T"}));
  return embedding(add(rows, position), tensor, positions, hidden);
}

Value GraphBuilder::attendToAll(Value query, Value key, Value value,
                                double scale) {
  return attentionOver(query, key, value, {}, {}, {}, scale);
}

void GraphBuilder::keepSound(Value key, Value value, int64_t layer) {
  Value start = tz::ScalarOp::create(
      builder, here(), RankedTensorType::get({}, builder.getI32Type()),
      builder.getF64FloatAttr(0));
  for (auto [rows, part] : {std::pair(key, 0), std::pair(value, 1)}) {
    Value &cache = caches[2 * layer + part];
    cache = tz::CacheAppendOp::create(builder, here(), cache.getType(), cache,
                                      rows, start);
  }
}

Value GraphBuilder::attendToSound(Value query, int64_t layer, double scale) {
  size_t at = soundCaches + 2 * layer;
  return attentionOver(query, caches[at], caches[at + 1], {}, {}, {}, scale);
}

} // namespace terrazzo
