// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RandomGraph.h"
#include "Choice.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace terrazzo::conformance {
namespace {

constexpr int64_t kDynamic = ShapedType::kDynamic;
using Dims = SmallVector<int64_t, 4>;

int64_t product(ArrayRef<int64_t> dims) {
  int64_t result = 1;
  for (int64_t dim : dims)
    result *= dim;
  return result;
}

/// One function: a pool of rows, to which each step adds some.
class FunctionGrower {
public:
  FunctionGrower(OpBuilder &outer, ModuleOp module, Choice &choice,
                 const GraphLimits &limits, StringRef name)
      : outer(outer), module(module), choice(choice), limits(limits),
        name(name), b(outer.getContext()) {}

  /// Rows of `columns`, 0: any number.
  void makeTrunk(int64_t vocabulary, int64_t columns) {
    begin();
    ids = addArgument(RankedTensorType::get({kDynamic}, b.getI32Type()));
    position = addArgument(RankedTensorType::get({}, b.getI32Type()));
    gather(vocabulary);
    if (choice.chance(30))
      gather(vocabulary);
    grow(columns);
  }
  void makeHead(int64_t width, int64_t columns) {
    begin();
    pool.push_back(addArgument(rows({width})));
    grow(columns);
  }

  int64_t width() const {
    return cast<RankedTensorType>(result.getType()).getShape()[1];
  }

private:
  //===--- the function ---------------------------------------------------===//

  void begin() {
    outer.setInsertionPointToEnd(module.getBody());
    func = tz::FuncOp::create(outer, outer.getUnknownLoc(), name,
                              outer.getFunctionType({}, {}));
    block = &func.getBody().emplaceBlock();
    b.setInsertionPointToEnd(block);
  }

  Value addArgument(Type type) {
    return block->addArgument(type, b.getUnknownLoc());
  }

  void grow(int64_t columns) {
    int64_t steps = 1 + choice.below(limits.operations);
    for (int64_t step = 0; step < steps; ++step)
      addStep();
    finish(columns);
  }

  void finish(int64_t columns) {
    result = flat(pool.back());
    if (columns || !result.getDefiningOp() ||
        tz::stripReshapes(result) == pool.front() || choice.chance(20))
      result = multiply(result, columns ? columns : anySize());
    SmallVector<Value> results{result};
    llvm::append_range(results, states);
    tz::ReturnOp::create(b, b.getUnknownLoc(), results);
    SmallVector<Type> inputs(block->getArgumentTypes());
    func.setFunctionType(
        b.getFunctionType(inputs, TypeRange(ValueRange(results))));
    int64_t firstState = block->getNumArguments() - states.size();
    for (size_t i = 0; i < states.size(); ++i) {
      auto state = b.getStringAttr("state" + Twine(i));
      func.setArgAttr(firstState + i, tz::TzDialect::kStateAttr, state);
      func.setResultAttr(1 + i, tz::TzDialect::kStateAttr, state);
    }
    nameAsDecoder();
  }

  /// What runtime/decode knows its functions by.
  void nameAsDecoder() {
    bool trunk = name == "trunk";
    auto named = [&](StringRef text) { return b.getStringAttr(text); };
    auto key = tz::TzDialect::kNameAttr;
    func.setArgAttr(0, key, named(trunk ? "tokens" : "hidden"));
    if (trunk)
      func.setArgAttr(1, key, named("position"));
    func.setResultAttr(0, key, named(trunk ? "hidden" : "logits"));
    auto sizes = b.getI64ArrayAttr({1, 8, trunk ? 512 : 32});
    func->setAttr(tz::TzDialect::kSizesAttr,
                  b.getDictionaryAttr(b.getNamedAttr("T", sizes)));
  }

  void addStep() {
    int64_t kind = choice.below(100);
    if (kind < 30)
      pool.push_back(combine());
    else if (kind < 45)
      pool.push_back(apply(any()));
    else if (kind < 54)
      pool.push_back(normalise(choice.chance(40) ? reshape(any()) : any()));
    else if (kind < 74)
      pool.push_back(multiply(flat(any()), anySize()));
    else if (kind < 80)
      addPair();
    else if (kind < 84)
      addLoops();
    else if (kind < 90 && position)
      pool.push_back(rotate(any()));
    else if (position)
      attend();
    else
      pool.push_back(reshape(any()));
  }

  //===--- values and types -----------------------------------------------===//

