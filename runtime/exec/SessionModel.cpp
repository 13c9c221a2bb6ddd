// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/Executor.h"
#include "exec/ModelHash.h"
#include "exec/PackageFit.h"

#include <algorithm>
#include <sys/mman.h>

namespace terrazzo::exec {

using namespace package;

namespace {

constexpr uint32_t defaultContext = 4096;

uint64_t roundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

template <typename Vector> uint32_t count(const Vector *vector) {
  return vector ? vector->size() : 0;
}

uint32_t contextFor(const Package &package, uint32_t wanted) {
  uint32_t context = std::min(wanted, 1u << 30);
  if (wanted == 0) {
    uint32_t own = package.manifest()->context_length();
    context = own == 0 ? defaultContext : std::min(own, defaultContext);
  }
  // Kernels do not look whether a row lies beyond the last one.
  for (uint32_t i = 0; i < count(package.states()); ++i)
    if (uint64_t rows = package.states()->Get(i)->rows())
      context = static_cast<uint32_t>(std::min<uint64_t>(context, rows));
  return context;
}

/// Sorts the variant's programs by what they do and how much.
Status findPrograms(SessionModel &model) {
  const Variant &variant = *model.variant;
  for (uint32_t i = 0; i < count(variant.programs()); ++i) {
    const Program *program = variant.programs()->Get(i);
    std::string_view name = program->name()->string_view();
    if (name.starts_with("trunk_"))
      model.trunks.push_back(program);
    else if (name.starts_with("head_"))
      model.heads.push_back(program);
    else if (name == "prepare")
      model.prepare = program;
  }
  auto smaller = [](const Program *a, const Program *b) {
    return a->max_tokens() < b->max_tokens();
  };
  std::sort(model.trunks.begin(), model.trunks.end(), smaller);
  std::sort(model.heads.begin(), model.heads.end(), smaller);
  if (!model.trunks.empty() && !model.heads.empty() &&
      (model.prepare || variant.packed_bytes() == 0))
    return {};
  Error error;
  error.code = "TZ0708";
  error.exit = ExitCode::PackageIncompatible;
  error.what = "the package is not a language model";
  error.where = model.file.path();
  error.why = "it has no program to compute a trunk, a head, or packed weights";
  return error;
}

} // namespace

Expected<std::unique_ptr<SessionModel>>
SessionModel::create(PackageFile package,
                     std::shared_ptr<const formats::GgufFile> weights,
                     const SessionOptions &options) {
  auto model = std::make_unique<SessionModel>();
  model->file = std::move(package);
  model->weights = std::move(weights);
  auto variant =
      options.device
          ? chooseDeviceVariant(model->file, options.device->targets(),
                                options.device->name(), options.target)
          : chooseVariant(model->file, options.target);
  if (!variant)
    return variant.takeError();
  model->variant = *variant;
  if (Status status = matchWeights(model->file, *model->weights); !status)
    return status.takeError();
  bool packs =
      model->variant->packed_bytes() > 0 ||
      (model->variant->host() && model->variant->host()->packed_bytes() > 0);
  if (packs && !options.cacheFolder.empty())
    model->weightsHash = modelHash(*model->weights, options.cacheFolder);
  model->context = contextFor(model->root(), options.contextSize);
  if (Status status = findPrograms(*model); !status)
    return status.takeError();
  return model;
}

bool SessionModel::weightsAreThoseOpened() const {
  return formats::FileIdentity::of(weights->path()) == weights->identity();
}

Status SessionModel::checkWeightsPath() const {
  if (weightsAreThoseOpened())
    return {};
  return Error{ExitCode::Failure,
               "TZ0603",
               "the model's file cannot be read",
               weights->path(),
               "it has changed meanwhile",
               "wait until it is written"};
}

uint64_t SessionModel::stateBytes(const State &state) const {
  uint64_t rows = state.rows() ? state.rows() : context;
  return roundUp(state.row_bytes() * roundUp(rows, state.row_multiple()), 64);
}

uint64_t SessionModel::statesBytes() const {
  constexpr uint64_t bound = uint64_t(1) << 46;
  uint64_t total = 0;
  for (uint32_t i = 0; i < count(root().states()); ++i)
    total += std::min(stateBytes(*root().states()->Get(i)), bound - total);
  return total;
}

uint64_t SessionModel::arenaBytes() const {
  uint64_t bytes = prepare ? prepare->arena_bytes() : 0;
  for (const auto *programs : {&trunks, &heads})
    for (const Program *program : *programs)
      bytes = std::max(bytes, program->arena_bytes());
  return bytes;
}

uint64_t SessionModel::hostArenaBytes() const {
  uint64_t bytes = 0;
  for (const auto *programs : {&trunks, &heads})
    for (const Program *program : *programs)
      bytes = std::max(bytes, program->host_arena_bytes());
  return bytes;
}

uint64_t SessionModel::scratchBytes() const {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count(variant->entries()); ++i)
    bytes = std::max(bytes, variant->entries()->Get(i)->scratch_bytes());
  return bytes;
}

void SessionModel::releaseFilePages() const {
  file.releasePages();
  ::madvise(const_cast<uint8_t *>(weights->data()), weights->fileBytes(),
            MADV_DONTNEED);
}

std::string megabytes(uint64_t bytes) {
  constexpr uint64_t mega = 1000000;
  return std::to_string((bytes + mega / 2) / mega) + " MB";
}

Error doesNotFit(const SessionModel &model, uint64_t weightBytes,
                 const machine::MemoryBound &bound,
                 const std::string &further) {
  Error error;
  error.code = "TZ0602";
  error.exit = ExitCode::OutOfMemory;
  error.what = "the model does not fit into memory";
  error.where = model.weights->path();
  error.why = "weights need " + megabytes(weightBytes) +
              " and the KV cache for " + std::to_string(model.context) +
              " tokens " + megabytes(model.statesBytes()) + further + ", " +
              megabytes(bound.available) + " are available" +
              (bound.reason.empty() ? "" : " (" + bound.reason + ")");
  error.help = "a smaller --ctx-size needs less";
  return error;
}

void Executor::enableTiming(const SessionModel &model) {
  auto make = [](const std::vector<const Program *> &programs) {
    std::vector<std::vector<CommandTime>> times;
    for (const Program *program : programs)
      times.emplace_back(count(program->commands()));
    return times;
  };
  trunkTimes = make(model.trunks);
  headTimes = make(model.heads);
}

} // namespace terrazzo::exec
