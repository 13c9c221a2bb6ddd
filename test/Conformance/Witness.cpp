// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Witness.h"
#include "../Support/RandomWeights.h"
#include "RandomArrays.h"
#include "terrazzo/Dialect/Tz/Sizes.h"
#include "terrazzo/Reference/Interpreter.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
#include <cstring>
#include <random>

using namespace mlir;

namespace terrazzo::conformance {
namespace {

using reference::Heard;
using reference::Tensor;

constexpr int kNoisyRuns = 8;
/// Errors of a chip are not quite random: they may be so many times the largest
/// that noise made of a number, and of those that it made of its row.
constexpr double kSlack = 8, kDeviations = 10;

/// Rows of the same numbers meet the same errors on a chip, which then do not
/// average out where such rows are added: so a row's errors follow from it.
class RowRandom {
public:
  RowRandom(uint64_t seed, llvm::ArrayRef<double> row)
      : state(seed ^ llvm::xxh3_64bits(llvm::ArrayRef(
                         reinterpret_cast<const uint8_t *>(row.data()),
                         row.size() * sizeof(double)))) {}

  /// From -1 to 1 (Steele et al. 2014, SplitMix64).
  double next() {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
  }

private:
  uint64_t state;
};

class Noise {
public:
  Noise(uint64_t seed, double product)
      : seed(seed * 0xd1342543de82ef95u), product(product) {}

  void operator()(Operation *op, Heard heard, Tensor &tensor) {
    double relative = 0, ofSize = 0, absolute = 0;
    if (heard == Heard::Result && isa<tz::MatmulOp>(op)) {
      // The weights are rounded as well.
      relative = product;
    } else if (heard == Heard::Result &&
               isa<tz::ReduceOp, tz::ContractOp>(op)) {
      // What they receive has the error.
    } else if (auto matmul = dyn_cast<tz::MatmulOp>(op)) {
      auto type = cast<RankedTensorType>(matmul.getWeight().getType());
      if (isa<tz::BlockType>(type.getElementType()))
        quantise(tensor);
      relative = product;
      // What lies beneath the normal numbers of f16 loses digits.
      absolute = product * 6.1e-5;
    } else if (isa<tz::AttentionOp>(op) && heard == Heard::Operand) {
      relative = product;
      absolute = product * 6.1e-5;
    } else if (isa<tz::AttentionOp>(op)) {
      ofSize = product;
    } else if (auto append = dyn_cast<tz::CacheAppendOp>(op)) {
      relative =
          append.getCache().getType().getElementType().isF16() ? 5e-4 : 0;
    } else if (auto elementwise = dyn_cast<tz::ElementwiseOp>(op)) {
      auto error = tz::errorOf(elementwise.getFunction());
      relative = error.relative;
      absolute = error.absolute;
    } else if (isWhole(op)) {
      return;
    } else if (auto cumsum = dyn_cast<tz::CumsumOp>(op)) {
      // Addends that are alike are rounded alike: errors grow with their
      // number, where others' cancel each other.
      relative =
          2e-6 + 2e-8 * static_cast<double>(tensor.shape[cumsum.getAxis()]);
    } else if (isa<tz::ContractOp, tz::ReduceOp, tz::ScatterOp>(op)) {
      relative = 2e-6;
    } else if (isa<tz::SoftmaxOp>(op)) {
      relative = absolute = 2e-5;
    } else if (heard == Heard::Operand && isa<tz::LayerNormOp>(op)) {
      // The mean is rounded as large as it is, not as what is left without it.
      relative = 2e-7;
    } else if (tz::rowNormOf(op) || isa<tz::RopeOp>(op)) {
      relative = ofSize = 4e-7;
    }
    if (heard == Heard::Result)
      addRounding(op, relative, absolute);
    if (relative == 0 && ofSize == 0 && absolute == 0)
      return;
    double squares = 0;
    for (double value : tensor.values)
      squares += value * value;
    double size =
        ofSize * std::sqrt(squares / std::max<size_t>(tensor.values.size(), 1));
    eachRow(tensor, [&](llvm::MutableArrayRef<double> row, RowRandom random) {
      for (double &value : row)
        value += random.next() * (relative * std::abs(value) + size + absolute);
    });
  }

private:
  static Type elementOf(Operation *op) {
    return getElementTypeOrSelf(op->getResult(0).getType());
  }
  static bool isWhole(Operation *op) {
    return isa<RankedTensorType>(op->getResult(0).getType()) &&
           isa<IntegerType>(elementOf(op));
  }

