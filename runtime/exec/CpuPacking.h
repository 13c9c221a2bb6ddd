// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packed weights of code that the processor runs: from the side cache, or from
// the program `prepare`, run by the team.
#pragma once

#include "exec/BoundProgram.h"
#include "exec/Executor.h"
#include "exec/Memory.h"

namespace terrazzo::exec {

/// What a variant's packed weights are made with, all of it opened.
struct CpuPacking {
  const LoadedModel &model;
  const ExecutionOptions &options;
  const package::Variant &variant;
  const package::Program *prepare; ///< null: nothing is packed
  const CodeImage &image;
  machine::Team &team;
  PrivateFile &weights;
};

/// Opens the weights' file for reading in place, where the model has one.
Status openWeights(const LoadedModel &model, PrivateFile &weights);

/// Allocates `packed`, fills it, and enters it into `buffers`; nothing when the
/// variant packs nothing.
Status fetchPacked(const CpuPacking &packing, Block &packed, Buffers &buffers);

} // namespace terrazzo::exec
