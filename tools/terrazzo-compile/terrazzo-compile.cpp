// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler as a process of its own: one model in, one package out, JSON
// lines on stdout. It dies with its parent, and a fault in it is exit code 70,
// never the parent's.
#include "Actions.h"
#include "CommandLine.h"
#include "Protocol.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <new>
#include <sys/prctl.h>
#include <unistd.h>

using namespace terrazzo;

namespace {

/// Ends with the parent that asked for the package.
void dieWithParent() {
  pid_t parent = getppid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It may have ended in between.
  if (getppid() != parent)
    _exit(static_cast<int>(ExitCode::Interrupted));
}

ExitCode compile(const CommandLine &command, Protocol &protocol) {
  Expected<CompileResult> result = compileModel(command.compile, protocol);
  if (!result)
    return result.error().exit;
  llvm::outs() << result->text;
  if (command.compile.emit != CompileOptions::Emit::Package)
    return ExitCode::Ok;
  protocol.event(
      llvm::json::Object{{"event", "done"},
                         {"output", command.compile.output},
                         {"bytes", static_cast<int64_t>(result->bytes)},
                         {"kernels", static_cast<int64_t>(result->kernels)},
                         {"targets", llvm::json::Array(result->targets)},
                         {"seconds", result->seconds},
                         {"peak_rss_mb", peakResidentMegabytes()},
                         {"placement", llvm::json::Array(result->placement)}});
  if (!protocol.json)
    for (const std::string &line : result->placement)
      llvm::errs() << line << "\n";
  return ExitCode::Ok;
}

ExitCode run(const CommandLine &command, Protocol &protocol) {
  switch (command.action) {
  case CommandLine::Action::Help:
    llvm::outs() << kUsage;
    return ExitCode::Ok;
  case CommandLine::Action::Version:
    llvm::outs() << "terrazzo-compile " TERRAZZO_VERSION "\n";
    return ExitCode::Ok;
  case CommandLine::Action::ListTargets:
    return listTargets(protocol);
  case CommandLine::Action::Reference: {
    Status status = runReferenceAction(command, protocol);
    if (!status)
      protocol.diagnostic(Severity::Error, status.error());
    return status ? ExitCode::Ok : status.error().exit;
  }
  case CommandLine::Action::Compile:
    return compile(command, protocol);
  }
  llvm_unreachable("unknown action");
}

} // namespace

/// Without memory nothing is taken apart, reported in parts, or thrown.
[[noreturn]] void outOfMemory() {
  constexpr char text[] = "error[TZ0003]: out of memory\n"
                          "  = help: give the compiler more memory\n";
  [[maybe_unused]] ssize_t written =
      write(STDERR_FILENO, text, sizeof(text) - 1);
  _exit(static_cast<int>(ExitCode::OutOfMemory));
}

int main(int argc, char **argv) {
  dieWithParent();
  std::set_new_handler(outOfMemory);
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { outOfMemory(); });
  // A reader that went away is noticed when everything is written.
  signal(SIGPIPE, SIG_IGN);
  Expected<CommandLine> command =
      parseCommandLine(llvm::ArrayRef(argv + 1, argv + std::max(argc, 1)));
  if (!command) {
    llvm::errs() << command.error().format();
    return static_cast<int>(command.error().exit);
  }
  bool printsIr = command->action == CommandLine::Action::Compile &&
                  command->compile.emit != CompileOptions::Emit::Package;
  Protocol protocol(command->json && !printsIr, command->remarks && !printsIr);
  llvm::CrashRecoveryContext::Enable();
  ExitCode code = ExitCode::Internal;
  llvm::CrashRecoveryContext recovery;
  if (!recovery.RunSafely([&] { code = run(*command, protocol); })) {
    code = ExitCode::Internal;
    protocol.diagnostic(
        Severity::Error,
        Error{ExitCode::Internal, "TZ0599", "the compiler crashed", "", "",
              "please report this, with the model and the command line"});
  }
  llvm::outs().flush();
  llvm::errs().flush();
  if (llvm::outs().has_error() && code == ExitCode::Ok) {
    code = ExitCode::Failure;
    llvm::errs() << Error{code,
                          "TZ0010",
                          "the result cannot be written",
                          "standard output",
                          llvm::outs().error().message(),
                          ""}
                        .format();
    llvm::errs().flush();
  }
  // Taking the compiler's objects apart would take longer than it is worth.
  _exit(static_cast<int>(code));
}
