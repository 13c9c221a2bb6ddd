// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/LoadedModel.h"
#include "exec/ModelHash.h"
#include "package/Count.h"
#include "package/PackageFit.h"

#include <algorithm>
#include <sys/mman.h>

namespace terrazzo::exec {

using namespace package;

namespace {

constexpr uint32_t defaultContext = 4096;

uint64_t roundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
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

/// Takes the variant's programs apart into the one that packs and the others.
Status findPrograms(LoadedModel &model) {
  const Variant &variant = *model.variant;
  for (uint32_t i = 0; i < count(variant.programs()); ++i) {
    const Program *program = variant.programs()->Get(i);
    if (program->function() >= 0)
      model.programs.push_back(program);
    else
      model.prepare = program;
  }
  if (!model.programs.empty() && (model.prepare || variant.packed_bytes() == 0))
    return {};
  Error error;
  error.code = "TZ0714";
  error.exit = ExitCode::PackageIncompatible;
  error.what = "the package computes nothing";
  error.where = model.file.path();
  error.why = "it has no program for a function, or none for packed weights";
  error.help = "compile it again";
  return error;
}

} // namespace

Expected<std::unique_ptr<LoadedModel>>
LoadedModel::create(PackageFile package, WeightSource weights,
                    const ExecutionOptions &options) {
  auto model = std::make_unique<LoadedModel>();
  model->file = std::move(package);
  model->weights = std::move(weights.file);
  auto variant =
      options.device
          ? chooseDeviceVariant(model->file, options.device->targets(),
                                options.device->name(), options.target)
          : chooseVariant(model->file, options.target);
  if (!variant)
    return variant.takeError();
  model->variant = *variant;
  if (!weights.inMemory.empty()) {
    auto places = matchWeights(model->file, weights.inMemory);
    if (!places)
      return places.takeError();
    model->callerWeights = std::move(*places);
  } else if (!model->weights && count(model->root().weights()) > 0)
    return Error{ExitCode::Usage,
                 "TZ0709",
                 "the package needs the file of its weights",
                 model->file.path(),
                 "it has " + std::to_string(count(model->root().weights())) +
                     " weights",
                 "give the model that it was made from with -m"};
  if (model->weights)
    if (Status status = matchWeights(model->file, *model->weights); !status)
      return status.takeError();
  bool packs =
      model->variant->packed_bytes() > 0 ||
      (model->variant->host() && model->variant->host()->packed_bytes() > 0);
  if (packs && model->weights && !options.cacheFolder.empty())
    model->weightsHash = modelHash(*model->weights, options.cacheFolder);
  model->context = contextFor(model->root(), options.contextSize);
  if (Status status = findPrograms(*model); !status)
    return status.takeError();
  return model;
}

const Function *LoadedModel::function(std::string_view name) const {
  for (uint32_t i = 0; i < count(root().functions()); ++i)
    if (root().functions()->Get(i)->name()->string_view() == name)
      return root().functions()->Get(i);
  return nullptr;
}

std::vector<uint32_t> LoadedModel::programsOf(std::string_view name) const {
  std::vector<uint32_t> found;
  for (uint32_t i = 0; i < programs.size(); ++i)
    if (root()
            .functions()
            ->Get(uint32_t(programs[i]->function()))
            ->name()
            ->string_view() == name)
      found.push_back(i);
  auto room = [&](uint32_t program) {
    double product = 1;
    for (uint32_t i = 0; i < count(programs[program]->max_sizes()); ++i)
      product *= programs[program]->max_sizes()->Get(i);
    return product;
  };
  std::stable_sort(found.begin(), found.end(),
                   [&](uint32_t a, uint32_t b) { return room(a) < room(b); });
  return found;
}

uint32_t LoadedModel::smallest(const std::vector<uint32_t> &among,
                               std::span<const uint64_t> sizes) const {
  for (uint32_t program : among) {
    bool fits = true;
    for (uint32_t i = 0; i < sizes.size(); ++i)
      fits &= sizes[i] <= programs[program]->max_sizes()->Get(i);
    if (fits)
      return program;
  }
  return among.back();
}

std::vector<const uint8_t *>
LoadedModel::weightPlaces(const uint8_t *fileBytes) const {
  std::vector<const uint8_t *> places = callerWeights;
  for (uint32_t i = 0; weights && i < count(root().weights()); ++i)
    places.push_back(fileBytes + root().weights()->Get(i)->offset());
  return places;
}

bool LoadedModel::weightsAreThoseOpened() const {
  return !weights || weights->isUnchanged();
}

Status LoadedModel::checkWeightsPath() const {
  if (weightsAreThoseOpened())
    return {};
  return Error{ExitCode::Failure,
               "TZ0603",
               "the model's file cannot be read",
               weights->path(),
               "it has changed meanwhile",
               "wait until it is written"};
}

Status LoadedModel::weightsIntact() const {
  return weights ? weights->intact() : Status();
}

uint64_t LoadedModel::stateBytes(const State &state) const {
  uint64_t rows = state.rows() ? state.rows() : context;
  return roundUp(state.row_bytes() * rows, 64);
}

uint64_t LoadedModel::statesBytes() const {
  constexpr uint64_t bound = uint64_t(1) << 46;
  uint64_t total = 0;
  for (uint32_t i = 0; i < count(root().states()); ++i)
    total += std::min(stateBytes(*root().states()->Get(i)), bound - total);
  return total;
}

uint64_t LoadedModel::arenaBytes() const {
  uint64_t bytes = prepare ? prepare->arena_bytes() : 0;
  for (const Program *program : programs)
    bytes = std::max(bytes, program->arena_bytes());
  return bytes;
}

uint64_t LoadedModel::hostArenaBytes() const {
  uint64_t bytes = 0;
  for (const Program *program : programs)
    bytes = std::max(bytes, program->host_arena_bytes());
  return bytes;
}

uint64_t LoadedModel::scratchBytes() const {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count(variant->entries()); ++i)
    bytes = std::max(bytes, variant->entries()->Get(i)->scratch_bytes());
  return bytes;
}

void LoadedModel::releaseFilePages() const {
  file.releasePages();
  if (weights)
    ::madvise(const_cast<uint8_t *>(weights->data()), weights->fileBytes(),
              MADV_DONTNEED);
}

std::string megabytes(uint64_t bytes) {
  constexpr uint64_t mega = 1000000;
  return std::to_string((bytes + mega / 2) / mega) + " MB";
}

Error doesNotFit(const LoadedModel &model, uint64_t weightBytes,
                 const machine::MemoryBound &bound,
                 const std::string &further) {
  Error error;
  error.code = "TZ0602";
  error.exit = ExitCode::OutOfMemory;
  error.what = "the model does not fit into memory";
  error.where = model.weights ? model.weights->path() : model.file.path();
  error.why = "weights need " + megabytes(weightBytes) +
              " and the KV cache for " + std::to_string(model.context) +
              " tokens " + megabytes(model.statesBytes()) + further + ", " +
              megabytes(bound.available) + " are available" +
              (bound.reason.empty() ? "" : " (" + bound.reason + ")");
  error.help = "a smaller --ctx-size needs less";
  return error;
}

} // namespace terrazzo::exec
