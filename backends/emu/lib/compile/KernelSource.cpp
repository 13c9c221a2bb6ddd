// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/Compiler.h"

#include <algorithm>
#include <set>

namespace terrazzo::emu {

namespace {
/// Local memory of a lane when the depth of calls cannot be known.
constexpr uint64_t unboundedLocalBytes = 64 << 10;

using DecodedMap = std::map<const Function *, DecodedFunction>;

uint64_t frameBytes(const Function &function, uint64_t alignment) {
  std::map<const Variable *, uint64_t> ignored;
  return Emitter::frameOf(function, alignment, ignored);
}

/// Deepest sum of frames; `open` finds recursion.
uint64_t deepest(const DecodedMap &functions, const Function *function,
                 std::set<const Function *> &open,
                 std::map<const Function *, uint64_t> &known, bool &recursive,
                 uint64_t alignment) {
  if (auto found = known.find(function); found != known.end())
    return found->second;
  // A chain of calls that is this long counts as endless.
  if (open.size() > 1000 || !open.insert(function).second) {
    recursive = true;
    return 0;
  }
  uint64_t below = 0;
  for (const Function *callee : functions.at(function).callees)
    below = std::max(
        below, deepest(functions, callee, open, known, recursive, alignment));
  open.erase(function);
  return known[function] = frameBytes(*function, alignment) + below;
}

void collectSymbols(const Operand &operand, std::set<std::string_view> &names) {
  if (operand.kind == Operand::Kind::Symbol)
    names.insert(operand.name);
  for (const Operand &element : operand.elements)
    collectSymbols(element, names);
}
} // namespace

KernelSource collectKernel(const PtxModule &module, const DecodedMap &functions,
                           const Function &kernel) {
  KernelSource source;
  source.module = &module;
  source.kernel = &functions.at(&kernel);
  std::vector<const Function *> pending{&kernel};
  std::set<const Function *> seen{&kernel};
  bool indirect = false;
  while (!pending.empty()) {
    const Function *function = pending.back();
    pending.pop_back();
    const DecodedFunction &decoded = functions.at(function);
    source.functions.push_back(&decoded);
    std::vector<const Function *> next = decoded.callees;
    if (decoded.indirectCalls && !indirect) {
      // Any function may be meant.
      indirect = true;
      for (const auto &[other, unused] : functions)
        if (!other->kernel)
          next.push_back(other);
    }
    for (const Function *callee : next)
      if (seen.insert(callee).second)
        pending.push_back(callee);
  }
  // The order of pointers must not show.
  std::sort(source.functions.begin() + 1, source.functions.end(),
            [](const DecodedFunction *a, const DecodedFunction *b) {
              return a->function->name < b->function->name;
            });

  std::set<std::string_view> names;
  uint64_t bytes = 0;
  SharedLayout &layout = source.shared;
  auto place = [&](const Variable &variable) {
    if (variable.unsized)
      return;
    uint64_t align = variable.alignment;
    bytes = (bytes + align - 1) / align * align;
    layout.places[&variable] = bytes;
    layout.alignment = std::max(layout.alignment, align);
    bytes += variable.bytes;
  };
  for (const DecodedFunction *decoded : source.functions) {
    for (const Instruction &instruction : decoded->function->instructions)
      for (const Operand &operand : instruction.operands)
        collectSymbols(operand, names);
    for (const Variable &variable : decoded->function->variables)
      if (variable.space == Space::Shared)
        place(variable);
      else
        source.localAlignment =
            std::max(source.localAlignment, variable.alignment);
  }
  for (const Variable &variable : module.variables)
    if (variable.space == Space::Shared && names.count(variable.name))
      place(variable);
  layout.staticBytes = bytes;
  for (const Variable &variable : module.variables)
    if (variable.space == Space::Shared && variable.unsized &&
        names.count(variable.name))
      layout.dynamicAlignment =
          std::max(layout.dynamicAlignment, variable.alignment);
  layout.alignment = std::max(layout.alignment, layout.dynamicAlignment);
  uint64_t dynamic = (bytes + layout.dynamicAlignment - 1) /
                     layout.dynamicAlignment * layout.dynamicAlignment;
  for (const Variable &variable : module.variables)
    if (variable.space == Space::Shared && variable.unsized)
      layout.places[&variable] = dynamic;

  std::set<const Function *> open;
  std::map<const Function *, uint64_t> known;
  bool recursive = indirect;
  uint64_t align = source.localAlignment;
  source.localBytes =
      deepest(functions, &kernel, open, known, recursive, align);
  if (recursive)
    source.localBytes = std::max(source.localBytes, unboundedLocalBytes);
  source.localBytes = (source.localBytes + align - 1) / align * align;
  return source;
}

} // namespace terrazzo::emu
