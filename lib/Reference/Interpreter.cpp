// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks a function's ops, keeps their values as long as someone needs them, and
// hands the arithmetic to Kernels.h.
#include "terrazzo/Reference/Interpreter.h"
#include "Kernels.h"
#include "mlir/IR/Location.h"
#include "terrazzo/Dialect/Tz/Sizes.h"
#include "terrazzo/Reference/BlockValues.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace mlir;

namespace terrazzo::reference {
namespace {

std::string text(Location location) {
  // As the user's file has it, without MLIR's own way to write it.
  if (auto named = dyn_cast<NameLoc>(location))
    return named.getName().str();
  std::string result;
  llvm::raw_string_ostream(result) << location;
  return result;
}

Error failAt(Location where, std::string what, std::string why = {},
             ExitCode exit = ExitCode::Failure) {
  return {exit, "TZ0321", std::move(what), text(where), std::move(why), ""};
}

bool fits(ArrayRef<int64_t> shape, RankedTensorType type) {
  if (static_cast<int64_t>(shape.size()) != type.getRank())
    return false;
  for (auto [have, want] : llvm::zip(shape, type.getShape()))
    if (!ShapedType::isDynamic(want) && have != want)
      return false;
  return true;
}

/// Whether `value` may stand for a value of type `type`.
bool fits(const Value &value, Type type) {
  if (auto *cache = std::get_if<std::shared_ptr<Cache>>(&value)) {
    auto want = dyn_cast<tz::CacheType>(type);
    return want && want.getHeads() == (*cache)->heads &&
           want.getDim() == (*cache)->dim;
  }
  auto want = dyn_cast<RankedTensorType>(type);
  if (!want)
    return false;
  if (auto *tensor = std::get_if<std::shared_ptr<const Tensor>>(&value))
    return want.getElementType().isIntOrFloat() && fits((*tensor)->shape, want);
  if (auto *integers = std::get_if<std::shared_ptr<const Integers>>(&value))
    return isa<IntegerType>(want.getElementType()) &&
           fits((*integers)->shape, want);
  const Weight &weight = *std::get_if<Weight>(&value);
  if (weight.type.getShape() != want.getShape() ||
      weight.type.getElementType() != want.getElementType())
    return false;
  BlockShape block = blockShape(want.getElementType());
  return static_cast<int64_t>(weight.bytes.size()) ==
         want.getNumElements() / block.values * block.bytes;
}

class Evaluation {
public:
  Evaluation(const WeightReader &read, const ResultHook &heard,
             bool demandFinite)
      : read(read), heard(heard), demandFinite(demandFinite) {}

  Expected<llvm::SmallVector<Value>> run(tz::FuncOp func,
                                         llvm::SmallVector<Value> arguments) {
    for (auto [argument, value] :
         llvm::zip(func.getArguments(), std::move(arguments)))
      set(argument, value);
    arguments.clear();
    FailureOr<tz::Sizes> inferred = tz::Sizes::infer(func);
    if (failed(inferred))
      return failAt(func.getLoc(), "the function's sizes do not fit");
    sizes = std::move(*inferred);
    learnSizes(func);
    for (Operation &op : func.getBody().front()) {
      if (auto ret = dyn_cast<tz::ReturnOp>(op)) {
        llvm::SmallVector<Value> results;
        for (mlir::Value operand : ret.getOperands())
          results.push_back(values.lookup(operand));
        return results;
      }
      if (Status status = evaluate(op); !status)
        return status.takeError();
      if (Status status = demandFinite ? checkFinite(op) : Status(); !status)
        return status.takeError();
      release(op);
    }
    return failAt(func.getLoc(), "the function does not return");
  }

private:
  Status checkFinite(Operation &op) {
    for (mlir::Value result : op.getResults()) {
      auto *held = std::get_if<std::shared_ptr<const Tensor>>(
          &values.find(result)->second);
      if (!held)
        continue;
      const std::vector<double> &numbers = (*held)->values;
      auto found = llvm::find_if_not(
          numbers, [](double number) { return std::isfinite(number); });
      if (found == numbers.end())
        continue;
      return Error{ExitCode::NumericsFailed,
                   "TZ0806",
                   "the model gives numbers that are not finite",
                   text(op.getLoc()),
                   "'" + op.getName().getStringRef().str() +
                       "' is the first operation that does: value " +
                       std::to_string(found - numbers.begin()) + " is " +
                       (std::isnan(*found) ? "NaN" : "infinite"),
                   "look at the weight of that name; the file may be damaged "
                   "or badly converted"};
    }
    return {};
  }

