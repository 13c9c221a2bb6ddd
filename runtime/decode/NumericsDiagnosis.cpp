// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "decode/NumericsDiagnosis.h"
#include "formats/NonFinite.h"
#include "package/Count.h"
#include "terrazzo-c/numbers.h"

#include <vector>

namespace terrazzo::decode {

using namespace package;

namespace {

/// "value 7 of row 2" of a tensor.
std::string placeIn(const formats::ModelTensor &tensor, uint64_t at) {
  uint64_t columns = tensor.dims[0];
  std::string text = "value " + std::to_string(at % columns);
  return tensor.dims.size() > 1
             ? text + " of row " + std::to_string(at / columns)
             : text;
}

class Diagnosis {
public:
  Diagnosis(const exec::LoadedModel &model, Decoder &decoder, uint32_t rows)
      : model(model), decoder(decoder), rows(rows) {}

  /// Why, in a sentence; each step answers nothing when it finds nothing.
  std::string why(bool onDevice) {
    std::string found = inWeights();
    if (found.empty())
      found = inCaches();
    if (onDevice && (found.empty() || !certain))
      if (std::string large = beyondHalfInWeights(); !large.empty())
        return large;
    return found.empty() ? behindTheCaches() : found;
  }
  std::string where;

private:
  const formats::ModelTensor *tensorOf(uint32_t weight) const {
    return model.weights->findTensor(
        model.root().weights()->Get(weight)->name()->string_view());
  }

  std::string inWeights() {
    for (uint32_t i = 0; i < count(model.root().weights()); ++i) {
      const auto *tensor = tensorOf(i);
      auto found = formats::findNonFinite(
          tensor->format, model.weights->tensorData(*tensor), tensor->bytes);
      if (!found)
        continue;
      where = std::string(tensor->name);
      certain = true;
      return "tensor '" + where + "' holds " + found->what + ", at " +
             placeIn(*tensor, found->at) +
             "; it began where this weight is used";
    }
    return {};
  }

  /// Devices may keep matrices in float16.
  std::string beyondHalfInWeights() {
    for (uint32_t i = 0; i < count(model.root().weights()); ++i) {
      const auto *tensor = tensorOf(i);
      if (tensor->dims.size() < 2 ||
          formats::largestMagnitude(tensor->format,
                                    model.weights->tensorData(*tensor),
                                    tensor->bytes) <= formats::largestHalf)
        continue;
      where = std::string(tensor->name);
      return "tensor '" + where +
             "' holds numbers beyond 65504, the largest "
             "of the float16 that devices compute with";
    }
    return {};
  }

  /// States are in the order of the layers.
  std::string inCaches() {
    std::vector<uint8_t> bytes;
    std::string before;
    for (uint32_t i = 0; i < count(model.root().states()); ++i) {
      const State &state = *model.root().states()->Get(i);
      const auto *format = formats::findBlockFormat(
          state.type() ? state.type()->string_view() : "");
      bytes.resize(model.stateBytes(state));
      if (!format || !decoder.executor().readState(i, bytes.data()))
        continue;
      auto found =
          formats::findNonFinite(format->format, bytes.data(), bytes.size());
      if (!found) {
        before = state.name()->str();
        continue;
      }
      where = state.name()->str();
      if (format->format == formats::BlockFormat::F16 && overflowed(bytes)) {
        certain = true;
        return "a number beyond 65504, the largest of a float16, was appended "
               "to the cache '" +
               where + "'";
      }
      return "the weights are finite, and '" + where +
             "' is the first cache that holds " + found->what +
             ": it began in the product that is appended there, or between "
             "it and " +
             (before.empty() ? "the embedding"
                             : "the attention over '" + before + "'");
    }
    return {};
  }

  static bool overflowed(const std::vector<uint8_t> &bytes) {
    for (size_t at = 0; at + 1 < bytes.size(); at += 2)
      if (formats::readLittleEndian<uint16_t>(bytes.data() + at) ==
          TERRAZZO_BEYOND_HALF)
        return true;
    return false;
  }

  std::string behindTheCaches() {
    std::string last = count(model.root().states())
                           ? model.root()
                                 .states()
                                 ->Get(count(model.root().states()) - 1)
                                 ->name()
                                 ->str()
                           : std::string("none");
    const float *hidden = decoder.hidden(rows);
    bool finite = hidden && formats::allFinite(
                                hidden, uint64_t(rows) * decoder.hiddenSize());
    where = finite ? "head" : "trunk";
    return finite ? "weights, caches and the rows of all layers are finite: it "
                    "began in the last norm or the product that gives logits"
                  : "weights and caches are finite: it began in the last "
                    "layer, in the attention over '" +
                        last + "' or the feed-forward behind it";
  }

  const exec::LoadedModel &model;
  Decoder &decoder;
  uint32_t rows;
  bool certain = false;
};

} // namespace

Error explainNonFinite(const exec::LoadedModel &model, Decoder &decoder,
                       bool onDevice, uint32_t rows) {
  Diagnosis diagnosis(model, decoder, rows);
  Error error;
  error.code = "TZ0805";
  error.exit = ExitCode::NumericsFailed;
  error.what = "the model gives numbers that are not finite";
  error.why = diagnosis.why(onDevice);
  error.where = model.weights->path() + ", " + diagnosis.where;
  error.help = "the file may be damaged or badly converted; "
               "`terrazzo eval --reference` computes it in float64";
  return error;
}

} // namespace terrazzo::decode
