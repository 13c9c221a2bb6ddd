// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/PackageFit.h"
#include "exec/CpuTarget.h"

namespace terrazzo::exec {

using namespace package;

namespace {

template <typename Vector> uint32_t count(const Vector *vector) {
  return vector ? vector->size() : 0;
}

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
  const CpuFeatures &cpu = hostFeatures();
  Error error = nothingRuns(package);
  for (const std::string &wanted :
       target.empty() ? cpuTargets(cpu) : std::vector{target})
    for (const Variant *variant : variants)
      if (variant->target()->string_view() == wanted) {
        std::string why = whyNotOnCpu(wanted, cpu);
        if (why.empty())
          return variant;
        error.why = "'" + wanted + "' " + why;
        error.exit = ExitCode::TargetUnavailable;
        return error;
      }
  for (const Variant *variant : variants) {
    std::string why = whyNotOnCpu(variant->target()->string_view(), cpu);
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
                ? whyNotOnCpu(variant->host()->target()->string_view(),
                              hostFeatures())
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

Status matchWeights(const PackageFile &package,
                    const formats::GgufFile &weights) {
  Error error;
  error.code = "TZ0707";
  error.exit = ExitCode::PackageIncompatible;
  error.what = "the package was made from another model";
  error.where = weights.path();
  error.help = "give the model's file that the package was made from, or "
               "compile it again";
  for (uint32_t i = 0; i < count(package.root().weights()); ++i) {
    const Weight &wanted = *package.root().weights()->Get(i);
    const auto *tensor = weights.findTensor(wanted.name()->string_view());
    if (!tensor) {
      error.why = "it has no tensor '" + wanted.name()->str() + "'";
      return error;
    }
    bool same = tensor->offset == wanted.offset() &&
                tensor->bytes == wanted.bytes() &&
                formats::blockFormatInfo(tensor->format).name ==
                    wanted.type()->string_view();
    if (!same) {
      error.why = "tensor '" + wanted.name()->str() +
                  "' has another type, size or place";
      return error;
    }
  }
  return {};
}

} // namespace terrazzo::exec