  RankedTensorType rows(ArrayRef<int64_t> dims, Type element = {}) {
    Dims shape{kDynamic};
    llvm::append_range(shape, dims);
    return RankedTensorType::get(shape, element ? element : b.getF32Type());
  }
  static Dims rowDims(Value value) {
    return Dims(
        cast<RankedTensorType>(value.getType()).getShape().drop_front());
  }

  Value any() { return choice.chance(50) ? pool.back() : choice.from(pool); }
  int64_t anySize() {
    return choice.of<int64_t>({1,   2,   3,   5,   7,   15,  16,  17, 24,
                               31,  32,  33,  48,  64,  64,  67,  96, 96,
                               100, 128, 160, 192, 256, 256, 257, 288});
  }

  int64_t headSize() {
    return choice.of<int64_t>(
        {16, 32, 48, 64, 4, 5, 20, 24, 40, 72, 80, 96, 100, 112, 128, 256});
  }

  /// A weight of these dimensions in any float type.
  Value smallWeight(ArrayRef<int64_t> dims, StringRef prefix = "small") {
    Type element = choice.chance(60)   ? Type(b.getF32Type())
                   : choice.chance(50) ? Type(b.getF16Type())
                                       : Type(b.getBF16Type());
    return weight(RankedTensorType::get(dims, element), prefix);
  }

  Value weight(RankedTensorType type, StringRef prefix) {
    std::string symbol = (prefix + "." + name + "." + Twine(weights++)).str();
    int64_t bytes = type.getNumElements();
    if (auto format = dyn_cast<tz::BlockType>(type.getElementType()))
      bytes = bytes / format.getValues() * format.getBytes();
    else
      bytes *= type.getElementTypeBitWidth() / 8;
    OpBuilder atTop = OpBuilder::atBlockBegin(module.getBody());
    tz::WeightOp::create(atTop, b.getUnknownLoc(), symbol, type, "model.gguf",
                         symbol, 0, bytes, 0);
    return tz::UseWeightOp::create(b, b.getUnknownLoc(), type, symbol);
  }

  Value reshaped(Value value, ArrayRef<int64_t> dims) {
    if (rowDims(value) == Dims(dims))
      return value;
    return tz::ReshapeOp::create(b, b.getUnknownLoc(), rows(dims), value);
  }
  Value flat(Value value) { return reshaped(value, {product(rowDims(value))}); }
  /// Another shape of one to three dimensions.
  Value reshape(Value value) {
    int64_t left = product(rowDims(value));
    Dims dims;
    for (int64_t i = choice.below(3); i > 0; --i) {
      SmallVector<int64_t> divisors;
      for (int64_t d = 1; d <= left; ++d)
        if (left % d == 0)
          divisors.push_back(d);
      dims.push_back(choice.from(divisors));
      left /= dims.back();
    }
    dims.push_back(left);
    return reshaped(value, dims);
  }
  /// As heads of `multiple` x n values, n even where a rotation follows; null
  /// where the row has no such heads.
  Value asHeads(Value value, int64_t multiple) {
    int64_t total = product(rowDims(value));
    SmallVector<int64_t> sizes;
    for (int64_t size = multiple; size <= std::min<int64_t>(total, 128);
         size += multiple)
      if (total % size == 0)
        sizes.push_back(size);
    if (sizes.empty())
      return {};
    int64_t size = choice.from(sizes);
    return reshaped(value, {total / size, size});
  }

  //===--- loops ----------------------------------------------------------===//

  Value transposed(Value value, ArrayRef<int64_t> permutation) {
    Dims shape;
    for (int64_t from : permutation)
      shape.push_back(cast<RankedTensorType>(value.getType()).getShape()[from]);
    return tz::TransposeOp::create(b, b.getUnknownLoc(),
                                   RankedTensorType::get(shape, b.getF32Type()),
                                   value, permutation);
  }

  Value reduced(tz::Combiner combiner, Value value, ArrayRef<int64_t> axes) {
    Dims shape(cast<RankedTensorType>(value.getType()).getShape());
    for (int64_t axis : axes)
      shape[axis] = 1;
    return tz::ReduceOp::create(b, b.getUnknownLoc(),
                                RankedTensorType::get(shape, b.getF32Type()),
                                combiner, value, axes);
  }

