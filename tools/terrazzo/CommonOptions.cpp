// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See CommonOptions.h.
#include "CommonOptions.h"

void addModelOption(CLI::App &verb, CommonOptions &common) {
  verb.add_option("-m,--model", common.model, "model file (GGUF)")
      ->required()
      ->type_name("PATH");
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
      ->type_name("NAME");
}

void addComputeOptions(CLI::App &verb, CommonOptions &common) {
  CLI::Option *threads =
      verb.add_option("-t,--threads", common.threads.count,
                      "CPU threads (default, and most: the cores that this "
                      "process may use)")
          ->check(CLI::Range(1u, 1024u))
          ->type_name("N");
  verb.add_flag("--threads-force", common.threads.force,
                "run as many as -t says, also beyond the cores")
      ->needs(threads);
  addDeviceOption(verb, common);
  verb.add_option("-c,--ctx-size", common.contextSize,
                  "room in the KV cache (default: the smaller of the model's "
                  "own and 4096)")
      ->check(CLI::Range(1u, 1u << 30))
      ->type_name("N");
  verb.add_option("--fallback", common.fallback,
                  "where operations go that the device cannot run")
      ->check(CLI::IsMember({"cpu", "error"}))
      ->type_name("cpu|error");
  verb.add_flag("--why{all}", common.why,
                "print the compiler's decisions; --why=PASS those of one pass");
  verb.add_flag("--no-cache", common.noCache,
                "read and write nothing in the cache");
}
