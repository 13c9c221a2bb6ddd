// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo-run [run|bench|eval] PACKAGE.tzp -m WEIGHTS ...: runs a package; it
// never compiles. Without a verb, `run`.
#include "options/CommandLine.h"
#include "options/Flags.h"
#include "verbs/Verbs.h"

#include <string_view>

/// The words with the verb in front, wherever among the first two it stood.
static std::vector<const char *> withVerb(int argc, char **argv) {
  std::vector<const char *> words(argv, argv + argc);
  auto isVerb = [](std::string_view word) {
    return word == "run" || word == "bench" || word == "eval" ||
           word == "--help" || word == "-h" || word == "--version";
  };
  if (words.size() > 1 && isVerb(words[1]))
    return words;
  if (words.size() > 2 && isVerb(words[2]) && words[2][0] != '-')
    std::swap(words[1], words[2]);
  else
    words.insert(words.begin() + 1, "run");
  return words;
}

int main(int argc, char **argv) {
  prepareProcess();
  CLI::App app("Runs a compiled transformer model.", "terrazzo-run");
  app.set_version_flag("--version", "terrazzo-run " TERRAZZO_VERSION);
  app.require_subcommand(1);
  CommonOptions common;
  int exitCode = 0;
  addRunVerb(app, common, exitCode);
  addBenchVerb(app, common, exitCode);
  addEvalVerb(app, common, exitCode);
  for (CLI::App *verb : app.get_subcommands({}))
    verb->add_option("package", common.package, "the package")
        ->required()
        ->check(notEmpty)
        ->type_name("PACKAGE.tzp");
  // The interpreter is part of the compiler.
  CLI::App *eval = app.get_subcommand("eval");
  eval->remove_option(eval->get_option("--reference"));
  std::vector<const char *> words = withVerb(argc, argv);
  return parseAndRun(app, int(words.size()), words.data(), exitCode);
}
