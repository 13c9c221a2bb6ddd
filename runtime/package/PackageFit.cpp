// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "package/PackageFit.h"
#include "formats/GgufSettings.h"
#include "machine/CpuTarget.h"
#include "package/Count.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace terrazzo::exec {

using namespace package;

namespace {

Error nothingRuns(const PackageFile &package) {
  Error error;
  error.code = "TZ0421";
  error.exit = ExitCode::PackageIncompatible;
  error.what = "the package holds no code that runs here";
  error.where = package.path();
  return error;
}

std::string quotedList(const std::vector<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

} // namespace

Expected<const Variant *> chooseVariant(const PackageFile &package,
                                        const std::string &target) {
  const auto &variants = *package.root().variants();
  const machine::CpuFeatures &cpu = machine::hostFeatures();
  Error error = nothingRuns(package);
  for (const std::string &wanted :
       target.empty() ? machine::cpuTargets(cpu) : std::vector{target})
    for (const Variant *variant : variants)
      if (variant->target()->string_view() == wanted) {
        std::string why = machine::whyNotOnCpu(wanted, cpu);
        if (why.empty())
          return variant;
        error.why = "'" + wanted + "' " + why;
        error.exit = ExitCode::TargetUnavailable;
        return error;
      }
  for (const Variant *variant : variants) {
    std::string why =
        machine::whyNotOnCpu(variant->target()->string_view(), cpu);
    if (why.empty() && target.empty())
      return variant;
    if (!error.why.empty())
      error.why += "; ";
    error.why += "'" + variant->target()->str() + "' " +
                 (why.empty() ? "is not what was asked for" : why);
  }
  error.help = "compile it again for this machine, or add a target with "
               "`terrazzo compile --target`";
  return error;
}

Expected<const Variant *>
chooseDeviceVariant(const PackageFile &package,
                    const std::vector<std::string> &targets,
                    const std::string &device, const std::string &wanted) {
  const auto &variants = *package.root().variants();
  for (const std::string &target : targets)
    for (const Variant *variant : variants)
      if (variant->target()->string_view() == target &&
          (wanted.empty() || target == wanted)) {
        std::string why =
            variant->host()
                ? machine::whyNotOnCpu(variant->host()->target()->string_view(),
                                       machine::hostFeatures())
                : std::string();
        if (why.empty())
          return variant;
        Error error = nothingRuns(package);
        error.why = "its part beside the device, '" +
                    variant->host()->target()->str() + "', " + why;
        error.help = "compile it again on this machine";
        return error;
      }
  std::vector<std::string> held;
  for (const Variant *variant : variants)
    held.push_back(variant->target()->str());
  Error error = nothingRuns(package);
  error.why = "it holds code for " + quotedList(held) + "; " + device +
              " runs " + quotedList(targets) +
              (wanted.empty() ? "" : ", and '" + wanted + "' was asked for");
  error.help = "compile it for the device: `terrazzo compile --target " +
               (targets.empty() ? std::string("TARGET") : targets.front()) +
               "`";
  return error;
}

namespace {

std::vector<std::string> compiledSettings(const Manifest &manifest) {
  std::vector<std::string> lines;
  for (uint32_t i = 0; i < count(manifest.settings()); ++i)
    lines.push_back(manifest.settings()->Get(i)->str());
  return lines;
}

/// Why a tensor of the file is not the package's; empty when it is.
std::string whyAnother(const Weight &wanted,
                       const formats::ModelTensor *tensor) {
  std::string name = "'" + wanted.name()->str() + "'";
  if (!tensor)
    return "it has no tensor " + name;
  bool same = tensor->offset == wanted.offset() &&
              tensor->bytes == wanted.bytes() &&
              formats::blockFormatInfo(tensor->format).name ==
                  wanted.type()->string_view() &&
              wanted.dims() &&
              std::equal(tensor->dims.begin(), tensor->dims.end(),
                         wanted.dims()->begin(), wanted.dims()->end());
  return same ? std::string()
              : "tensor " + name + " has another type, shape or place";
}

bool isAs(const Weight &wanted, const CallerWeight &given) {
  bool same = given.data && given.bytes == wanted.bytes() &&
              wanted.type()->string_view() == given.type &&
              count(wanted.dims()) == given.dims.size();
  for (uint32_t i = 0; same && i < count(wanted.dims()); ++i)
    same = wanted.dims()->Get(i) == given.dims[i];
  return same;
}

/// A tensor that the package does not know; empty when there is none.
std::string unknownTensor(const Package &package,
                          const formats::ModelFile &weights) {
  std::unordered_set<std::string_view> known;
  for (uint32_t i = 0; i < count(package.weights()); ++i)
    known.insert(package.weights()->Get(i)->name()->string_view());
  for (const formats::ModelTensor &tensor : weights.tensors())
    if (!known.contains(tensor.name))
      return "tensor '" + std::string(tensor.name) + "' is not in the package";
  return {};
}

} // namespace

Status matchWeights(const PackageFile &package,
                    const formats::ModelFile &weights) {
  Error error;
  error.exit = ExitCode::PackageIncompatible;
  error.where = weights.path();
  error.help = "give the model's file that the package was made from, or "
               "compile it again";
  const Package &root = package.root();
  std::vector<std::string> settings = compiledSettings(*root.manifest());
  if (!settings.empty()) {
    error.why = formats::differenceOfSettings(
        settings, "the package", formats::settingsOf(weights), "the file");
    if (!error.why.empty()) {
      error.code = "TZ0713";
      error.what = "the package was compiled for other settings";
      return error;
    }
  }
  error.code = "TZ0707";
  error.what = "the package was made from another model";
  for (uint32_t i = 0; i < count(root.weights()); ++i) {
    const Weight &wanted = *root.weights()->Get(i);
    error.why =
        whyAnother(wanted, weights.findTensor(wanted.name()->string_view()));
    if (!error.why.empty())
      return error;
  }
  // A module by hand may leave tensors of a file alone; a file's own may not.
  if (!settings.empty())
    error.why = unknownTensor(root, weights);
  return error.why.empty() ? Status() : Status(error);
}

Expected<std::vector<const uint8_t *>>
matchWeights(const PackageFile &package,
             const std::vector<CallerWeight> &weights) {
  std::unordered_map<std::string_view, const CallerWeight *> given;
  for (const CallerWeight &weight : weights)
    given[weight.name] = &weight;
  std::vector<const uint8_t *> places;
  for (uint32_t i = 0; i < count(package.root().weights()); ++i) {
    const Weight &wanted = *package.root().weights()->Get(i);
    auto found = given.find(wanted.name()->string_view());
    std::string why = "'" + wanted.name()->str() + "' is not given";
    if (found != given.end() && isAs(wanted, *found->second)) {
      places.push_back(found->second->data);
      continue;
    }
    if (found != given.end())
      why = "'" + wanted.name()->str() + "' has another type or shape";
    return Error{ExitCode::PackageIncompatible,
                 "TZ0707",
                 "the package was made for other weights",
                 package.path(),
                 why,
                 "give the weights that it was made for, or compile it again"};
  }
  return places;
}

} // namespace terrazzo::exec