  /// What is computed and kept in fewer bits is rounded.
  static void addRounding(Operation *op, double &relative, double &absolute) {
    bool moves =
        isa<tz::TransposeOp, tz::SliceOp, tz::PadOp, tz::ConcatOp, tz::GatherOp,
            tz::ReshapeOp, tz::WindowsOp, tz::ReverseOp, tz::BroadcastOp>(op);
    if (moves || !isa<RankedTensorType>(op->getResult(0).getType()))
      return;
    if (elementOf(op).isF16()) {
      relative += 5e-4;
      absolute += 6e-8;
    } else if (elementOf(op).isBF16()) {
      relative += 4e-3;
    }
  }

  template <typename Body> void eachRow(Tensor &tensor, Body body) {
    auto values = llvm::MutableArrayRef(tensor.values);
    size_t size = tensor.shape.empty() ? 1 : tensor.shape.back();
    for (size_t at = 0; size && at + size <= values.size(); at += size)
      body(values.slice(at, size), RowRandom(seed, values.slice(at, size)));
  }

  /// Half a step of eight bits for each group of 32 numbers.
  void quantise(Tensor &tensor) {
    eachRow(tensor, [&](llvm::MutableArrayRef<double> row, RowRandom random) {
      for (size_t at = 0; at < row.size(); at += 32) {
        auto group = row.slice(at, std::min<size_t>(32, row.size() - at));
        double largest = 0;
        for (double value : group)
          largest = std::max(largest, std::abs(value));
        for (double &value : group)
          value += random.next() * largest / 254;
      }
    });
  }