  Status evaluate(Operation &op) {
    return llvm::TypeSwitch<Operation *, Status>(&op)
        .Case<tz::UseWeightOp, tz::ScalarOp, tz::ConvertLayoutOp,
              tz::ElementwiseOp, tz::ReshapeOp, tz::MatmulOp, tz::EmbeddingOp,
              tz::RmsNormOp, tz::LayerNormOp, tz::RopeOp, tz::CacheAppendOp,
              tz::AttentionOp, tz::TransposeOp, tz::SliceOp, tz::PadOp,
              tz::WindowsOp, tz::ReduceOp, tz::ContractOp, tz::GatherOp,
              tz::ConcatOp, tz::ReverseOp, tz::CumsumOp, tz::SoftmaxOp,
              tz::ScatterOp, tz::ConstantOp, tz::IotaOp, tz::BroadcastOp,
              tz::TopKOp>([&](auto typed) { return eval(typed); })
        .Default([](Operation *other) -> Status {
          return failAt(other->getLoc(),
                        "the reference interpreter has no meaning for '" +
                            other->getName().getStringRef().str() + "'");
        });
  }

  //===--- values ---------------------------------------------------------===//

  void set(mlir::Value key, Value value) {
    remaining[key] = std::distance(key.getUses().begin(), key.getUses().end());
    values[key] = std::move(value);
  }

  Status give(mlir::Value key, Tensor tensor) {
    if (heard)
      heard(key.getDefiningOp(), Heard::Result, tensor);
    set(key, makeTensor(std::move(tensor)));
    return {};
  }

  /// Forgets operands that no later op reads.
  void release(Operation &op) {
    for (mlir::Value operand : op.getOperands())
      if (--remaining[operand] == 0) {
        values.erase(operand);
        cutIntegers.erase(operand);
      }
  }

  /// Shape of an array among the values; empty for others.
  Shape shapeOfValue(mlir::Value key) {
    const Value &value = values.find(key)->second;
    if (auto *held = std::get_if<std::shared_ptr<const Tensor>>(&value))
      return (*held)->shape;
    if (auto *held = std::get_if<std::shared_ptr<const Integers>>(&value))
      return (*held)->shape;
    return {};
  }

  /// The function's sizes, from its arguments' shapes.
  void learnSizes(tz::FuncOp func) {
    numbers.assign(sizes.names().size(), 0);
    for (mlir::Value argument : func.getArguments())
      for (auto [size, dim] :
           llvm::zip(shapeOfValue(argument), sizes.of(argument)))
        if (auto symbol = dyn_cast<AffineSymbolExpr>(dim))
          numbers[symbol.getPosition()] = size;
  }

  /// What an expression of the sizes is in this call.
  int64_t numberOf(AffineExpr size) { return tz::valueOf(size, numbers); }

  /// The numbers of an activation, or of a small weight decoded on the way.
  std::shared_ptr<const Tensor> tensor(mlir::Value key) {
    const Value &value = values.find(key)->second;
    if (auto *weight = std::get_if<Weight>(&value))
      return std::make_shared<const Tensor>(decode(*weight));
    if (auto *held = std::get_if<std::shared_ptr<const Integers>>(&value))
      return std::make_shared<const Tensor>(
          Tensor((*held)->shape, std::vector<double>((*held)->values.begin(),
                                                     (*held)->values.end())));
    return *std::get_if<std::shared_ptr<const Tensor>>(&value);
  }

  /// The same as its operation receives it, for whoever listens.
  std::shared_ptr<const Tensor> received(Operation *op, mlir::Value key) {
    std::shared_ptr<const Tensor> held = tensor(key);
    if (!heard)
      return held;
    Tensor copy = *held;
    heard(op, Heard::Operand, copy);
    return std::make_shared<const Tensor>(std::move(copy));
  }

  /// Several of them, and what they point to for as long as they live.
  struct Tensors {
    llvm::SmallVector<std::shared_ptr<const Tensor>, 2> owners;
    llvm::SmallVector<const Tensor *, 2> all;
  };
  Tensors tensorsOf(mlir::ValueRange keys) {
    Tensors tensors;
    for (mlir::Value key : keys) {
      tensors.owners.push_back(tensor(key));
      tensors.all.push_back(tensors.owners.back().get());
    }
    return tensors;
  }