  Value contracted(StringRef dims, Value left, Value right,
                   ArrayRef<int64_t> shape) {
    return tz::ContractOp::create(b, b.getUnknownLoc(),
                                  RankedTensorType::get(shape, b.getF32Type()),
                                  dims, left, right);
  }

  Value onAnyShape(tz::ElementwiseFunction function, ValueRange inputs) {
    return tz::ElementwiseOp::create(b, b.getUnknownLoc(), inputs[0].getType(),
                                     function, inputs);
  }

  /// `x`, [1, ...dims], as rows of which there are as many each time, in a norm
  /// and a product.
  Value throughFixedRows(Value x, ArrayRef<int64_t> dims) {
    int64_t count = dims.size() > 1 && choice.chance(50) ? dims[0] : 1,
            width = product(dims) / count;
    auto fixed = [&](int64_t columns) {
      return RankedTensorType::get({count, columns}, b.getF32Type());
    };
    x = tz::ReshapeOp::create(b, b.getUnknownLoc(), fixed(width), x);
    auto vector = RankedTensorType::get({width}, b.getF32Type());
    x = tz::LayerNormOp::create(
        b, b.getUnknownLoc(), x.getType(), x, weight(vector, "small"),
        weight(vector, "small"), b.getF64FloatAttr(1e-2));
    Value w = weight(
        RankedTensorType::get({width, width}, packedElement(width)), "product");
    x = tz::MatmulOp::create(b, b.getUnknownLoc(), fixed(width), x, w);
    x = tz::ElementwiseOp::create(b, b.getUnknownLoc(), x.getType(),
                                  tz::ElementwiseFunction::Tanh, x);
    Dims shape{1};
    llvm::append_range(shape, dims);
    return tz::ReshapeOp::create(
        b, b.getUnknownLoc(), RankedTensorType::get(shape, b.getF32Type()), x);
  }

  Value bordered(Value x) {
    SmallVector<int64_t> low{0}, high{0};
    Dims dims = rowDims(x);
    for (int64_t &size : dims) {
      low.push_back(choice.below(3));
      high.push_back(choice.below(3));
      size += low.back() + high.back();
    }
    return tz::PadOp::create(b, b.getUnknownLoc(), rows(dims), x, low, high,
                             llvm::APFloat(choice.of({0.0, -0.75})));
  }

  /// A way through arrays that are no rows, and back to rows.
  void addLoops() {
    using F = tz::ElementwiseFunction;
    Value x = asHeads(any(), 1);
    if (!x)
      return;
    Dims dims = rowDims(x);
    tz::Combiner combiner =
        choice.of<tz::Combiner>({tz::Combiner::Sum, tz::Combiner::Mean,
                                 tz::Combiner::Max, tz::Combiner::Min});
    // A head may be given its rows in parts, so they are no affair of each
    // other.
    switch (choice.below(position ? 6 : 4)) {
    case 0: { // [T, h, d] as [h, T, d]
      Value heads = onAnyShape(F::Tanh, transposed(x, {1, 0, 2}));
      pool.push_back(transposed(heads, {1, 0, 2}));
      return;
    }
    case 1:
      pool.push_back(elementwise(F::Sub, {x, reduced(combiner, x, {2})}, dims));
      return;
    case 2: { // a part of each row
      int64_t size = product(dims), part = 1 + choice.below(size);
      int64_t offset = choice.below(size - part + 1);
      pool.push_back(tz::SliceOp::create(b, b.getUnknownLoc(), rows({part}),
                                         flat(x), ArrayRef<int64_t>{0, offset},
                                         ArrayRef<int64_t>{1, 1},
                                         /*cut=*/DenseI64ArrayAttr()));
      return;
    }
    case 3: // a border around each row's heads
      pool.push_back(bordered(x));
      return;
    case 4: { // over all rows: a value of the function's own, without '?'
      Value same = reduced(
          choice.chance(50) ? tz::Combiner::Mean : tz::Combiner::Max, x, {0});
      if (choice.chance(60))
        same = throughFixedRows(same, dims);
      pool.push_back(elementwise(F::Add, {x, same}, dims));
      return;
    }
    default: { // attention without a cache
      Value q = elementwise(F::Tanh, x, dims);
      Dims scores{dims[0], kDynamic, kDynamic};
      Value s = contracted("thd,shd->hts", q, q, scores);
      Value e = onAnyShape(
          F::Exp, onAnyShape(F::Sub, {s, reduced(tz::Combiner::Max, s, {2})}));
      Value p = onAnyShape(F::Div, {e, reduced(tz::Combiner::Sum, e, {2})});
      Dims shape{kDynamic, dims[0], dims[1]};
      pool.push_back(contracted("hts,shd->thd", p, x, shape));
    }
    }
  }