  uint64_t seed;
  double product;
};

reference::WeightReader readerOf(const formats::ModelFile &weights) {
  return [&](tz::WeightOp op) -> Expected<ArrayRef<uint8_t>> {
    const formats::ModelTensor *tensor = weights.findTensor(op.getTensor());
    return ArrayRef<uint8_t>(weights.tensorData(*tensor), tensor->bytes);
  };
}

/// All logits.
Expected<std::vector<double>> evaluate(ModuleOp module,
                                       const formats::ModelFile &weights,
                                       const Calls &calls,
                                       reference::ResultHook hook) {
  reference::Interpreter interpreter(readerOf(weights));
  interpreter.onResult(std::move(hook));
  auto trunk = module.lookupSymbol<tz::FuncOp>("trunk");
  auto head = module.lookupSymbol<tz::FuncOp>("head");
  SmallVector<reference::Value> states;
  for (Type type : trunk.getArgumentTypes())
    if (auto cache = dyn_cast<tz::CacheType>(type))
      states.push_back(reference::makeCache(cache.getHeads(), cache.getDim()));
  std::vector<double> logits;
  int32_t position = 0;
  for (const std::vector<int32_t> &ids : calls) {
    int64_t count = ids.size();
    SmallVector<reference::Value> arguments{
        reference::makeIntegers({count}, ids),
        reference::makeIntegers({}, {position})};
    llvm::append_range(arguments, states);
    auto hidden = interpreter.call(trunk, arguments);
    if (!hidden)
      return hidden.takeError();
    states.assign(hidden->begin() + 1, hidden->end());
    auto result = interpreter.call(head, {hidden->front()});
    if (!result)
      return result.takeError();
    llvm::append_range(logits, reference::asTensor(result->front()).values);
    position += static_cast<int32_t>(count);
  }
  return logits;
}

} // namespace

Calls randomCalls(uint64_t seed, int64_t vocabulary) {
  std::mt19937_64 random(seed + 77);
  constexpr int64_t prompts[] = {1, 2, 3, 7, 8, 9, 16, 17, 33, 65, 101};
  Calls calls{{}};
  calls[0].resize(prompts[random() % std::size(prompts)]);
  for (uint64_t more = random() % 4; more > 0; --more)
    calls.push_back(std::vector<int32_t>(random() % 3 ? 1 : 1 + random() % 12));
  for (std::vector<int32_t> &ids : calls)
    for (int32_t &id : ids)
      id = static_cast<int32_t>(random() % vocabulary);
  return calls;
}

/// What `evaluate` gives, and how far it moves with noise.
template <typename Evaluate>
static Expected<Expected64> judge(Evaluate evaluate, double product) {
  Expected64 expected;
  auto clean = evaluate(
      [&](Operation *, Heard, Tensor &tensor) {
        for (double value : tensor.values)
          expected.largest = std::max(expected.largest, std::abs(value));
      },
      &expected.rowEnds);
  if (!clean)
    return clean.takeError();
  expected.numbers = std::move(*clean);
  std::vector<double> worst(expected.numbers.size(), 0),
      squares(worst.size(), 0);
  for (int run = 0; run < kNoisyRuns; ++run) {
    auto noisy = evaluate(Noise(run + 1, product), nullptr);
    if (!noisy)
      return noisy.takeError();
    for (size_t i = 0; i < worst.size(); ++i) {
      double error = (*noisy)[i] - expected.numbers[i];
      worst[i] = std::max(worst[i], std::abs(error));
      squares[i] += error * error / kNoisyRuns;
    }
  }
  // What one number was lucky to be spared its row was not.
  expected.tolerance.resize(worst.size());
  size_t row = 0;
  for (size_t end : expected.rowEnds) {
    double mean = 0;
    for (size_t i = row; i < end; ++i)
      mean += squares[i] / double(end - row);
    for (size_t i = row; i < end; ++i)
      expected.tolerance[i] =
          std::max(kSlack * worst[i], kDeviations * std::sqrt(mean)) +
          1e-6 * std::abs(expected.numbers[i]) + 1e-12;
    row = end;
  }
  return expected;
}

/// The ends of rows of `columns` numbers, up to `count`.
static void addRows(std::vector<size_t> &ends, size_t count, size_t columns) {
  for (size_t at = ends.empty() ? 0 : ends.back(); at < count;)
    ends.push_back(at = std::min(count, at + std::max<size_t>(columns, 1)));
}

Expected<Expected64> witness(ModuleOp module, const formats::ModelFile &weights,
                             const Calls &calls, double product) {
  auto head = module.lookupSymbol<tz::FuncOp>("head");
  int64_t columns =
      cast<RankedTensorType>(head.getResultTypes()[0]).getShape()[1];
  return judge(
      [&](reference::ResultHook hook, std::vector<size_t> *ends) {
        auto all = evaluate(module, weights, calls, std::move(hook));
        if (all && ends)
          addRows(*ends, all->size(), size_t(columns));
        return all;
      },
      product);
}

Expected<Expected64> witness(ModuleOp module, const formats::ModelFile &weights,
                             const ArraysCalls &calls, double product) {
  auto func = module.lookupSymbol<tz::FuncOp>("arrays");
  return judge(
      [&](reference::ResultHook hook,
          std::vector<size_t> *ends) -> Expected<std::vector<double>> {
        reference::Interpreter interpreter(readerOf(weights));
        interpreter.onResult(std::move(hook));
        std::vector<double> all;
        for (const ArraysCall &call : calls) {
          SmallVector<reference::Value> arguments;
          for (const Tensor &argument : call.arguments)
            arguments.push_back(reference::makeTensor(argument));
          auto results = interpreter.call(func, arguments);
          if (!results)
            return results.takeError();
          for (const reference::Value &result : *results) {
            const Tensor &tensor = reference::asTensor(result);
            llvm::append_range(all, tensor.values);
            if (ends)
              addRows(*ends, all.size(),
                      tensor.shape.empty() ? 1 : size_t(tensor.shape.back()));
          }
        }
        return all;
      },
      product);
}

/// A number that the element holds exactly.
static double numberOf(Type element, std::mt19937_64 &random) {
  std::normal_distribution<double> normal;
  if (element.isInteger(1))
    return double(random() % 2);
  if (auto whole = dyn_cast<IntegerType>(element))
    return double(random() % 13) - (whole.isUnsigned() ? 0 : 3);
  auto number = float(normal(random));
  if (element.isF16())
    return test::halfToFloat(test::floatToHalf(number));
  if (element.isBF16()) {
    uint32_t bits;
    memcpy(&bits, &number, 4);
    bits &= 0xffff0000u;
    memcpy(&number, &bits, 4);
  }
  return number;
}

ArraysCalls randomArraysCalls(ModuleOp module, uint64_t seed) {
  auto func = module.lookupSymbol<tz::FuncOp>("arrays");
  FailureOr<tz::Sizes> sizes = tz::Sizes::infer(func);
  std::mt19937_64 random(seed + 78);
  ArraysCalls calls;
  for (int attempt = 0; attempt < 8 && calls.size() < 3; ++attempt) {
    ArraysCall call;
    SmallVector<int64_t> numbers;
    for (StringRef name : sizes->names()) {
      bool empty = random() % 12 == 0;
      call.sizes.push_back(empty ? 0
                                 : 1 + random() % uint64_t(mostOfSize(name)));
      numbers.push_back(int64_t(call.sizes.back()));
    }
    if (llvm::any_of(sizes->demands(), [&](AffineExpr size) {
          return tz::valueOf(size, numbers) < 0;
        }))
      continue;
    for (BlockArgument argument : func.getArguments()) {
      reference::Shape shape;
      for (AffineExpr size : sizes->of(argument))
        shape.push_back(tz::valueOf(size, numbers));
      Tensor tensor(shape);
      for (double &value : tensor.values)
        value = numberOf(getElementTypeOrSelf(argument.getType()), random);
      call.arguments.push_back(std::move(tensor));
    }
    calls.push_back(std::move(call));
  }
  return calls;
}

} // namespace terrazzo::conformance
