// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/CpuPacking.h"
#include "exec/PackedWeights.h"
#include "package/Extents.h"

namespace terrazzo::exec {

namespace {

void pack(const CpuPacking &packing, const Buffers &buffers) {
  BoundProgram program(packing.model.root(), packing.variant, *packing.prepare,
                       packing.image, buffers);
  package::Extents extents;
  extents.compute(packing.model.context);
  program.run(packing.team, extents.data());
  // What was packed need not stay resident twice.
  packing.weights.releasePages();
}

} // namespace

Status openWeights(const LoadedModel &model, PrivateFile &weights) {
  if (!model.weights)
    return {};
  auto bytes = PrivateFile::open(*model.weights);
  if (!bytes)
    return bytes.takeError();
  weights = std::move(*bytes);
  return model.checkWeightsPath();
}

Status fetchPacked(const CpuPacking &packing, Block &packed, Buffers &buffers) {
  uint64_t bytes = packing.variant.packed_bytes();
  if (bytes == 0)
    return {};
  auto memory = Block::allocate(bytes, "packed weights");
  if (!memory)
    return memory.takeError();
  packed = std::move(*memory);
  buffers.packed = packed.data();
  const ExecutionOptions &options = packing.options;
  if (options.cacheFolder.empty() || !packing.model.weights) {
    pack(packing, buffers);
    return {};
  }
  const LoadedModel &model = packing.model;
  std::string key = packedKey(model.root(), packing.variant, model.weightsHash);
  std::string path = packedPath(options.cacheFolder, key);
  if (readPacked(path, key, packed, packing.team))
    return {};
  pack(packing, buffers);
  if (!model.weightsAreThoseOpened())
    return {};
  Status written = writePacked(path, key, packed);
  if (options.note)
    options.note(written
                     ? "packed weights: +" + megabytes(bytes) + " in " + path
                     : "packed weights are kept in memory only: " +
                           written.error().where + ": " + written.error().why);
  return {};
}

} // namespace terrazzo::exec