  //===--- operations -----------------------------------------------------===//

  Value elementwise(tz::ElementwiseFunction function, ValueRange inputs,
                    ArrayRef<int64_t> dims) {
    return tz::ElementwiseOp::create(b, b.getUnknownLoc(), rows(dims), function,
                                     inputs);
  }

  /// Any function of one operand, where it is smooth.
  Value apply(Value x) {
    SmallVector<tz::ElementwiseFunction> functions;
    for (tz::ElementwiseFunction function : tz::elementwiseFunctions())
      if (tz::arityOf(function) == 1)
        functions.push_back(function);
    auto function = choice.from(functions);
    using F = tz::ElementwiseFunction;
    switch (function) {
    case F::Sqrt:
    case F::Rsqrt:
    case F::Log: {
      Value half = tz::ScalarOp::create(
          b, b.getUnknownLoc(), RankedTensorType::get({}, b.getF32Type()),
          b.getF64FloatAttr(0.5));
      x = elementwise(F::Add, {elementwise(F::Abs, x, rowDims(x)), half},
                      rowDims(x));
      break;
    }
    case F::Exp:
      x = elementwise(F::Tanh, x, rowDims(x));
      break;
    case F::Floor:
    case F::Ceil:
    case F::Round:
      // Of numbers without an error: a step lies anywhere.
      if (!ids)
        return elementwise(F::Abs, x, rowDims(x));
      x = pool.front();
      break;
    default:
      break;
    }
    return elementwise(function, x, rowDims(x));
  }

  /// Two operands, of which the second is spread over the first or both over
  /// the result.
  Value combine() {
    // Of numbers without an error: a step lies anywhere.
    if (ids && choice.chance(5)) {
      Value x = pool.front();
      return elementwise(tz::ElementwiseFunction::Less,
                         {x, spread(rowDims(x), "positive")}, rowDims(x));
    }
    auto function =
        choice.of({tz::ElementwiseFunction::Add, tz::ElementwiseFunction::Sub,
                   tz::ElementwiseFunction::Mul, tz::ElementwiseFunction::Div});
    Value left = choice.chance(30) ? reshape(any()) : any();
    Dims dims = rowDims(left);
    if (function == tz::ElementwiseFunction::Div) {
      Value right = choice.chance(30) ? scalar() : spread(dims, "positive");
      return elementwise(function, {left, right}, dims);
    }
    Value right = otherRows(dims);
    if (!right)
      right = choice.chance(20) ? scalar() : spread(dims, "small");
    // Zeros would say nothing of what follows, squares of squares too much.
    if (tz::stripReshapes(left) == tz::stripReshapes(right))
      function = tz::ElementwiseFunction::Add;
    for (auto [dim, other] : llvm::zip(
             llvm::reverse(dims),
             llvm::reverse(cast<RankedTensorType>(right.getType()).getShape())))
      if (dim == 1 && !ShapedType::isDynamic(other))
        dim = other;
    SmallVector<Value> inputs{left, right};
    if (choice.chance(30))
      std::swap(inputs[0], inputs[1]);
    return elementwise(function, inputs, dims);
  }

  Value scalar() {
    return tz::ScalarOp::create(
        b, b.getUnknownLoc(), RankedTensorType::get({}, b.getF32Type()),
        b.getF64FloatAttr(choice.of({0.5, 2.0, -1.25, 0.0883})));
  }

  /// A weight that broadcasts with rows of `dims`.
  Value spread(ArrayRef<int64_t> dims, StringRef prefix) {
    Dims own(dims.drop_front(choice.below(dims.size())));
    for (int64_t &dim : own)
      if (dim == 1 ? choice.chance(10) : choice.chance(25))
        dim = dim == 1 ? choice.of<int64_t>({2, 3}) : 1;
    if (choice.chance(15) && own.size() == dims.size())
      own.insert(own.begin(), 1);
    // Only the shape's own dimensions may grow where a divisor is spread.
    if (prefix == "positive")
      for (auto [dim, there] :
           llvm::zip(llvm::reverse(own), llvm::reverse(dims)))
        if (there == 1)
          dim = 1;
    return smallWeight(own, prefix);
  }

