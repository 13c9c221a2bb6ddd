// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo compile: a package from a model, by the compiler's own process.
#include "Interrupt.h"
#include "Output.h"
#include "open/OpenDevice.h"
#include "open/OpenModel.h"
#include "options/Flags.h"
#include "verbs/Verbs.h"

#include "compile/CacheFolder.h"
#include "compile/CompilerProcess.h"
#include "package/Package.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <unistd.h>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

struct CompileOptions {
  std::string target;
  std::string output;
  std::string dumpTo;
};

/// The compiler's words for the result, in the order of the contract.
ordered_json resultOf(const std::string &done) {
  ordered_json from = ordered_json::parse(done, nullptr, false), result;
  for (const char *key :
       {"output", "bytes", "kernels", "targets", "seconds", "peak_rss_mb"})
    result[key] = from.is_object() ? from.value(key, ordered_json()) : nullptr;
  return result;
}

/// Makes the folder of --dump-to: the compiler itself goes on without it.
Status makeFolder(const std::string &path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && ::access(path.c_str(), W_OK | X_OK) != 0)
    error.assign(errno, std::generic_category());
  if (!error)
    return {};
  return Error{ExitCode::Failure,
               "TZ0530",
               "intermediate results cannot be written",
               path,
               error.message(),
               "give another folder to --dump-to"};
}

int runCompile(const CompileOptions &options, const CommonOptions &common) {
  if (Status status = checkCommon(common); !status)
    return report(status);
  Notes notes(common.quiet, common.why);
  std::string target = options.target;
  if (target.empty()) {
    auto best = cpuTargetFor("cpu");
    if (!best)
      return report(best.error());
    target = *best;
  }
  auto compiler = exec::findCompiler();
  if (!compiler)
    return report(compiler.error());
  std::vector<std::string> arguments = {
      "--model",  common.model,   "--target", target,
      "--output", options.output, "--format", "json"};
  if (!options.dumpTo.empty()) {
    if (Status status = makeFolder(options.dumpTo); !status)
      return report(status);
    arguments.push_back("--dump-to");
    arguments.push_back(options.dumpTo);
  }
  if (common.fallback == "error")
    arguments.push_back("--fallback=error");
  if (std::string cache = cacheFolderFor(common); !cache.empty())
    arguments.insert(arguments.end(),
                     {"--object-cache", cache + "/" + exec::objectFolder});
  auto done =
      exec::runCompiler(*compiler, arguments, notes.listener(), &interrupted());
  notes.endProgress();
  if (!done)
    return report(done.error());
  auto package = exec::PackageFile::open(options.output);
  if (!package)
    return report(package.error());
  describePackage(package->root(), notes);
  ordered_json result = resultOf(*done);
  if (common.json)
    return report(writeJson(result));
  return report(writeResult(
      options.output + ": " + result["bytes"].dump() + " bytes, " +
      result["kernels"].dump() + " kernels for " + target + " in " +
      decimals(result["seconds"].is_number() ? result["seconds"].get<double>()
                                             : 0,
               2) +
      " s\n"));
}

} // namespace

void addCompileVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand("compile", "a package from a model");
  auto options = std::make_shared<CompileOptions>();
  addModelOption(*verb, common);
  addOutputOptions(*verb, common);
  addName(*verb, "--target", options->target,
          "targets, a variant each (default: this machine's)", "T,T...")
      ->check([](const std::string &list) {
        bool gap = list.starts_with(',') || list.ends_with(',') ||
                   list.find(",,") != list.npos;
        return gap ? std::string("a target of the list is empty") : "";
      });
  addName(*verb, "-o,--output", options->output, "the package", "OUT.tzp")
      ->required();
  addName(*verb, "--dump-to", options->dumpTo,
          "write IR per stage and the kernels' assembly there", "DIR");
  verb->add_option("--fallback", common.fallback,
                   "where operations go that the target cannot run")
      ->check(CLI::IsMember({"cpu", "error"}))
      ->type_name("cpu|error");
  addWhyOption(*verb, common);
  verb->add_flag("--no-cache", common.noCache,
                 "read and write nothing in the cache");
  verb->callback(
      [=, &common, &exitCode] { exitCode = runCompile(*options, common); });
}
