// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo: run, measure and look into transformer models.
#include "options/CommandLine.h"
#include "verbs/Verbs.h"

int main(int argc, char **argv) {
  prepareProcess();
  CLI::App app("Transformer models compiled to this machine's code.",
               "terrazzo");
  app.set_version_flag("--version", "terrazzo " TERRAZZO_VERSION);
  app.require_subcommand(1);
  CommonOptions common;
  int exitCode = 0;
  addRunVerb(app, common, exitCode);
  addBenchVerb(app, common, exitCode);
  addCallVerb(app, common, exitCode);
  addEmbedVerb(app, common, exitCode);
  addTranscribeVerb(app, common, exitCode);
  addEvalVerb(app, common, exitCode);
  addCompileVerb(app, common, exitCode);
  addCheckVerb(app, common, exitCode);
  addExplainVerb(app, common, exitCode);
  addTargetsVerb(app, common, exitCode);
  addCacheVerb(app, common, exitCode);
  addDoctorVerb(app, common, exitCode);
  addInspectVerb(app, common, exitCode);
  addTokenizeVerb(app, common, exitCode);
  addDetokenizeVerb(app, common, exitCode);
  addChatTemplateVerb(app, common, exitCode);
  return parseAndRun(app, argc, argv, exitCode);
}
