// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo doctor: one screen about this machine, each problem with its remedy.
#include "Output.h"
#include "ReadInput.h"
#include "open/OpenDevice.h"
#include "open/OpenModel.h"
#include "verbs/Verbs.h"

#include "compile/BuildId.h"
#include "compile/CacheFolder.h"
#include "compile/CompilerProcess.h"
#include "machine/ControlGroup.h"
#include "machine/CpuTarget.h"
#include "machine/Limits.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

struct Finding {
  std::string subject;
  std::string state;
  std::string remedy;  ///< empty when all is well, or nothing is to be done
  bool present = true; ///< false: it cannot be used here, which is no problem
};

Finding processor() {
  auto targets = machine::cpuTargets(machine::hostFeatures());
  if (targets.empty())
    return {"processor", "below x86-64-v3",
            "a processor with AVX2 and FMA is needed"};
  unsigned cores = machine::usableCores();
  std::string state = targets.front() + ", " + std::to_string(cores) +
                      (cores == 1 ? " core usable" : " cores usable");
  size_t processors = machine::usableProcessors().size();
  if (double quota = machine::processorQuota(); quota < double(processors))
    state += " (its control group has a quota of " + decimals(quota, 2) +
             " of " + std::to_string(processors) + ")";
  return {"processor", state, ""};
}

Finding hugePages() {
  auto text = readInput("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string state = text ? *text : "unknown";
  while (!state.empty() && state.back() == '\n')
    state.pop_back();
  bool off = state.find("[never]") != state.npos;
  return {"huge pages", state,
          off ? "as root: echo madvise > "
                "/sys/kernel/mm/transparent_hugepage/enabled (faster weights)"
              : ""};
}

Finding memory() {
  machine::MemoryBound bound = machine::memoryBound();
  constexpr uint64_t little = uint64_t(512) << 20;
  bool scarce = bound.available < little;
  bool ours = bound.reason != "the machine";
  return {"memory",
          std::to_string(bound.available >> 20) + " MiB available" +
              (ours ? " (" + bound.reason + ")" : ""),
          !scarce ? ""
          : ours  ? "raise that limit, or use a small model"
                  : "close other programs, or use a small model"};
}

Finding cache() {
  std::string folder = exec::cacheFolder();
  if (folder.empty())
    return {"cache", "none", "set TERRAZZO_CACHE_DIR"};
  uint64_t bytes = 0;
  for (const exec::CacheEntry &entry : exec::listCache(folder))
    bytes += entry.bytes;
  std::string state = folder + ", " + std::to_string(bytes) + " bytes";
  if (!machine::isWritable(folder))
    return {"cache", state, "it cannot be written: set TERRAZZO_CACHE_DIR"};
  if (machine::isNoexec(folder))
    return {"cache", state + ", on a file system mounted noexec",
            "code is copied into memory at each start; set TERRAZZO_CACHE_DIR "
            "to a folder where programs may run"};
  return {"cache", state, ""};
}

/// Where the compiler writes files of its own.
Finding temporary() {
  auto folder = machine::temporaryFolder();
  if (!folder)
    return {"temporary", folder.error().where + ": " + folder.error().why,
            folder.error().help};
  uint64_t free = machine::freeBytes(*folder);
  constexpr uint64_t little = uint64_t(16) << 20;
  return {"temporary",
          *folder + ", " + std::to_string(free >> 20) + " MiB free",
          free < little ? "free some space there, or set TMPDIR" : ""};
}

/// ulimit: what it bounds besides memory.
Finding limits() {
  uint64_t file = machine::largestFile();
  if (file == UINT64_MAX)
    return {"limits", "files of any size", ""};
  return {"limits",
          "files up to " + std::to_string(file >> 20) + " MiB (ulimit -f)",
          "packed weights beyond that are not kept; raise it with ulimit -f"};
}

Finding compiler() {
  auto path = exec::findCompiler();
  if (!path)
    return {"compiler", path.error().why, path.error().help};
  return {"compiler", *path + ", build " + exec::buildIdOf(*path).substr(0, 12),
          ""};
}

Finding plugins() {
  std::vector<std::string> names;
  auto path = exec::findCompiler();
  if (!path)
    return {"backends", "unknown without a compiler", ""};
  exec::CompilerListener listener;
  size_t usable = 0;
  std::string state;
  listener.line = [&](const std::string &line) {
    ordered_json object = ordered_json::parse(line, nullptr, false);
    if (!object.is_object() || !object.contains("name"))
      return;
    bool good = object.value("usable", false);
    usable += good;
    state += (state.empty() ? "" : "; ") + object.value("name", "") +
             (good ? "" : " (not usable: " + object.value("reason", "") + ")");
  };
  auto done = exec::runCompiler(*path, {"--list-targets"}, listener);
  if (!done)
    return {"backends", done.error().what, "reinstall terrazzo-compile"};
  return {"backends", state.empty() ? "none" : state,
          usable ? "" : "install a backend, or set TERRAZZO_PLUGIN_PATH"};
}

/// A finding for each, opened to see. One that is not in this machine is no
/// problem of it; one whose plugin is missing or broken is.
std::vector<Finding> devices() {
  auto catalogue = exec::DeviceCatalogue::read();
  std::vector<Finding> findings;
  for (const auto &description : catalogue.devices)
    for (const std::string &name : description.probes()) {
      auto opened = exec::openDevice(description, name);
      if (opened)
        findings.push_back({"device", nameOf(**opened), ""});
      else if (opened.error().code == "TZ0443")
        findings.push_back(
            {"device", name + ": " + opened.error().why, "", false});
      else
        findings.push_back(
            {"device", name + ": " + opened.error().why, opened.error().help});
    }
  for (const std::string &warning : catalogue.warnings)
    findings.push_back({"device", warning, "mend or remove that descriptor"});
  if (findings.empty())
    findings.push_back({"device", "none besides the processor", "", false});
  return findings;
}

/// "ok", "!" with what to do, or "-": not here, and nothing is to be done.
Status show(const Finding &finding, const CommonOptions &common) {
  bool problem = !finding.remedy.empty();
  if (common.json)
    return writeJson({{"subject", finding.subject},
                      {"state", finding.state},
                      {"ok", finding.present && !problem},
                      {"remedy", finding.remedy}});
  std::string name = finding.subject;
  name.resize(12, ' ');
  return writeResult(
      (problem           ? "!    "
       : finding.present ? "ok   "
                         : "-    ") +
      name + finding.state + "\n" +
      (problem ? "     " + std::string(12, ' ') + "-> " + finding.remedy + "\n"
               : ""));
}

int runDoctor(const CommonOptions &common) {
  for (Finding (*look)() : {processor, memory, hugePages, limits, cache,
                            temporary, compiler, plugins}) {
    if (Status written = show(look(), common); !written)
      return report(written);
  }
  for (const Finding &finding : devices())
    if (Status written = show(finding, common); !written)
      return report(written);
  if (common.json)
    return 0;
  return report(writeResult("ok   version     " TERRAZZO_VERSION "\n"));
}

} // namespace

void addDoctorVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand("doctor", "is this machine fit?");
  addOutputOptions(*verb, common);
  verb->callback([&common, &exitCode] { exitCode = runDoctor(common); });
}
