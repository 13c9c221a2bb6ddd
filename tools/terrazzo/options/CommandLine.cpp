// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See CommandLine.h.
#include "options/CommandLine.h"

#include "Interrupt.h"
#include "Output.h"

#include "formats/FaultGuard.h"

#include <csignal>
#include <sstream>

using namespace terrazzo;

/// A switch takes no value: CLI11 would read one as true or false.
static void refuseValuesOfSwitches(CLI::App &app) {
  for (CLI::Option *option : app.get_options())
    if (option->get_items_expected_max() == 0 && !option->check_name("--why"))
      option->disable_flag_override();
  for (CLI::App *verb : app.get_subcommands({}))
    refuseValuesOfSwitches(*verb);
}

static Error misunderstood(std::string why, const std::string &path) {
  return {ExitCode::Usage,
          "TZ0001",
          "the command line is not understood",
          "",
          std::move(why),
          "see: " + path + " --help"};
}

/// Whether a verb stands where it belongs. CLI11 would only say that one is
/// missing, or name a flag of it.
static Status checkVerb(const CLI::App &app, std::string path, int argc,
                        const char *const *argv) {
  if (argc < 2 || app.get_require_subcommand_min() == 0)
    return {};
  std::string word = argv[1], names;
  if (word == "-h" || word == "--help" || word == "--version")
    return {};
  for (const CLI::App *verb :
       app.get_subcommands([](const CLI::App *) { return true; })) {
    if (verb->check_name(word))
      return checkVerb(*verb, path + " " + word, argc - 1, argv + 1);
    names += (names.empty() ? "" : ", ") + verb->get_name();
  }
  return misunderstood((word.starts_with('-')
                            ? "'" + word + "' stands where the verb belongs"
                            : "there is no verb '" + word + "'") +
                           "; the verbs are " + names,
                       path);
}

static int usageError(const CLI::App &app, const CLI::ParseError &error) {
  const CLI::App *verb = &app;
  for (const CLI::App *chosen : app.get_subcommands())
    verb = chosen;
  std::string name = verb == &app ? "" : " " + verb->get_name();
  return report(misunderstood(error.what(), app.get_name() + name));
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
  if (Status status = checkVerb(app, app.get_name(), argc, argv); !status)
    return report(status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &success) {
    std::ostringstream text;
    int code = app.exit(success, text, text);
    Status status = writeResult(text.str());
    return status ? code : report(status);
  } catch (const CLI::ParseError &error) {
    return usageError(app, error);
  } catch (const std::bad_alloc &) {
    return report(Error{ExitCode::OutOfMemory, "TZ0003", "out of memory", "",
                        "",
                        "give the process more memory, or a smaller input or "
                        "--ctx-size"});
  }
  return exitCode;
}
