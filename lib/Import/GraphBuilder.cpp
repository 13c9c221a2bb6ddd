// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions and ops; weights are in GraphWeights.cpp, what models of speech have
// besides in GraphSound.cpp.
#include "GraphBuilder.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace terrazzo {

using tz::ElementwiseFunction;

GraphBuilder::GraphBuilder(MLIRContext *context, const formats::ModelFile &gguf,
                           StringRef modelPath,
                           const ImportOptions &importOptions)
    : file(gguf), path(modelPath.str()), options(importOptions),
      builder(context) {
  context->loadDialect<tz::TzDialect>();
  module = ModuleOp::create(located(llvm::sys::path::filename(path)));
}

Location GraphBuilder::located(const Twine &name) {
  return NameLoc::get(builder.getStringAttr(name));
}

Location GraphBuilder::here() { return located(scope); }

RankedTensorType GraphBuilder::f32(ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, builder.getF32Type());
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

NamedAttrList GraphBuilder::named(StringRef name, RankedTensorType type) {
  SmallVector<Attribute> names;
  for (int64_t dim : type.getShape())
    names.push_back(ShapedType::isDynamic(dim)
                        ? Attribute(builder.getStringAttr("T"))
                        : builder.getI64IntegerAttr(dim));
  NamedAttrList attributes;
  if (type.getRank() > 0)
    attributes.set(tz::TzDialect::kDimsAttr, builder.getArrayAttr(names));
  attributes.set(tz::TzDialect::kNameAttr, builder.getStringAttr(name));
  return attributes;
}

NamedAttrList GraphBuilder::state(StringRef name) {
  NamedAttrList attributes;
  attributes.set(tz::TzDialect::kStateAttr, builder.getStringAttr(name));
  return attributes;
}

tz::FuncOp GraphBuilder::function(StringRef name,
                                  ArrayRef<NamedValue> arguments,
                                  TypeRange results) {
  SmallVector<Type> types;
  for (const auto &argument : arguments)
    types.push_back(argument.first);
  builder.setInsertionPointToEnd(module->getBody());
  scope = name.str();
  auto func = tz::FuncOp::create(builder, here(), name,
                                 builder.getFunctionType(types, results));
  for (auto [i, argument] : llvm::enumerate(arguments))
    func.setArgAttrs(i, argument.second);
  Block *block = builder.createBlock(&func.getBody());
  for (Type type : types)
    block->addArgument(type, here());
  return func;
}

NamedAttrList GraphBuilder::named(StringRef name) {
  NamedAttrList attributes;
  attributes.set(tz::TzDialect::kNameAttr, builder.getStringAttr(name));
  return attributes;
}

void GraphBuilder::setSizes(tz::FuncOp func, ArrayRef<int64_t> sizes) {
  func->setAttr(tz::TzDialect::kSizesAttr,
                builder.getDictionaryAttr(
                    builder.getNamedAttr("T", builder.getI64ArrayAttr(sizes))));
}

tz::FuncOp
GraphBuilder::functionOnStates(StringRef name, ArrayRef<NamedValue> given,
                               ArrayRef<State> states, RankedTensorType result,
                               llvm::function_ref<Value(tz::FuncOp)> body) {
  SmallVector<NamedValue> arguments(given);
  SmallVector<Type> results{result};
  for (const auto &[label, cache] : states) {
    arguments.push_back({cache, state(label)});
    results.push_back(cache);
  }
  tz::FuncOp func = function(name, arguments, results);
  func.setResultAttrs(0, named("hidden"));
  for (size_t i = 0; i < states.size(); ++i)
    func.setResultAttrs(i + 1, arguments[given.size() + i].second);
  caches.assign(func.getArguments().begin() + given.size(),
                func.getArguments().end());
  SmallVector<Value> values{body(func)};
  llvm::append_range(values, caches);
  tz::ReturnOp::create(builder, located(name), values);
  return func;
}

SmallVector<GraphBuilder::State>
GraphBuilder::cachesOf(StringRef prefix, int64_t layers,
                       const Attention &attention, int64_t rows) {
  auto cache =
      tz::CacheType::get(builder.getContext(), attention.keyHeads,
                         attention.headDim, builder.getF16Type(), rows);
  SmallVector<State> states;
  for (int64_t layer = 0; layer < layers; ++layer)
    for (StringRef part : {".k", ".v"})
      states.push_back({(prefix + Twine(layer) + part).str(), cache});
  return states;
}