  const Weight *weight(mlir::Value key) {
    return std::get_if<Weight>(&values.find(key)->second);
  }

  /// Ids and positions, which fit 32 bits; of others the closest that do.
  const Integers &integers(mlir::Value key) {
    const Value &value = values.find(key)->second;
    if (auto *held = std::get_if<std::shared_ptr<const Integers>>(&value))
      return **held;
    // The value itself stays as it is for others.
    std::shared_ptr<const Integers> &cut = cutIntegers[key];
    if (!cut) {
      std::shared_ptr<const Tensor> held = tensor(key);
      std::vector<int32_t> whole;
      for (double number : held->values)
        whole.push_back(static_cast<int32_t>(
            std::clamp(number, double(INT32_MIN), double(INT32_MAX))));
      cut = std::make_shared<const Integers>(
          Integers{held->shape, std::move(whole)});
    }
    return *cut;
  }

  int64_t position(mlir::Value key) { return integers(key).values[0]; }

  static bool hasContextRows(mlir::Value key) {
    return ShapedType::isDynamic(cast<tz::CacheType>(key.getType()).getRows());
  }
  /// One whose rows are a fixed number has them from the beginning, as zeros.
  std::shared_ptr<Cache> cache(mlir::Value key) {
    auto state =
        *std::get_if<std::shared_ptr<Cache>>(&values.find(key)->second);
    if (!hasContextRows(key))
      state->resize(cast<tz::CacheType>(key.getType()).getRows());
    return state;
  }

  //===--- ops ------------------------------------------------------------===//

  Status eval(tz::UseWeightOp op) {
    auto symbol = SymbolTable::lookupNearestSymbolFrom<tz::WeightOp>(
        op, op.getWeightAttr());
    if (!read || !symbol)
      return failAt(op.getLoc(),
                    "nobody serves the weight '" + op.getWeight().str() + "'");
    Expected<ArrayRef<uint8_t>> bytes = read(symbol);
    if (!bytes)
      return bytes.takeError();
    Value value = Weight{cast<RankedTensorType>(op.getType()), *bytes};
    if (!fits(value, op.getType()))
      return failAt(op.getLoc(), "the weight '" + op.getWeight().str() +
                                     "' has another size than its type");
    set(op.getResult(), std::move(value));
    return {};
  }

  Status eval(tz::ScalarOp op) {
    return give(op.getResult(), Tensor({}, {op.getValue().convertToDouble()}));
  }

  Status eval(tz::ConvertLayoutOp op) {
    const Weight *from = weight(op.getInput());
    if (!from)
      return failAt(op.getLoc(), "only weights have layouts");
    set(op.getResult(),
        Weight{cast<RankedTensorType>(op.getResult().getType()), from->bytes});
    return {};
  }

  Status eval(tz::ElementwiseOp op) {
    Tensor result =
        elementwise(op.getFunction(), tensorsOf(op.getInputs()).all);
    bool wraps =
        isa<IntegerType>(getElementTypeOrSelf(op.getInputs().back().getType()));
    toElements(getElementTypeOrSelf(op.getType()), wraps, result);
    return give(op.getResult(), std::move(result));
  }

  /// What numbers become as elements of integers: towards 0, the closest there
  /// is, 0 of NaN; where they were integers their low bits. A truth is 1 unless
  /// it is 0. Floats stay as they are.
  static void toElements(Type element, bool wraps, Tensor &tensor) {
    auto whole = dyn_cast<IntegerType>(element);
    if (!whole)
      return;
    bool isUnsigned = whole.isUnsigned();
    int digits = static_cast<int>(whole.getWidth()) - (isUnsigned ? 0 : 1);
    double low = isUnsigned ? 0 : -std::ldexp(1.0, digits),
           high = std::ldexp(1.0, digits) - 1;
    double count = std::ldexp(1.0, static_cast<int>(whole.getWidth()));
    for (double &value : tensor.values)
      if (whole.getWidth() == 1)
        value = value != 0;
      else if (wraps)
        value -= std::floor((value - low) / count) * count;
      else
        value =
            std::isnan(value) ? 0 : std::clamp(std::trunc(value), low, high);
  }