  /// Rows of the pool that broadcast with `dims`; null: none was found.
  Value otherRows(ArrayRef<int64_t> dims) {
    for (int attempt = 0; attempt < 4; ++attempt) {
      Value other = any();
      Dims have = rowDims(other);
      if (product(have) == product(dims))
        return reshaped(other, dims);
      bool fits = have.size() == dims.size();
      for (auto [a, c] : llvm::zip(have, dims))
        fits &= a == c || a == 1 || c == 1;
      if (fits)
        return other;
      if (product(have) == 1)
        return reshaped(other, Dims(dims.size(), 1));
    }
    return {};
  }

  Value normalise(Value x) {
    auto type = RankedTensorType::get({rowDims(x).back()}, b.getF32Type());
    Value w = weight(type, "small");
    FloatAttr epsilon = b.getF64FloatAttr(choice.of({1e-5, 1e-6, 1e-2}));
    // Of two numbers without their mean a sign is left, which jumps.
    if (rowDims(x).back() <= 2 || choice.chance(60))
      return tz::RmsNormOp::create(b, b.getUnknownLoc(), x.getType(), x, w,
                                   epsilon);
    Value bias = choice.chance(70) ? weight(type, "small") : Value();
    return tz::LayerNormOp::create(b, b.getUnknownLoc(), x.getType(), x, w,
                                   bias, epsilon);
  }

  /// The element type of a product's or gather's weight with rows of `depth`.
  Type packedElement(int64_t depth) {
    SmallVector<Type> types{b.getF32Type(), b.getF16Type(), b.getBF16Type()};
    if (depth % 32 == 0 && choice.chance(50)) {
      types.clear();
      for (tz::BlockFormat format : tz::blockFormats()) {
        auto type = tz::BlockType::get(b.getContext(), format);
        if (depth % type.getValues() == 0)
          types.push_back(type);
      }
    }
    return choice.from(types);
  }

  Value multiply(Value x, int64_t columns) {
    int64_t depth = rowDims(x).back();
    Value w =
        weight(RankedTensorType::get({columns, depth}, packedElement(depth)),
               "product");
    return tz::MatmulOp::create(b, b.getUnknownLoc(), rows({columns}), x, w);
  }

  /// Two products of one value, which meet; one may have a single column.
  void addPair() {
    Value x = any();
    int64_t columns = anySize();
    Value left = multiply(flat(x), columns);
    Value again = choice.chance(50) ? flat(x) : flat(reshape(x));
    Value right = multiply(again, choice.chance(25) ? 1 : columns);
    if (choice.chance(50))
      left = elementwise(tz::ElementwiseFunction::Silu, left, {columns});
    pool.push_back(elementwise(
        choice.of({tz::ElementwiseFunction::Mul, tz::ElementwiseFunction::Add}),
        {left, right}, {columns}));
  }

  void gather(int64_t vocabulary) {
    int64_t columns = anySize();
    Value w = weight(
        RankedTensorType::get({vocabulary, columns}, packedElement(columns)),
        "table");
    pool.push_back(
        tz::EmbeddingOp::create(b, b.getUnknownLoc(), rows({columns}), w, ids));
  }

  Value rotate(Value value) {
    Value x = asHeads(value, 2);
    if (!x)
      return apply(value);
    int64_t size = rowDims(x).back();
    int64_t rotated =
        choice.chance(60) ? size : 2 * (1 + choice.below(size / 2));
    Value factors;
    if (choice.chance(30))
      factors = weight(RankedTensorType::get({rotated / 2}, b.getF32Type()),
                       "positive");
    return tz::RopeOp::create(
        b, b.getUnknownLoc(), x.getType(), x,
        choice.chance(25) ? ids : position, factors,
        tz::RopeModeAttr::get(
            b.getContext(),
            choice.of({tz::RopeMode::Neox, tz::RopeMode::Interleaved})),
        b.getF64FloatAttr(choice.of({1e4, 5e5, 100.0})),
        b.getI64IntegerAttr(rotated),
        b.getF64FloatAttr(choice.of({1.0, 1.0, 8.0})));
  }

