// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo check: whether a package runs here, without opening anything heavy;
// with --device, whether it runs there, which opens that device.
#include "Output.h"
#include "open/OpenDevice.h"
#include "options/Flags.h"
#include "verbs/Verbs.h"

#include "compile/CompilerProcess.h"
#include "machine/CpuTarget.h"
#include "package/PackageFit.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

struct VariantVerdict {
  std::string target;
  bool runs;
  std::string reason; ///< why not
};

struct Verdict {
  std::string verdict; ///< "runs", "will rebuild" or "cannot"
  std::string reason;
  std::vector<VariantVerdict> variants;
};

/// The names of devices that may run code of the plugin `id`; nothing is
/// opened.
std::string devicesFor(std::string_view id,
                       const exec::DeviceCatalogue &catalogue) {
  std::string names;
  for (const auto &device : catalogue.devices)
    if (std::find(device.targets.begin(), device.targets.end(), id) !=
        device.targets.end())
      names += (names.empty() ? "--device " : ", ") + device.name;
  return names;
}

VariantVerdict judgeVariant(const std::string &target, const Place &place,
                            const exec::DeviceCatalogue &catalogue) {
  if (place.device) {
    const auto &known = place.device->targets();
    bool runs = std::find(known.begin(), known.end(), target) != known.end();
    return {target, runs,
            runs ? "" : place.device->name() + " does not run it"};
  }
  std::string id = target.substr(0, target.find(':'));
  std::string why = machine::whyNotOnCpu(target, machine::hostFeatures());
  if (id != "cpu")
    if (std::string names = devicesFor(id, catalogue); !names.empty())
      why += "; try " + names;
  return {target, why.empty(), why};
}

Verdict judge(const std::string &path, const std::string &device,
              const Place &place, const Notes &notes) {
  Verdict result;
  auto file = exec::PackageFile::open(path);
  if (!file) {
    const Error &error = file.error();
    result.verdict = "cannot";
    result.reason = error.what + (error.why.empty() ? "" : ": " + error.why);
    return result;
  }
  auto catalogue =
      place.device ? exec::DeviceCatalogue() : readCatalogue(notes);
  for (const auto *variant : *file->root().variants())
    result.variants.push_back(
        judgeVariant(variant->target()->str(), place, catalogue));
  auto variant =
      place.device
          ? exec::chooseDeviceVariant(*file, place.device->targets(),
                                      place.device->name())
          : exec::chooseVariant(*file, device == "cpu" ? "" : place.target);
  if (variant) {
    result.verdict = "runs";
    result.reason = (*variant)->target()->str();
    return result;
  }
  result.reason = variant.error().why;
  // The model is in the package; whoever has the weights' file and a compiler
  // gets a variant for this machine.
  bool graph = file->root().graph() && file->root().graph()->size() > 0;
  bool compiler = bool(exec::findCompiler());
  bool target = !place.target.empty();
  result.verdict = graph && compiler && target ? "will rebuild" : "cannot";
  if (graph && target && !compiler)
    result.reason += ", and there is no compiler to rebuild it";
  return result;
}

Status print(const Verdict &result, bool json) {
  if (json) {
    ordered_json targets = ordered_json::array(),
                 variants = ordered_json::array();
    for (const VariantVerdict &variant : result.variants) {
      targets.push_back(variant.target);
      variants.push_back({{"target", variant.target},
                          {"runs", variant.runs},
                          {"reason", variant.reason}});
    }
    return writeJson({{"verdict", result.verdict},
                      {"reason", result.reason},
                      {"targets", std::move(targets)},
                      {"variants", std::move(variants)}});
  }
  std::string text = result.verdict +
                     (result.verdict == "runs" ? ": " : " because ") +
                     result.reason + "\n";
  if (result.variants.size() > 1 || result.verdict != "runs")
    for (const VariantVerdict &variant : result.variants)
      text += "  " + variant.target + ": " +
              (variant.runs ? "runs" : "does not: " + variant.reason) + "\n";
  return writeResult(text);
}

int runCheck(const std::string &path, const CommonOptions &common) {
  Notes notes(common.quiet, "");
  Place place;
  if (common.device == "cpu") {
    // A processor that cannot be compiled for is part of the verdict.
    if (auto targets = machine::cpuTargets(machine::hostFeatures());
        !targets.empty())
      place.target = targets.front();
  } else {
    auto opened = openPlace(common.device, notes);
    if (!opened)
      return report(opened.error());
    place = std::move(*opened);
  }
  Verdict result = judge(path, common.device, place, notes);
  Status written = print(result, common.json);
  int code = int(result.verdict == "cannot" ? ExitCode::PackageIncompatible
                                            : ExitCode::Ok);
  return written ? code : report(written);
}

} // namespace

void addCheckVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand("check", "whether a package runs here");
  auto path = std::make_shared<std::string>();
  addOutputOptions(*verb, common);
  addDeviceOption(*verb, common);
  addName(*verb, "package", *path, "the package", "OUT.tzp")->required();
  verb->callback(
      [=, &common, &exitCode] { exitCode = runCheck(*path, common); });
}