  Status eval(tz::ReshapeOp op) {
    std::shared_ptr<const Tensor> input = tensor(op.getInput());
    Shape shape(cast<RankedTensorType>(op.getResult().getType()).getShape());
    for (auto [size, dim] : llvm::zip(shape, sizes.of(op.getResult())))
      size = numberOf(dim);
    return give(op.getResult(), Tensor(shape, input->values));
  }

  Status eval(tz::MatmulOp op) {
    const Weight *right = weight(op.getWeight());
    if (!right)
      return give(op.getResult(),
                  contract("tk,nk->tn", *received(op, op.getInput()),
                           *tensor(op.getWeight())));
    return give(op.getResult(), matmul(*received(op, op.getInput()), *right));
  }

  Status eval(tz::EmbeddingOp op) {
    const Weight *table = weight(op.getWeight());
    if (!table)
      return give(op.getResult(),
                  gatherParts(*tensor(op.getWeight()), *tensor(op.getIds()),
                              /*axis=*/0, /*each_=*/false));
    std::vector<int32_t> ids = integers(op.getIds()).values;
    int64_t rows = table->type.getShape()[0];
    bool given = isa<BlockArgument>(op.getIds());
    for (int32_t &id : ids)
      if (!given)
        id = static_cast<int32_t>(std::clamp<int64_t>(id, 0, rows - 1));
      else if (id < 0 || id >= rows)
        return failAt(op.getLoc(),
                      "the token id " + std::to_string(id) + " does not exist",
                      "ids are 0 to " + std::to_string(rows - 1),
                      ExitCode::Usage);
    return give(op.getResult(), gather(*table, ids));
  }

  Status eval(tz::RmsNormOp op) {
    return give(op.getResult(),
                rmsNorm(*tensor(op.getInput()), *tensor(op.getWeight()),
                        op.getEpsilon().convertToDouble()));
  }

  Status eval(tz::LayerNormOp op) {
    std::shared_ptr<const Tensor> bias;
    if (op.getBias())
      bias = tensor(op.getBias());
    return give(op.getResult(),
                layerNorm(*received(op, op.getInput()), *tensor(op.getWeight()),
                          bias.get(), op.getEpsilon().convertToDouble()));
  }

  Status eval(tz::RopeOp op) {
    std::shared_ptr<const Tensor> factors;
    if (op.getFactors())
      factors = tensor(op.getFactors());
    RopeSettings settings{op.getMode(), op.getBase().convertToDouble(),
                          op.getScale().convertToDouble(),
                          static_cast<int64_t>(op.getRotated()), factors.get()};
    std::shared_ptr<const Tensor> input = tensor(op.getInput());
    const Integers &given = integers(op.getPosition());
    Shape positions(input->shape[0]);
    for (int64_t t = 0; t < input->shape[0]; ++t)
      positions[t] =
          given.shape.empty() ? given.values[0] + t : given.values[t];
    return give(op.getResult(), rope(*input, positions, settings));
  }

  Status eval(tz::CacheAppendOp op) {
    std::shared_ptr<Cache> state = cache(op.getCache());
    std::shared_ptr<const Tensor> rows = received(op, op.getRows());
    int64_t at = position(op.getPosition());
    if (hasContextRows(op.getCache())) {
      if (at < 0 || at > state->rows())
        return failAt(
            op.getLoc(),
            "rows cannot be appended at position " + std::to_string(at),
            "the cache holds " + std::to_string(state->rows()) + " rows");
      state->resize(std::max(state->rows(), at + rows->shape[0]));
    }
    append(*state, *rows, at);
    set(op.getResult(), state);
    return {};
  }

  /// Keys or values: a cache, or a tensor as one.
  std::shared_ptr<Cache> rowsOf(tz::AttentionOp op, mlir::Value key) {
    if (isa<tz::CacheType>(key.getType()))
      return cache(key);
    std::shared_ptr<const Tensor> from = received(op, key);
    auto made = std::make_shared<Cache>();
    made->heads = from->shape[1];
    made->dim = from->shape[2];
    made->values = from->values;
    return made;
  }

