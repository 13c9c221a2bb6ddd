// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Reference/RunReference.h"
#include "formats/FaultGuard.h"
#include "formats/ModelFile.h"
#include "formats/NonFinite.h"
#include "terrazzo/Reference/Interpreter.h"
#include <chrono>
#include <cmath>

using namespace mlir;

namespace terrazzo {

using namespace reference;

namespace {

/// Rows of logits computed together: 64 rows of 262144 values are 134 MB.
constexpr int64_t kHeadRows = 64;

class Decoder {
public:
  Decoder(ModuleOp module, const formats::ModelFile &file, StringRef path)
      : trunk(module.lookupSymbol<tz::FuncOp>("trunk")),
        head(module.lookupSymbol<tz::FuncOp>("head")),
        interpreter(
            [&file, path](tz::WeightOp weight) {
              return read(file, path, weight);
            },
            /*demandFinite=*/true) {
    if (trunk)
      for (Type type : trunk.getArgumentTypes())
        if (auto cache = dyn_cast<tz::CacheType>(type))
          caches.push_back(makeCache(cache.getHeads(), cache.getDim()));
  }

  bool complete() {
    return trunk && head && trunk.getNumArguments() == caches.size() + 2 &&
           trunk.getNumResults() == caches.size() + 1 &&
           head.getNumArguments() == 1 && head.getNumResults() == 1;
  }

  /// Hidden rows of the next tokens.
  Expected<reference::Value> next(ArrayRef<int32_t> ids) {
    int64_t count = ids.size();
    llvm::SmallVector<reference::Value> arguments{
        makeIntegers({count}, ids.vec()),
        makeIntegers({}, {static_cast<int32_t>(position)})};
    llvm::append_range(arguments, caches);
    auto results = interpreter.call(trunk, std::move(arguments));
    if (!results)
      return results.takeError();
    position += count;
    caches.assign(results->begin() + 1, results->end());
    return (*results)[0];
  }

  Expected<reference::Value> logits(const Tensor &hidden, int64_t first,
                                    int64_t count) {
    int64_t width = hidden.shape[1];
    auto begin = hidden.values.begin() + first * width;
    auto results = interpreter.call(
        head, {makeTensor(
                  Tensor({count, width},
                         std::vector<double>(begin, begin + count * width)))});
    if (!results)
      return results.takeError();
    return (*results)[0];
  }

private:
  static Expected<ArrayRef<uint8_t>> read(const formats::ModelFile &file,
                                          StringRef path, tz::WeightOp weight) {
    const formats::ModelTensor *tensor = file.findTensor(weight.getTensor());
    if (!tensor || tensor->offset != weight.getOffset() ||
        tensor->bytes != weight.getBytes())
      return Error{ExitCode::Failure,
                   "TZ0322",
                   "the file does not hold the weights of this module",
                   path.str(),
                   "'" + weight.getTensor().str() +
                       "' is missing or lies elsewhere",
                   "give the file that the module was imported from"};
    return ArrayRef<uint8_t>(file.tensorData(*tensor), tensor->bytes);
  }

  tz::FuncOp trunk, head;
  Interpreter interpreter;
  llvm::SmallVector<reference::Value> caches;
  int64_t position = 0;
};

/// -log of the probability that `row` gives to `id`.
double surprise(ArrayRef<double> row, int32_t id) {
  double largest = *std::max_element(row.begin(), row.end()), sum = 0;
  for (double logit : row)
    sum += std::exp(logit - largest);
  return largest + std::log(sum) - row[id];
}

Error notADecoder(StringRef path) {
  return {ExitCode::ModelNotSupported,   "TZ0323",
          "the module is not a decoder", path.str(),
          "it needs @trunk and @head",   ""};
}

Error beyondNumbers(StringRef path, std::string why) {
  return {ExitCode::NumericsFailed,
          "TZ0807",
          "a result is too large for its number format",
          path.str(),
          std::move(why),
          "is this the model that the text was meant for?"};
}

} // namespace

Expected<ReferenceResult>
runReference(ModuleOp module, StringRef modelPath, ArrayRef<int32_t> ids,
             int64_t chunk,
             llvm::function_ref<void(int64_t, ArrayRef<float>)> row) {
  auto start = std::chrono::steady_clock::now();
  // A file that is cut short is an error of the file, no crash.
  formats::installFaultGuard(formats::FaultPolicy::Substitute);
  auto file = formats::ModelFile::open(modelPath.str());
  if (!file)
    return file.takeError();
  Decoder decoder(module, **file, modelPath);
  if (!decoder.complete())
    return notADecoder(modelPath);

  int64_t total = ids.size(), done = 0;
  double nll = 0;
  std::vector<float> rounded;
  while (done < total) {
    int64_t size = std::min(std::max<int64_t>(chunk, 1), total - done);
    Expected<reference::Value> hidden = decoder.next(ids.slice(done, size));
    // What was read of a file that is cut short is no weight.
    if (Status status = (*file)->intact(); !status)
      return status.takeError();
    if (!hidden)
      return hidden.takeError();
    for (int64_t slice = 0; slice < size; slice += kHeadRows) {
      int64_t rows = std::min(kHeadRows, size - slice);
      auto logits = decoder.logits(asTensor(*hidden), slice, rows);
      if (Status status = (*file)->intact(); !status)
        return status.takeError();
      if (!logits)
        return logits.takeError();
      int64_t vocabulary = asTensor(*logits).shape[1];
      for (int64_t r = 0; r < rows; ++r, ++done) {
        ArrayRef<double> values(
            asTensor(*logits).values.data() + r * vocabulary, vocabulary);
        // An id that does not exist is refused when the trunk meets it.
        if (done + 1 < total && ids[done + 1] >= 0 &&
            ids[done + 1] < vocabulary)
          nll += surprise(values, ids[done + 1]);
        rounded.assign(values.begin(), values.end());
        if (!formats::allFinite(rounded.data(), rounded.size()))
          return beyondNumbers(modelPath, "a logit is beyond float32");
        row(done, rounded);
      }
    }
  }
  ReferenceResult result;
  result.tokens = total;
  result.nll = total > 1 ? nll / (total - 1) : 0;
  result.perplexity = std::exp(result.nll);
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (!std::isfinite(result.perplexity))
    return beyondNumbers(modelPath, "the perplexity, exp(" +
                                        std::to_string(result.nll) +
                                        "), is beyond float64");
  return result;
}

} // namespace terrazzo
