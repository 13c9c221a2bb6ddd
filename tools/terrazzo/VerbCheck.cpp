// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo check: whether a package runs here, without opening anything heavy.
#include "Output.h"
#include "Verbs.h"

#include "exec/CompilerProcess.h"
#include "exec/CpuTarget.h"
#include "exec/PackageFit.h"

#include <nlohmann/json.hpp>

#include <memory>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

struct Verdict {
  std::string verdict; ///< "runs", "will rebuild" or "cannot"
  std::string reason;
  std::vector<std::string> targets;
};

Verdict judge(const std::string &path) {
  Verdict result;
  auto file = exec::PackageFile::open(path);
  if (!file) {
    const Error &error = file.error();
    result.verdict = "cannot";
    result.reason = error.what + (error.why.empty() ? "" : ": " + error.why);
    return result;
  }
  for (const auto *variant : *file->root().variants())
    result.targets.push_back(variant->target()->str());
  auto variant = exec::chooseVariant(*file, "");
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
  bool target = !exec::cpuTargets(exec::hostFeatures()).empty();
  result.verdict = graph && compiler && target ? "will rebuild" : "cannot";
  if (graph && target && !compiler)
    result.reason += ", and there is no compiler to rebuild it";
  return result;
}

int runCheck(const std::string &path, const CommonOptions &common) {
  Verdict result = judge(path);
  int code = int(result.verdict == "cannot" ? ExitCode::PackageIncompatible
                                            : ExitCode::Ok);
  Status written =
      common.json
          ? writeJson({{"verdict", result.verdict},
                       {"reason", result.reason},
                       {"targets", result.targets}})
          : writeResult(result.verdict +
                        (result.verdict == "runs" ? ": " : " because ") +
                        result.reason + "\n");
  return written ? code : report(written);
}

} // namespace

void addCheckVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand("check", "whether a package runs here");
  auto path = std::make_shared<std::string>();
  addOutputOptions(*verb, common);
  verb->add_option("package", *path, "the package")
      ->required()
      ->type_name("OUT.tzp");
  verb->callback(
      [=, &common, &exitCode] { exitCode = runCheck(*path, common); });
}