  /// What each query row sees of `rows` key rows.
  llvm::SmallVector<KeyRange> seenBy(tz::AttentionOp op, int64_t queries,
                                     int64_t rows) {
    llvm::SmallVector<KeyRange> seen(queries, KeyRange{0, rows});
    int64_t window = static_cast<int64_t>(op.getWindow());
    for (int64_t t = 0; t < queries; ++t) {
      auto &[first, end] = seen[t];
      if (op.getPosition()) {
        int64_t stands = position(op.getPosition()) + t;
        end = std::min(end, stands + 1);
        if (window > 0)
          first = std::max<int64_t>(0, stands - window + 1);
      }
      if (op.getFirst())
        first = std::max<int64_t>(first, integers(op.getFirst()).values[t]);
      if (op.getEnd())
        end = std::min<int64_t>(end, integers(op.getEnd()).values[t]);
    }
    return seen;
  }

  Status eval(tz::AttentionOp op) {
    std::shared_ptr<const Tensor> query = received(op, op.getQuery());
    std::shared_ptr<Cache> keys = rowsOf(op, op.getKeys()),
                           rows = rowsOf(op, op.getValues());
    if (op.getKeyCache() && hasContextRows(op.getKeys()) && op.getPosition()) {
      int64_t at = position(op.getPosition()), needed = at + query->shape[0];
      if (at < 0 || keys->rows() < needed || rows->rows() < needed)
        return failAt(op.getLoc(), "queries see rows that the cache lacks",
                      "they need " + std::to_string(needed) + ", there are " +
                          std::to_string(keys->rows()));
    }
    std::shared_ptr<const Tensor> bias, sinks;
    if (op.getBias())
      bias = tensor(op.getBias());
    if (op.getSinks())
      sinks = tensor(op.getSinks());
    AttentionSettings settings{op.getScale().convertToDouble(),
                               op.getSoftCap().convertToDouble(), sinks.get()};
    return give(op.getResult(),
                attention(*query, *keys, *rows,
                          seenBy(op, query->shape[0], keys->rows()), bias.get(),
                          settings));
  }

  Status eval(tz::TransposeOp op) {
    return give(op.getResult(),
                transpose(*tensor(op.getInput()), op.getPermutation()));
  }

  Status eval(tz::SliceOp op) {
    std::shared_ptr<const Tensor> input = tensor(op.getInput());
    Shape shape(cast<RankedTensorType>(op.getResult().getType()).getShape()),
        first(op.getOffsets());
    for (size_t i = 0; i < shape.size(); ++i) {
      int64_t whole = input->shape[i], stride = op.getStrides()[i],
              cut = op.getCut() ? (*op.getCut())[i] : 0;
      first[i] += first[i] < 0 ? whole : 0;
      if (ShapedType::isDynamic(shape[i]))
        shape[i] = std::max<int64_t>(
            (whole - cut - first[i] + stride - 1) / stride, 0);
      if (shape[i] &&
          (first[i] < 0 || first[i] + (shape[i] - 1) * stride >= whole))
        return failAt(op.getLoc(), "the part lies beyond the input");
    }
    return give(op.getResult(), slice(*input, first, op.getStrides(), shape));
  }

  Status eval(tz::PadOp op) {
    std::shared_ptr<const Tensor> input = tensor(op.getInput());
    Shape shape = input->shape;
    for (auto [size, low, high] : llvm::zip(shape, op.getLow(), op.getHigh()))
      size += low + high;
    return give(op.getResult(), pad(*input, op.getLow(),
                                    op.getValue().convertToDouble(), shape));
  }

  Status eval(tz::WindowsOp op) {
    std::shared_ptr<const Tensor> input = tensor(op.getInput());
    Shape shape(cast<RankedTensorType>(op.getResult().getType()).getShape());
    size_t spatial = op.getStrides().size();
    for (size_t i = 0; i < spatial; ++i) {
      if (!ShapedType::isDynamic(shape[i]))
        continue;
      int64_t reach = op.getDilations()[i] * (shape[spatial + 1 + i] - 1) + 1;
      int64_t room = op.getLow()[i] + input->shape[i + 1] +
                     (op.getHigh() ? (*op.getHigh())[i] : 0) - reach;
      shape[i] = room < 0 ? 0 : room / op.getStrides()[i] + 1;
    }
    return give(op.getResult(),
                windows(*input,
                        {op.getStrides(), op.getDilations(), op.getLow()},
                        shape));
  }

  Status eval(tz::ReduceOp op) {
    double most = std::numeric_limits<double>::infinity(), least = -most;
    if (auto whole = dyn_cast<IntegerType>(
            getElementTypeOrSelf(op.getInput().getType()))) {
      bool isSigned = !whole.isUnsigned() && whole.getWidth() > 1;
      unsigned digits = whole.getWidth() - (isSigned ? 1 : 0);
      least = isSigned ? -std::ldexp(1.0, int(digits)) : 0;
      most = std::ldexp(1.0, int(digits)) - 1;
    }
    return give(op.getResult(),
                reduce(*received(op, op.getInput()), op.getCombiner(),
                       op.getAxes(), least, most));
  }

