// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program with every binding resolved to an address: what the team walks.
// Made once; running it allocates, hashes and looks up nothing. Bindings of
// arguments and results are patched before a run, where their places differ
// from those of the last one.
#pragma once

#include "exec/CallerSlots.h"
#include "exec/CodeImage.h"
#include "exec/Command.h"
#include "machine/Team.h"

#include <cstdint>
#include <vector>

namespace terrazzo::exec {

/// Base addresses that a program's bindings are resolved against.
struct Buffers {
  std::vector<const uint8_t *> weights;
  uint8_t *packed = nullptr;
  uint8_t *arena = nullptr;
  std::vector<uint8_t *> states;
  uint8_t *scratch = nullptr;
  uint64_t scratchStride = 0; ///< from one worker's scratch to the next's
};

class BoundProgram {
public:
  BoundProgram(const package::Package &package, const package::Variant &variant,
               const package::Program &program, const CodeImage &image,
               const Buffers &buffers);
  /// Of its commands [first, last) only.
  BoundProgram(const package::Package &package, const package::Variant &variant,
               const package::Program &program, const CodeImage &image,
               const Buffers &buffers, uint32_t first, uint32_t last);

  const package::Program &program() const { return *source; }

  /// Where the caller's values lie, by their numbers.
  void bindArgument(uint32_t number, uint8_t *at) {
    argumentSlots.bind(number, at, bindings);
  }
  void bindResult(uint32_t number, uint8_t *at) {
    resultSlots.bind(number, at, bindings);
  }

  /// Commands without a barrier between them are one phase of a team's run.
  uint32_t phases() const { return uint32_t(phaseBegins.size()); }
  /// Does a part of one of them; its `phase` counts from this program's first.
  void runPart(const machine::Part &part, const int64_t *extents) const;

  /// Runs the whole program. With `times`, commands run one after the other,
  /// and each one's time is added to its own (from the first command on).
  void run(machine::Team &team, const int64_t *extents,
           CommandTime *times = nullptr) const;

private:
  struct Step {
    package::CommandKind kind;
    uint32_t rotation = 0; ///< which share the first of few groups falls to
    KernelFunction function = nullptr;
    uint32_t firstBinding = 0;
    CommandSizes sizes;
  };
  void addStep(const package::Command &command, const package::Package &package,
               const package::Variant &variant, const CodeImage &image,
               const Buffers &buffers);
  void *resolve(const package::Binding &binding,
                const package::Package &package,
                const package::Variant &variant, const Buffers &buffers);
  void runStep(const Step &step, const machine::Part &part,
               const int64_t *extents) const;
  void runTimed(machine::Team &team, const int64_t *extents,
                CommandTime *times) const;

  const package::Program *source;
  std::vector<Step> steps;
  std::vector<uint32_t> phaseBegins; ///< each one's first step
  std::vector<void *> bindings;
  CallerSlots<void *> argumentSlots, resultSlots;
  uint8_t *scratch;
  uint64_t scratchStride;
};

} // namespace terrazzo::exec