tz::FuncOp GraphBuilder::decoder(StringRef name, int64_t hidden,
                                 ArrayRef<State> states,
                                 llvm::function_ref<Value(Value ids)> body) {
  auto ids =
      RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  auto number = RankedTensorType::get({}, builder.getI32Type());
  NamedValue arguments[] = {{ids, named("tokens", ids)},
                            {number, named("position", number)}};
  return functionOnStates(name, arguments, states,
                          f32({ShapedType::kDynamic, hidden}),
                          [&](tz::FuncOp func) {
                            position = func.getArgument(1);
                            return body(func.getArgument(0));
                          });
}

void GraphBuilder::trunk(int64_t hidden, int64_t layers,
                         const Attention &attention,
                         llvm::function_ref<Value(Value ids)> body) {
  setSizes(decoder("trunk", hidden,
                   cachesOf("blk.", layers, attention, ShapedType::kDynamic),
                   body),
           {1, 8, 512});
}

void GraphBuilder::head(int64_t hidden,
                        llvm::function_ref<Value(Value hidden)> body) {
  auto type = f32({ShapedType::kDynamic, hidden});
  tz::FuncOp func = function("head", {{type, named("hidden", type)}}, {});
  Value logits = body(func.getArgument(0));
  func.setFunctionType(builder.getFunctionType({type}, {logits.getType()}));
  func.setResultAttrs(0, named("logits"));
  setSizes(func, {1, 8, 32});
  tz::ReturnOp::create(builder, located("head"), logits);
}