  Status eval(tz::ContractOp op) {
    return give(op.getResult(),
                contract(op.getDims(), *received(op, op.getLeft()),
                         *tensor(op.getRight())));
  }

  Status eval(tz::GatherOp op) {
    return give(op.getResult(),
                gatherParts(*tensor(op.getInput()), *tensor(op.getIndices()),
                            op.getAxis(), op.getEach()));
  }

  Status eval(tz::ConcatOp op) {
    return give(op.getResult(),
                concat(tensorsOf(op.getInputs()).all, op.getAxis()));
  }

  Status eval(tz::ReverseOp op) {
    return give(op.getResult(), reverse(*tensor(op.getInput()), op.getAxes()));
  }

  Status eval(tz::CumsumOp op) {
    return give(op.getResult(),
                cumsum(*received(op, op.getInput()), op.getAxis(),
                       op.getExclusive(), op.getBackwards()));
  }

  Status eval(tz::SoftmaxOp op) {
    return give(op.getResult(), softmax(*tensor(op.getInput()), op.getAxis(),
                                        op.getLogarithm()));
  }

  Status eval(tz::ScatterOp op) {
    auto part = [&](mlir::Value key) {
      return op.getAdd() ? received(op, key) : tensor(key);
    };
    return give(op.getResult(),
                scatter(*part(op.getInput()), *tensor(op.getIndices()),
                        *part(op.getUpdates()),
                        {int64_t(op.getAxis()), op.getEach(), op.getAdd()}));
  }

  Status eval(tz::ConstantOp op) {
    auto content = cast<DenseElementsAttr>(op.getValue());
    Tensor result(content.getType().getShape());
    auto next = result.values.begin();
    if (auto whole = dyn_cast<IntegerType>(content.getElementType())) {
      bool isSigned = !whole.isUnsigned() && whole.getWidth() > 1;
      for (const APInt &value : content.getValues<APInt>())
        *next++ = value.roundToDouble(isSigned);
    } else {
      for (APFloat value : content.getValues<APFloat>()) {
        bool lost = false;
        value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                      &lost);
        *next++ = value.convertToDouble();
      }
    }
    return give(op.getResult(), std::move(result));
  }

  Status eval(tz::IotaOp op) {
    Shape shape;
    for (AffineExpr size : sizes.of(op.getResult()))
      shape.push_back(numberOf(size));
    return give(op.getResult(), iota(shape, op.getAxis()));
  }

  Status eval(tz::BroadcastOp op) {
    Shape shape;
    for (AffineExpr size : sizes.of(op.getResult()))
      shape.push_back(numberOf(size));
    return give(op.getResult(), broadcast(*tensor(op.getInput()), shape));
  }

  Status eval(tz::TopKOp op) {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    return give(op.getResult(),
                topK(*tensor(op.getInput()), type.getShape().back()));
  }

  const WeightReader &read;
  const ResultHook &heard;
  bool demandFinite;
  llvm::DenseMap<mlir::Value, Value> values;
  /// Of computed integers, what fits 32 bits.
  llvm::DenseMap<mlir::Value, std::shared_ptr<const Integers>> cutIntegers;
  llvm::DenseMap<mlir::Value, int64_t> remaining;
  tz::Sizes sizes;
  std::vector<int64_t> numbers; ///< of the function's sizes
};

} // namespace

Expected<llvm::SmallVector<Value>>
Interpreter::call(tz::FuncOp func, llvm::SmallVector<Value> arguments) {
  if (func.isExternal() || arguments.size() != func.getNumArguments())
    return failAt(func.getLoc(), "'" + func.getSymName().str() + "' takes " +
                                     std::to_string(func.getNumArguments()) +
                                     " arguments, got " +
                                     std::to_string(arguments.size()));
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
    if (!fits(arguments[i], type))
      return failAt(func.getLoc(), "argument " + std::to_string(i) + " of '" +
                                       func.getSymName().str() +
                                       "' does not fit its type");
  return Evaluation(read, heard, demandFinite).run(func, std::move(arguments));
}

} // namespace terrazzo::reference