  /// Appends keys and values and looks at them.
  void attend() {
    if (states.size() >= 4)
      return;
    int64_t size = headSize(),
            valueSize = choice.chance(70) ? size : headSize();
    int64_t keyHeads = choice.of<int64_t>({1, 1, 2, 3}),
            heads = keyHeads * choice.of<int64_t>({1, 2, 3});
    // Scores far apart would make a softmax that no rounding error survives.
    Value x = normalise(flat(any()));
    Value query = reshaped(multiply(x, heads * size), {heads, size});
    Value keys = reshaped(multiply(x, keyHeads * size), {keyHeads, size});
    Value values = reshaped(multiply(flat(any()), keyHeads * valueSize),
                            {keyHeads, valueSize});
    if (size % 2 == 0 && choice.chance(50)) {
      query = reshaped(rotate(query), {heads, size});
      keys = reshaped(rotate(keys), {keyHeads, size});
    }
    bool cached = choice.chance(60);
    if (cached)
      std::tie(keys, values) = append(keys, values, keyHeads);
    // Without a position every row sees all that there are, or up to an end.
    bool causal = cached || choice.chance(40);
    auto range = [&] { return choice.chance(25) ? ids : Value(); };
    Value first = range(), end = range();
    double scale = 1.0 / std::sqrt(static_cast<double>(size));
    int64_t window = causal ? choice.of<int64_t>({0, 0, 1, 3, 32}) : 0;
    Value sinks;
    if (choice.chance(20))
      sinks = weight(RankedTensorType::get({heads}, b.getF32Type()), "small");
    pool.push_back(tz::AttentionOp::create(
        b, b.getUnknownLoc(), rows({heads, valueSize}), query, keys, values,
        causal ? position : Value(), first, end,
        !cached && choice.chance(40) ? scoreBias(heads, query, keys) : Value(),
        sinks, b.getF64FloatAttr(scale), b.getI64IntegerAttr(window),
        b.getF64FloatAttr(choice.of({0.0, 0.0, 5.0}))));
  }

  /// [heads or 1, T, T] that follows from what is attended to.
  Value scoreBias(int64_t heads, Value query, Value keys) {
    using F = tz::ElementwiseFunction;
    Value q = elementwise(F::Tanh, flat(query), {product(rowDims(query))}),
          k = elementwise(F::Tanh, flat(keys), {product(rowDims(keys))});
    Value a = reduced(tz::Combiner::Mean, q, {1}),
          c = reduced(tz::Combiner::Mean, k, {1});
    Value both = contracted("ta,sa->ats", a, c, {1, kDynamic, kDynamic});
    if (choice.chance(50))
      return both;
    Value spread = smallWeight({heads, 1, 1});
    return tz::ElementwiseOp::create(
        b, b.getUnknownLoc(),
        RankedTensorType::get({heads, kDynamic, kDynamic}, b.getF32Type()),
        F::Mul, ValueRange{both, spread});
  }

  /// Keys and values in caches of their own.
  std::pair<Value, Value> append(Value keys, Value values, int64_t heads) {
    Type element =
        choice.chance(25) ? Type(b.getF32Type()) : Type(b.getF16Type());
    int64_t cached = choice.chance(30) ? kFixedRows : ShapedType::kDynamic;
    auto appended = [&](Value from) -> Value {
      auto type = tz::CacheType::get(b.getContext(), heads,
                                     rowDims(from).back(), element, cached);
      Value state = addArgument(type);
      states.push_back(tz::CacheAppendOp::create(b, b.getUnknownLoc(), type,
                                                 state, from, position));
      return states.back();
    };
    keys = appended(keys);
    return {keys, appended(values)};
  }

  OpBuilder &outer;
  ModuleOp module;
  Choice &choice;
  const GraphLimits &limits;
  std::string name;
  OpBuilder b;
  tz::FuncOp func;
  Block *block = nullptr;
  Value ids, position, result;
  SmallVector<Value> pool, states;
  int weights = 0;
};

} // namespace

OwningOpRef<ModuleOp> randomGraph(MLIRContext &context, uint64_t seed,
                                  const GraphLimits &limits) {
  Choice choice(seed * 0x9e3779b97f4a7c15u + 1);
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
  int64_t vocabulary = choice.of<int64_t>({1, 5, 16, 33, 70});
  FunctionGrower trunk(builder, *module, choice, limits, "trunk");
  trunk.makeTrunk(vocabulary, 0);
  FunctionGrower head(builder, *module, choice, limits, "head");
  head.makeHead(trunk.width(), vocabulary);
  if (failed(verify(*module))) {
    module->dump();
    return {};
  }
  return module;
}

} // namespace terrazzo::conformance
