// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RunCase.h"
#include "../Support/RandomWeights.h"
#include "Case.h"
#include "decode/Session.h"
#include "exec/FunctionRunner.h"
#include "package/Values.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include <cstring>

using namespace mlir;

namespace terrazzo::conformance {
namespace {

constexpr uint32_t kContext = 180;

/// @trunk and @head as a session runs them.
class DecoderCase : public Case {
public:
  using Case::Case;

protected:
  Expected<Expected64> expect(const formats::ModelFile &weights) override {
    auto head = module.lookupSymbol<tz::FuncOp>("head");
    int64_t vocabulary =
        cast<RankedTensorType>(head.getResultTypes()[0]).getShape()[1];
    module.walk([&](tz::EmbeddingOp op) {
      vocabulary = std::min(
          vocabulary,
          cast<RankedTensorType>(op.getWeight().getType()).getShape()[0]);
    });
    calls = randomCalls(seed, vocabulary);
    return witness(module, weights, calls, settings.product);
  }

  Status compute(exec::PackageFile package,
                 std::shared_ptr<const formats::ModelFile> weights,
                 exec::ExecutionOptions options,
                 std::vector<float> &numbers) override {
    options.contextSize = kContext;
    auto session = decode::Session::open(std::move(package), weights, options);
    if (!session)
      return session.takeError();
    for (const std::vector<int32_t> &ids : calls) {
      if (Status status = (*session)->step(ids); !status)
        return status;
      size_t columns = (*session)->vocabulary(), at = numbers.size();
      numbers.resize(at + ids.size() * columns);
      uint32_t most = (*session)->largestHead();
      for (uint32_t row = 0; row < ids.size(); row += most) {
        uint32_t count = std::min<uint32_t>(most, ids.size() - row);
        if (Status status =
                (*session)->logits(row, count, &numbers[at + row * columns]);
            !status)
          return status;
      }
    }
    return {};
  }

private:
  Calls calls;
};

/// @arrays on arrays.
class ArraysCase : public Case {
public:
  using Case::Case;

protected:
  Expected<Expected64> expect(const formats::ModelFile &weights) override {
    calls = randomArraysCalls(module, seed);
    return witness(module, weights, calls, settings.product);
  }

  Status compute(exec::PackageFile package,
                 std::shared_ptr<const formats::ModelFile> weights,
                 exec::ExecutionOptions options,
                 std::vector<float> &numbers) override {
    auto model = exec::LoadedModel::create(std::move(package),
                                           std::move(weights), options);
    if (!model)
      return model.takeError();
    auto runner = exec::FunctionRunner::open(**model, options);
    if (!runner)
      return runner.takeError();
    for (const ArraysCall &call : calls)
      if (Status status = computeOne(**runner, call, numbers); !status)
        return status;
    return {};
  }

private:
  static Status computeOne(exec::FunctionRunner &runner, const ArraysCall &call,
                           std::vector<float> &numbers) {
    const package::Function &function = runner.function(0);
    package::Extents extents;
    (void)extents.compute(function, call.sizes, 0);
    std::vector<std::vector<uint8_t>> memory;
    std::vector<exec::Array> arguments, results;
    for (uint32_t i = 0; i < call.arguments.size(); ++i) {
      memory.push_back(
          bytesOf(*function.arguments()->Get(i), call.arguments[i].values));
      arguments.push_back({memory.back().data()});
    }
    size_t first = memory.size();
    for (const package::Value *value : *function.results()) {
      memory.emplace_back(extents.bytes(*value) + 1);
      results.push_back({memory.back().data()});
    }
    if (Status status = runner.call(0, call.sizes, arguments, results); !status)
      return status;
    for (const package::Value *value : *function.results())
      addNumbers(*value, memory[first++], numbers);
    return {};
  }

  static std::vector<uint8_t> bytesOf(const package::Value &value,
                                      const std::vector<double> &numbers) {
    const package::ElementType &type = package::elementTypeOf(value);
    std::vector<uint8_t> bytes(numbers.size() * type.bytes + 1);
    for (size_t i = 0; i < numbers.size(); ++i) {
      uint8_t *to = &bytes[i * type.bytes];
      auto number = float(numbers[i]);
      uint32_t bits;
      memcpy(&bits, &number, 4);
      if (type.integer) {
        auto whole = int64_t(numbers[i]);
        memcpy(to, &whole, type.bytes);
      } else if (type.word == "f64") {
        memcpy(to, &numbers[i], 8);
      } else if (type.word == "f32") {
        memcpy(to, &number, 4);
      } else if (type.word == "bf16") {
        bits >>= 16;
        memcpy(to, &bits, 2);
      } else {
        uint16_t half = test::floatToHalf(number);
        memcpy(to, &half, 2);
      }
    }
    return bytes;
  }

  static void addNumbers(const package::Value &value,
                         const std::vector<uint8_t> &bytes,
                         std::vector<float> &numbers) {
    const package::ElementType &type = package::elementTypeOf(value);
    for (size_t i = 0; (i + 1) * type.bytes < bytes.size(); ++i) {
      const uint8_t *from = &bytes[i * type.bytes];
      float number = 0;
      if (type.integer) {
        number = float(package::integerAt(type, bytes.data(), i));
      } else if (type.word == "f64") {
        double wide;
        memcpy(&wide, from, 8);
        number = float(wide);
      } else if (type.word == "f32") {
        memcpy(&number, from, 4);
      } else {
        uint16_t half;
        memcpy(&half, from, 2);
        uint32_t bits = uint32_t(half) << 16;
        memcpy(&number, &bits, 4);
        if (type.word == "f16")
          number = test::halfToFloat(half);
      }
      numbers.push_back(number);
    }
  }

  ArraysCalls calls;
};

} // namespace

std::string Outcome::code() const {
  size_t at = text.find("error[");
  return at == std::string::npos ? "" : text.substr(at + 6, 6);
}

Outcome runCase(ModuleOp module, uint64_t seed, const Settings &settings) {
  if (module.lookupSymbol("arrays"))
    return ArraysCase(module, seed, settings).run();
  return DecoderCase(module, seed, settings).run();
}

} // namespace terrazzo::conformance
