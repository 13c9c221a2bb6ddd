// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "decode/Session.h"
#include "decode/NumericsDiagnosis.h"
#include "formats/NonFinite.h"

#include <algorithm>

namespace terrazzo::decode {

Expected<std::unique_ptr<Session>>
Session::open(exec::PackageFile package,
              std::shared_ptr<const formats::ModelFile> weights,
              const exec::ExecutionOptions &options) {
  std::unique_ptr<Session> session(new Session);
  auto model = exec::LoadedModel::create(std::move(package), std::move(weights),
                                         options);
  if (!model)
    return model.takeError();
  session->model = std::move(*model);
  session->place = options.device;
  auto decoder = Decoder::open(*session->model, options);
  if (!decoder)
    return decoder.takeError();
  session->decoder = std::move(*decoder);
  return session;
}

Session::~Session() = default;

const float *Session::hidden() const { return decoder->hidden(lastChunk); }

Status Session::step(std::span<const int32_t> tokens, float *logits) {
  Error error;
  error.exit = ExitCode::Usage;
  if (tokens.size() > contextSize() - next) {
    error.code = "TZ0801";
    error.what = "the context is too small";
    error.why = std::to_string(next) + " tokens are there, " +
                std::to_string(tokens.size()) + " more do not fit into " +
                std::to_string(contextSize());
    error.help = "give more room with --ctx-size";
    return error;
  }
  for (int32_t token : tokens)
    if (token < 0 || uint32_t(token) >= vocabulary()) {
      error.code = "TZ0802";
      error.what = "there is no token " + std::to_string(token);
      error.why = "the model's vocabulary has " + std::to_string(vocabulary());
      return error;
    }
  bool answers = logits && !tokens.empty();
  while (!tokens.empty()) {
    size_t count = std::min<size_t>(tokens.size(), largestChunk());
    bool last = count == tokens.size();
    Status status =
        decoder->runTrunk(tokens.first(count), next, last ? logits : nullptr);
    if (!status)
      return status;
    lastChunk = uint32_t(count);
    next += lastChunk;
    tokens = tokens.subspan(count);
  }
  return answers ? checkLogits(1, logits) : model->weightsIntact();
}

Status Session::checkLogits(uint32_t rows, const float *logits) {
  // A file that was cut short gives any numbers, and is the better reason.
  if (Status status = model->weightsIntact(); !status)
    return status;
  if (formats::allFinite(logits, uint64_t(rows) * vocabulary()))
    return {};
  return explainNonFinite(*model, *decoder, place != nullptr, lastChunk);
}

Status Session::logits(uint32_t firstRow, uint32_t rows, float *logits) {
  if (firstRow > lastChunk || rows > lastChunk - firstRow) {
    Error error;
    error.code = "TZ0803";
    error.exit = ExitCode::Usage;
    error.what = "logits of rows that were not computed";
    error.why = "rows " + std::to_string(firstRow) + " to " +
                std::to_string(uint64_t(firstRow) + rows) +
                " of a last chunk of " + std::to_string(lastChunk);
    return error;
  }
  while (rows > 0) {
    uint32_t count = std::min(rows, largestHead());
    if (Status status = decoder->runHead(firstRow, count, logits); !status)
      return status;
    if (Status status = checkLogits(count, logits); !status)
      return status;
    firstRow += count;
    rows -= count;
    logits += uint64_t(count) * vocabulary();
  }
  return model->weightsIntact();
}

std::vector<ProgramTimes> Session::times() const {
  std::vector<ProgramTimes> all;
  const auto &times = decoder->executor().times;
  for (size_t i = 0; i < times.size(); ++i)
    all.push_back({model->programs[i], times[i]});
  return all;
}

} // namespace terrazzo::decode
