// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/BoundProgram.h"

#include <algorithm>

namespace terrazzo::exec {

using namespace package;

namespace {

struct Range {
  int64_t begin;
  int64_t end;
};

/// The contiguous share of `total` that falls to `index` of `parts`; depends on
/// nothing else, so a worker meets the same weights in every call.
Range shareOf(int64_t total, int64_t index, int64_t parts) {
  int64_t each = total / parts, rest = total % parts;
  int64_t begin = index * each + std::min(index, rest);
  return {begin, begin + each + (index < rest ? 1 : 0)};
}

} // namespace

BoundProgram::BoundProgram(const Package &package, const Variant &variant,
                           const Program &program, const CodeImage &image,
                           const Buffers &buffers)
    : BoundProgram(package, variant, program, image, buffers, 0,
                   program.commands() ? program.commands()->size() : 0) {}

BoundProgram::BoundProgram(const Package &package, const Variant &variant,
                           const Program &program, const CodeImage &image,
                           const Buffers &buffers, uint32_t first,
                           uint32_t last)
    : source(&program), scratch(buffers.scratch),
      scratchStride(buffers.scratchStride) {
  for (uint32_t i = first; i < last; ++i)
    addStep(*program.commands()->Get(i), package, variant, image, buffers);
}

void BoundProgram::addStep(const Command &command, const Package &package,
                           const Variant &variant, const CodeImage &image,
                           const Buffers &buffers) {
  Step step;
  step.kind = command.kind();
  step.firstBinding = uint32_t(bindings.size());
  step.sizes = CommandSizes(command);
  if (!steps.empty() && step.kind != CommandKind::Barrier &&
      steps.back().kind != CommandKind::Barrier)
    step.rotation = steps.back().rotation + 1;
  if (step.kind != CommandKind::Barrier &&
      (steps.empty() || steps.back().kind == CommandKind::Barrier))
    phaseBegins.push_back(uint32_t(steps.size()));
  if (step.kind == CommandKind::Launch)
    step.function = image.kernel(*variant.entries()->Get(command.kernel()));
  if (step.kind != CommandKind::Barrier && command.bindings())
    for (const Binding *binding : *command.bindings())
      bindings.push_back(resolve(*binding, package, variant, buffers));
  steps.push_back(step);
}

void *BoundProgram::resolve(const Binding &binding, const Package &package,
                            const Variant &variant, const Buffers &buffers) {
  uint64_t offset = binding.offset();
  switch (binding.space()) {
  case Space::Weight:
    return const_cast<uint8_t *>(buffers.weights[binding.index()]) + offset;
  case Space::Packed:
    return buffers.packed + variant.packed()->Get(binding.index())->offset() +
           offset;
  case Space::Arena:
    return buffers.arena + offset;
  case Space::State:
    return buffers.states[binding.index()] + offset;
  case Space::Argument:
    argumentSlots.add(binding.index(), uint32_t(bindings.size()), offset);
    return nullptr;
  case Space::Result:
    resultSlots.add(binding.index(), uint32_t(bindings.size()), offset);
    return nullptr;
  }
  return nullptr;
}

void BoundProgram::runStep(const Step &step, const machine::Part &part,
                           const int64_t *extents) const {
  void *const *operands = bindings.data() + step.firstBinding;
  int64_t sizes[mostKernelSizes];
  step.sizes.gather(extents, sizes);
  int64_t groups = step.sizes.workgroups(sizes);
  // Rotation spreads launches of few groups; large ones keep their share,
  // whose worker's caches know the weights.
  int64_t index = groups < part.shares
                      ? (part.share + step.rotation) % part.shares
                      : part.share;
  Range range = shareOf(groups, index, part.shares);
  if (range.begin < range.end)
    step.function(operands, sizes, range.begin, range.end,
                  scratch + part.worker * scratchStride);
}

void BoundProgram::runPart(const machine::Part &part,
                           const int64_t *extents) const {
  for (uint32_t i = phaseBegins[part.phase];
       i < steps.size() && steps[i].kind != CommandKind::Barrier; ++i)
    runStep(steps[i], part, extents);
}

void BoundProgram::run(machine::Team &team, const int64_t *extents,
                       CommandTime *times) const {
  if (times)
    return runTimed(team, extents, times);
  struct Context {
    const BoundProgram *program;
    const int64_t *extents;
  } context{this, extents};
  team.run(
      phases(),
      [](void *argument, const machine::Part &part) {
        auto &self = *static_cast<Context *>(argument);
        self.program->runPart(part, self.extents);
      },
      &context);
}

void BoundProgram::runTimed(machine::Team &team, const int64_t *extents,
                            CommandTime *times) const {
  struct Context {
    const BoundProgram *program;
    const Step *step;
    const int64_t *extents;
  } context{this, nullptr, extents};
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].kind == CommandKind::Barrier)
      continue;
    context.step = &steps[i];
    uint64_t begin = nanosecondsNow();
    team.run(
        1,
        [](void *argument, const machine::Part &part) {
          auto &self = *static_cast<Context *>(argument);
          self.program->runStep(*self.step, part, self.extents);
        },
        &context);
    times[i].nanoseconds += nanosecondsNow() - begin;
    ++times[i].runs;
  }
}

} // namespace terrazzo::exec
