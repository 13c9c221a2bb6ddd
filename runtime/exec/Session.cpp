// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/Session.h"
#include "exec/DeviceExecutor.h"
#include "exec/NumericsDiagnosis.h"
#include "exec/TeamExecutor.h"
#include "formats/NonFinite.h"

#include <algorithm>

namespace terrazzo::exec {

namespace {

/// Index of the smallest program for `tokens`; the largest when none is.
size_t smallest(const std::vector<const package::Program *> &programs,
                uint64_t tokens) {
  for (size_t i = 0; i < programs.size(); ++i)
    if (programs[i]->max_tokens() >= tokens)
      return i;
  return programs.size() - 1;
}

} // namespace

Expected<std::unique_ptr<Session>>
Session::open(PackageFile package,
              std::shared_ptr<const formats::GgufFile> weights,
              const SessionOptions &options) {
  std::unique_ptr<Session> session(new Session);
  auto model =
      SessionModel::create(std::move(package), std::move(weights), options);
  if (!model)
    return model.takeError();
  session->model = std::move(*model);
  session->place = options.device;
  auto executor = options.device
                      ? DeviceExecutor::open(*session->model, options)
                      : TeamExecutor::open(*session->model, options);
  if (!executor)
    return executor.takeError();
  session->executor = std::move(*executor);
  return session;
}

Session::~Session() = default;

const float *Session::hidden() const { return executor->hidden(lastChunk); }

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
        executor->runTrunk(smallest(model->trunks, count), tokens.first(count),
                           next, last ? logits : nullptr);
    if (!status)
      return status;
    lastChunk = uint32_t(count);
    next += lastChunk;
    tokens = tokens.subspan(count);
  }
  return answers ? checkLogits(1, logits) : model->weights->intact();
}

Status Session::checkLogits(uint32_t rows, const float *logits) {
  // A file that was cut short gives any numbers, and is the better reason.
  if (Status status = model->weights->intact(); !status)
    return status;
  if (formats::allFinite(logits, uint64_t(rows) * vocabulary()))
    return {};
  return explainNonFinite(*model, *executor, place != nullptr, lastChunk);
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
    if (Status status = executor->runHead(smallest(model->heads, count),
                                          firstRow, count, logits);
        !status)
      return status;
    if (Status status = checkLogits(count, logits); !status)
      return status;
    firstRow += count;
    rows -= count;
    logits += uint64_t(count) * vocabulary();
  }
  return model->weights->intact();
}

std::vector<ProgramTimes> Session::times() const {
  std::vector<ProgramTimes> all;
  for (size_t i = 0; i < executor->trunkTimes.size(); ++i)
    all.push_back({model->trunks[i], executor->trunkTimes[i]});
  for (size_t i = 0; i < executor->headTimes.size(); ++i)
    all.push_back({model->heads[i], executor->headTimes[i]});
  return all;
}

} // namespace terrazzo::exec
