// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo: run, measure and look into transformer models.
#include "Interrupt.h"
#include "Output.h"
#include "Verbs.h"

#include "formats/FaultGuard.h"

#include <csignal>

using namespace terrazzo;

static int usageError(const CLI::App &app, const CLI::ParseError &error) {
  const CLI::App *verb = &app;
  for (const CLI::App *chosen : app.get_subcommands())
    verb = chosen;
  std::string name = verb == &app ? "" : " " + verb->get_name();
  return report(Error{ExitCode::Usage, "TZ0001",
                      "the command line is not understood", "", error.what(),
                      "see: terrazzo" + name + " --help"});
}

int main(int argc, char **argv) {
  // A closed pipe is an error of write, not a signal death.
  std::signal(SIGPIPE, SIG_IGN);
  installInterruptHandler();
  formats::installFaultGuard(formats::FaultPolicy::Exit);

  CLI::App app("Transformer models compiled to this machine's code.",
               "terrazzo");
  app.set_version_flag("--version", "terrazzo " TERRAZZO_VERSION);
  app.require_subcommand(1);
  CommonOptions common;
  int exitCode = 0;
  addRunVerb(app, common, exitCode);
  addBenchVerb(app, common, exitCode);
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &success) {
    return app.exit(success);
  } catch (const CLI::ParseError &error) {
    return usageError(app, error);
  } catch (const std::bad_alloc &) {
    return report(
        Error{ExitCode::OutOfMemory, "TZ0003", "out of memory", "", "", ""});
  }
  return exitCode;
}
