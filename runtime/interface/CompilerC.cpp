// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo-c/compiler.h over the compiler's process.
#include "Answers.h"
#include "compile/CompilerProcess.h"
#include "machine/CpuTarget.h"
#include "machine/Limits.h"
#include "terrazzo-c/compiler.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace terrazzo;
using namespace terrazzo::exec;
using namespace terrazzo::interface;

namespace {

/// A module in memory as a file that the compiler's process can read.
class ModuleFile {
public:
  ~ModuleFile() {
    if (own.empty())
      return;
    ::unlink(path.c_str());
    ::rmdir(own.c_str());
  }

  Status write(const char *text, size_t bytes) {
    auto folder = machine::temporaryFolder();
    if (!folder)
      return folder.takeError();
    std::string made = *folder + "/terrazzo-XXXXXX";
    if (!::mkdtemp(made.data()))
      return machine::temporaryError(*folder, errno);
    own = made;
    // What errors name it.
    path = own + "/module.mlir";
    int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                      S_IRUSR | S_IWUSR);
    if (file < 0)
      return machine::temporaryError(*folder, errno);
    while (bytes > 0) {
      ssize_t written = ::write(file, text, bytes);
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        break;
      text += written;
      bytes -= size_t(written);
    }
    int number = errno;
    ::close(file);
    return bytes == 0 ? Status() : machine::temporaryError(*folder, number);
  }

  std::string path;

private:
  std::string own; ///< the folder that it is alone in
};

void diagnose(const terrazzo_compile_options &options,
              const std::string &severity, const Error &error) {
  if (!options.diagnostic)
    return;
  terrazzo_diagnostic diagnostic = {sizeof(diagnostic),  severity.c_str(),
                                    error.code.c_str(),  error.what.c_str(),
                                    error.where.c_str(), error.why.c_str(),
                                    error.help.c_str()};
  options.diagnostic(options.context, &diagnostic);
}

Status compile(const terrazzo_compile_options &options) {
  Error usage{ExitCode::Usage,
              "TZ0811",
              "nothing can be compiled",
              "",
              "",
              "see terrazzo-c/compiler.h"};
  if (!options.output_path) {
    usage.why = "no path for the package is given";
    return usage;
  }
  ModuleFile module;
  if (!options.model_path) {
    if (!options.module_text) {
      usage.why = "neither a model's path nor a module is given";
      return usage;
    }
    if (Status status = module.write(options.module_text, options.module_bytes);
        !status)
      return status;
  }
  std::string target = textOf(options.target);
  if (target.empty()) {
    auto targets = machine::cpuTargets(machine::hostFeatures());
    if (targets.empty()) {
      usage.why = "this processor cannot be compiled for";
      return usage;
    }
    target = targets.front();
  }
  auto compiler = options.compiler ? Expected<std::string>(options.compiler)
                                   : findCompiler();
  if (!compiler)
    return compiler.takeError();
  CompilerListener listener;
  listener.diagnostic = [&](const std::string &severity, const Error &error) {
    diagnose(options, severity, error);
  };
  if (options.progress)
    listener.progress = [&](const std::string &stage, uint64_t done,
                            uint64_t total) {
      options.progress(options.context, stage.c_str(), done, total);
    };
  std::vector<std::string> arguments = {
      "--model",  options.model_path ? options.model_path : module.path,
      "--target", target,
      "--output", options.output_path,
      "--format", "json"};
  if (options.fallback_error)
    arguments.push_back("--fallback=error");
  auto done = runCompiler(*compiler, arguments, listener);
  return done ? Status() : done.takeError();
}

} // namespace

int terrazzo_compile(const terrazzo_compile_options *options, char *error,
                     size_t errorBytes) {
  if (!options)
    return int(ExitCode::Usage);
  terrazzo_compile_options full = widened(*options);
  Status status = guarded([&] { return compile(full); });
  if (status)
    return 0;
  diagnose(full, "error", status.error());
  return told(status.error(), error, errorBytes);
}
