// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo explain: for one generated token, each kernel's bytes, operations,
// the time that this machine's memory (or the device's) allows at best, the
// measured time, and what the backend says of the kernel.
#include "Interrupt.h"
#include "Logits.h"
#include "MeasureRead.h"
#include "Output.h"
#include "open/OpenModel.h"
#include "verbs/Verbs.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

struct KernelCost {
  std::string kernel;
  uint64_t count = 0; ///< launches for each token
  uint64_t bytes = 0;
  uint64_t flops = 0;
  double measured = 0;
  std::vector<std::string> facts; ///< the backend's words
};

/// Whether a launch looks rows up by token, and so reads one at a time.
bool looksUp(const package::Command &command, const package::Program &program,
             const package::Package &package) {
  if (program.function() < 0)
    return false;
  const auto &function =
      *package.functions()->Get(uint32_t(program.function()));
  for (uint32_t i = 0; command.bindings() && i < command.bindings()->size();
       ++i) {
    const package::Binding &binding = *command.bindings()->Get(i);
    if (binding.space() == package::Space::Argument &&
        function.arguments()->Get(binding.index())->name()->string_view() ==
            "tokens")
      return true;
  }
  return false;
}

/// Bytes of weights and states that a launch reads; intermediate results stay
/// in the caches.
uint64_t bytesOf(const package::Command &command,
                 const package::Program &program,
                 const package::Package &package,
                 const package::Variant &variant, uint64_t cachedRows,
                 uint64_t vocabulary) {
  uint64_t bytes = 0,
           rows = looksUp(command, program, package) ? vocabulary : 1;
  for (uint32_t i = 0; command.bindings() && i < command.bindings()->size();
       ++i) {
    const package::Binding &binding = *command.bindings()->Get(i);
    if (binding.space() == package::Space::Weight)
      bytes += binding.bytes()
                   ? binding.bytes()
                   : package.weights()->Get(binding.index())->bytes();
    else if (binding.space() == package::Space::Packed)
      bytes += binding.bytes()
                   ? binding.bytes()
                   : variant.packed()->Get(binding.index())->bytes();
    else if (binding.space() == package::Space::State)
      bytes += package.states()->Get(binding.index())->row_bytes() * cachedRows;
  }
  return bytes / rows;
}

std::vector<KernelCost> costsOf(const decode::Session &session, unsigned tokens,
                                uint64_t cachedRows) {
  std::map<std::string, KernelCost> costs;
  for (const decode::ProgramTimes &program : session.times()) {
    for (size_t i = 0; i < program.times.size(); ++i) {
      const package::Command &command =
          *program.program->commands()->Get(unsigned(i));
      if (command.kind() != package::CommandKind::Launch ||
          program.times[i].runs == 0)
        continue;
      const package::Variant &part =
          command.host() ? *session.variant().host() : session.variant();
      const auto *entry = part.entries()->Get(command.kernel());
      KernelCost &cost = costs[entry->kernel()->str()];
      cost.kernel = entry->kernel()->str();
      if (cost.count++ == 0 && entry->facts())
        for (const auto *fact : *entry->facts())
          cost.facts.push_back(fact->str());
      cost.bytes += bytesOf(command, *program.program, session.package(), part,
                            cachedRows, session.vocabulary());
      cost.flops += command.operations() + command.operations_per_size();
      cost.measured += double(program.times[i].nanoseconds) * 1e-9 / tokens;
    }
  }
  std::vector<KernelCost> sorted;
  for (auto &[name, cost] : costs)
    sorted.push_back(std::move(cost));
  std::sort(sorted.begin(), sorted.end(),
            [](const KernelCost &a, const KernelCost &b) {
              return a.measured > b.measured;
            });
  return sorted;
}

int print(const std::vector<KernelCost> &costs, double bandwidth,
          const std::string &where, bool json) {
  double all = 0;
  for (const KernelCost &cost : costs)
    all += cost.measured;
  std::string text = "memory reads at " + decimals(bandwidth / 1e9, 1) +
                     " GB/s " + where +
                     "; one token\n"
                     "count      bytes  limit us  measured us  share  kernel\n";
  for (const KernelCost &cost : costs) {
    double limit = bandwidth > 0 ? double(cost.bytes) / bandwidth : 0;
    double share = all > 0 ? cost.measured / all : 0;
    if (json) {
      Status written = writeJson({{"kernel", cost.kernel},
                                  {"count", cost.count},
                                  {"bytes", cost.bytes},
                                  {"flops", cost.flops},
                                  {"limit_s", limit},
                                  {"measured_s", cost.measured},
                                  {"share", share},
                                  {"facts", cost.facts}});
      if (!written)
        return report(written);
    }
    char line[160];
    std::snprintf(line, sizeof(line), "%5llu %10llu %9.1f %12.1f %5.1f%%  ",
                  static_cast<unsigned long long>(cost.count),
                  static_cast<unsigned long long>(cost.bytes), limit * 1e6,
                  cost.measured * 1e6, share * 100);
    text += line + cost.kernel;
    for (const std::string &fact : cost.facts)
      text += ", " + fact;
    text += "\n";
  }
  return json ? 0 : report(writeResult(text));
}

int runExplain(const CommonOptions &common) {
  Notes notes(common.quiet, common.why);
  auto opened = openModel(common, notes);
  if (!opened)
    return report(opened.error());
  decode::Session &session = *opened->session;
  auto logits = allocateLogits(session);
  if (!logits)
    return report(logits.error());
  constexpr unsigned warm = 8, measured = 32;
  unsigned tokens = std::min(measured, session.contextSize() / 2);
  auto step = [&](unsigned count) -> Status {
    session.reset();
    for (unsigned i = 0; i < count; ++i) {
      int32_t id = int32_t((i * 7919u + 11) % session.vocabulary());
      if (Status status = session.step({&id, 1}, logits->get()); !status)
        return status;
    }
    return {};
  };
  Status status = step(std::min(warm, session.contextSize()));
  session.enableTiming();
  if (status)
    status = step(std::max(tokens, 1u));
  if (!status)
    return report(status);
  double bandwidth = session.device() ? session.device()->measureCopies()
                                      : measureRead(session.threads());
  return print(costsOf(session, std::max(tokens, 1u), tokens / 2), bandwidth,
               session.device() ? "on " + nameOf(*session.device()) : "here",
               common.json);
}

} // namespace

void addExplainVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand(
      "explain", "where the time of a token goes, and what the limit is");
  addCompiledModelOption(*verb, common);
  addComputeOptions(*verb, common);
  addOutputOptions(*verb, common);
  verb->callback([&common, &exitCode] { exitCode = runExplain(common); });
}
