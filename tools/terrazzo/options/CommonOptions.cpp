// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See CommonOptions.h.
#include "options/CommonOptions.h"

#include "options/Flags.h"

using namespace terrazzo;

Status checkCommon(const CommonOptions &common) {
  if (common.quiet && !common.why.empty())
    return noEffect("--why", "with --quiet",
                    "what it prints is what --quiet leaves out",
                    "leave one of them out");
  return {};
}

void addModelOption(CLI::App &verb, CommonOptions &common) {
  verb.add_option("-m,--model", common.model,
                  "model: a GGUF or ONNX file, or a folder of safetensors")
      ->required()
      ->check(notEmpty)
      ->type_name("PATH");
}

void addCompiledModelOption(CLI::App &verb, CommonOptions &common) {
  auto *model =
      verb.add_option("-m,--model", common.model,
                      "model: a GGUF or ONNX file, a folder of safetensors, "
                      "or a module of tz (.mlir)")
          ->required()
          ->check(notEmpty)
          ->type_name("PATH");
  addName(verb, "--weights", common.weightsFile,
          "model file that a module was made from", "PATH")
      ->needs(model);
}

void addOutputOptions(CLI::App &verb, CommonOptions &common) {
  verb.add_option_function<std::string>(
          "--format",
          [&common](const std::string &name) { common.json = name == "json"; },
          "form of the results on stdout")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("text|json");
  verb.add_flag("--quiet", common.quiet, "only results and errors");
}

void addDeviceOption(CLI::App &verb, CommonOptions &common) {
  verb.add_option(
          "--device", common.device,
          "where to run: cpu, cpu:ARCH, or a device ('terrazzo targets' "
          "lists them)")
      ->check(notEmpty)
      ->type_name("NAME");
}

void addWhyOption(CLI::App &verb, CommonOptions &common) {
  verb.add_flag("--why{all}", common.why,
                "print the compiler's decisions; --why=PASS those of one pass")
      ->check(notEmpty);
}

void addComputeOptions(CLI::App &verb, CommonOptions &common) {
  CLI::Option *threads =
      addWhole<uint32_t>(verb, "-t,--threads", common.threads.count, 1, 1024,
                         "CPU threads (default, and most: the cores that this "
                         "process may use)");
  verb.add_flag("--threads-force", common.threads.force,
                "run as many as -t says, also beyond the cores")
      ->needs(threads);
  addDeviceOption(verb, common);
  addWhole<uint32_t>(verb, "-c,--ctx-size", common.contextSize, 0, 1u << 30,
                     "room in the KV cache; 0: the model's own (default: the "
                     "smaller of the model's own and 4096)");
  verb.add_option("--fallback", common.fallback,
                  "where operations go that the device cannot run")
      ->check(CLI::IsMember({"cpu", "error"}))
      ->type_name("cpu|error");
  addWhyOption(verb, common);
  verb.add_flag("--no-cache", common.noCache,
                "read and write nothing in the cache");
}