void GraphBuilder::encoder(
    int64_t hidden, int64_t context, bool types,
    llvm::function_ref<Value(const EncoderInputs &)> body) {
  auto integers =
      RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  SmallVector<std::pair<Type, NamedAttrList>> arguments;
  for (StringRef name : {"tokens", "positions", "first", "end", "types"})
    if (types || name != "types")
      arguments.push_back({integers, named(name, integers)});
  auto rows = f32({ShapedType::kDynamic, hidden});
  tz::FuncOp func = function("encode", arguments, {rows});
  func.setResultAttrs(0, named("hidden"));
  SmallVector<int64_t> sizes{8, 32, 128, 512};
  if (context > sizes.back())
    sizes.push_back(context);
  setSizes(func, sizes);
  position = func.getArgument(1);
  ranges = {{-1, {func.getArgument(2), func.getArgument(3)}}};
  Value result = body({func.getArgument(0), func.getArgument(1),
                       types ? Value(func.getArgument(4)) : Value()});
  tz::ReturnOp::create(builder, located("encode"), result);
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

Value GraphBuilder::embedding(Value ids, const Twine &tensor,
                              int64_t vocabulary, int64_t hidden) {
  Value w = weight(tensor, {vocabulary, hidden});
  return tz::EmbeddingOp::create(builder, w.getLoc(),
                                 f32({ShapedType::kDynamic, hidden}), w, ids);
}

Value GraphBuilder::linear(Value x, const Twine &name, int64_t outputs) {
  ArrayRef<int64_t> shape = shapeOf(x);
  Value w = weight(name + ".weight", {outputs, shape[1]});
  Value y =
      tz::MatmulOp::create(builder, w.getLoc(), f32({shape[0], outputs}), x, w);
  std::string bias = (name + ".bias").str();
  return has(bias) ? add(y, weight(bias, {outputs})) : y;
}

Value GraphBuilder::rmsNorm(Value x, const Twine &tensor, double epsilon) {
  Value w = weight(tensor, {shapeOf(x).back()});
  return tz::RmsNormOp::create(builder, w.getLoc(), x.getType(), x, w,
                               builder.getF64FloatAttr(epsilon));
}

Value GraphBuilder::layerNorm(Value x, const Twine &name, double epsilon) {
  SmallVector<int64_t, 1> shape{shapeOf(x).back()};
  Value w = weight(name + ".weight", shape), b;
  if (std::string bias = (name + ".bias").str(); has(bias))
    b = weight(bias, shape);
  return tz::LayerNormOp::create(builder, w.getLoc(), x.getType(), x, w, b,
                                 builder.getF64FloatAttr(epsilon));
}

Value GraphBuilder::apply(ElementwiseFunction function,
                          ArrayRef<Value> inputs) {
  return tz::ElementwiseOp::create(builder, here(), inputs[0].getType(),
                                   function, inputs);
}

Value GraphBuilder::add(Value a, Value b) {
  return apply(ElementwiseFunction::Add, {a, b});
}
Value GraphBuilder::mul(Value a, Value b) {
  return apply(ElementwiseFunction::Mul, {a, b});
}
Value GraphBuilder::activate(ElementwiseFunction function, Value x) {
  return apply(function, {x});
}
Value GraphBuilder::gatedFeedForward(Value x, const std::string &blk,
                                     ElementwiseFunction function,
                                     int64_t inner) {
  Value gate = activate(function, linear(x, blk + "ffn_gate", inner));
  Value up = linear(x, blk + "ffn_up", inner);
  return linear(mul(gate, up), blk + "ffn_down", shapeOf(x).back());
}
Value GraphBuilder::scaled(Value x, double factor) {
  return mul(x, tz::ScalarOp::create(builder, here(), f32({}),
                                     builder.getF64FloatAttr(factor)));
}

Value GraphBuilder::splitHeads(Value x, int64_t headDim) {
  ArrayRef<int64_t> shape = shapeOf(x);
  return tz::ReshapeOp::create(builder, x.getLoc(),
                               f32({shape[0], shape[1] / headDim, headDim}), x);
}

Value GraphBuilder::mergeHeads(Value x) {
  ArrayRef<int64_t> shape = shapeOf(x);
  return tz::ReshapeOp::create(builder, x.getLoc(),
                               f32({shape[0], shape[1] * shape[2]}), x);
}

Value GraphBuilder::rope(Value x, const Rope &rope) {
  Value factors;
  if (!rope.factors.empty())
    factors = weight(rope.factors, {rope.rotated / 2});
  return tz::RopeOp::create(
      builder, here(), x.getType(), x, position, factors,
      tz::RopeModeAttr::get(builder.getContext(), rope.mode),
      builder.getF64FloatAttr(rope.base),
      builder.getI64IntegerAttr(rope.rotated),
      builder.getF64FloatAttr(rope.scale));
}

Value GraphBuilder::attend(Value query, Value key, Value value, int64_t layer,
                           const Attention &attention) {
  Value &keys = caches[2 * layer], &values = caches[2 * layer + 1];
  keys = tz::CacheAppendOp::create(builder, here(), keys.getType(), keys, key,
                                   position);
  values = tz::CacheAppendOp::create(builder, here(), values.getType(), values,
                                     value, position);
  return attentionOver(query, keys, values, position, {}, {}, attention.scale,
                       attention.window);
}

Value GraphBuilder::attentionOver(Value query, Value keys, Value values,
                                  Value from, Value first, Value end,
                                  double scale, int64_t window) {
  return tz::AttentionOp::create(
      builder, here(), query.getType(), query, keys, values, from, first, end,
      /*bias=*/Value(), /*sinks=*/Value(), builder.getF64FloatAttr(scale),
      builder.getI64IntegerAttr(window), builder.getF64FloatAttr(0.0));
}

std::pair<Value, Value> GraphBuilder::rowsWithin(std::optional<int64_t> reach) {
  auto [found, isNew] = ranges.try_emplace(reach.value_or(-1));
  auto &[first, end] = found->second;
  if (!isNew)
    return found->second;
  auto [textFirst, textEnd] = ranges.at(-1);
  Type type = textFirst.getType();
  auto number = [&](int64_t value) {
    return tz::ScalarOp::create(builder, here(),
                                RankedTensorType::get({}, builder.getI32Type()),
                                builder.getF64FloatAttr(value));
  };
  Value row =
      tz::IotaOp::create(builder, here(), type, builder.getI64IntegerAttr(0),
                         builder.getStrArrayAttr({"T"}));
  first = apply(
      ElementwiseFunction::Max,
      {textFirst, apply(ElementwiseFunction::Sub, {row, number(*reach)})});
  end =
      apply(ElementwiseFunction::Min, {textEnd, add(row, number(*reach + 1))});
  return found->second;
}

Value GraphBuilder::attendWithin(Value query, Value key, Value value,
                                 double scale, std::optional<int64_t> reach) {
  auto [first, end] = rowsWithin(reach);
  return attentionOver(query, key, value, /*from=*/{}, first, end, scale);
}

} // namespace terrazzo
