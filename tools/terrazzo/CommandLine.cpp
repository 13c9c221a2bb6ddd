// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See CommandLine.h.
#include "CommandLine.h"

#include "Interrupt.h"
#include "Output.h"

#include "formats/FaultGuard.h"

#include <csignal>

using namespace terrazzo;

/// A switch takes no value: CLI11 would read one as true or false.
static void refuseValuesOfSwitches(CLI::App &app) {
  for (CLI::Option *option : app.get_options())
    if (option->get_items_expected_max() == 0 && !option->check_name("--why"))
      option->disable_flag_override();
  for (CLI::App *verb : app.get_subcommands({}))
    refuseValuesOfSwitches(*verb);
}

static int usageError(const CLI::App &app, const CLI::ParseError &error) {
  const CLI::App *verb = &app;
  for (const CLI::App *chosen : app.get_subcommands())
    verb = chosen;
  std::string name = verb == &app ? "" : " " + verb->get_name();
  return report(Error{ExitCode::Usage, "TZ0001",
                      "the command line is not understood", "", error.what(),
                      "see: " + app.get_name() + name + " --help"});
}

void prepareProcess() {
  // A closed pipe is an error of write, not a signal death.
  std::signal(SIGPIPE, SIG_IGN);
  // Neither is a file that reaches its size limit.
  std::signal(SIGXFSZ, SIG_IGN);
  installInterruptHandler();
  formats::installFaultGuard(formats::FaultPolicy::Exit);
}

int parseAndRun(CLI::App &app, int argc, const char *const *argv,
                int &exitCode) {
  refuseValuesOfSwitches(app);
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
