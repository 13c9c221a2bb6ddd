// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/CompilerProcess.h"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace terrazzo::exec {

namespace {

using Json = nlohmann::json;

std::string ownFolder() {
  char path[PATH_MAX];
  ssize_t length = ::readlink("/proc/self/exe", path, sizeof(path));
  std::string text(path, length > 0 ? size_t(length) : 0);
  size_t slash = text.rfind('/');
  return slash == std::string::npos ? std::string() : text.substr(0, slash);
}

/// Of the library or program that this code is in.
std::string libraryFolder() {
  Dl_info facts;
  static const char here = 0;
  std::string path =
      ::dladdr(&here, &facts) && facts.dli_fname ? facts.dli_fname : "";
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string(".") : path.substr(0, slash);
}

Error childError(const std::string &compiler, std::string why) {
  Error error;
  error.code = "TZ0423";
  error.exit = ExitCode::TargetUnavailable;
  error.what = "the compiler cannot be run";
  error.where = compiler;
  error.why = std::move(why);
  error.help = "install terrazzo-compile beside this program, or set "
               "TERRAZZO_COMPILE";
  return error;
}

std::string textOf(const Json &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

uint64_t numberOf(const Json &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned()
             ? found->get<uint64_t>()
             : 0;
}

/// A running child and what it has said so far.
class Child {
public:
  Child(const std::string &compiler, const CompilerListener &listener)
      : compiler(compiler), listener(listener) {}
  ~Child();

  Status start(const std::vector<std::string> &arguments);
  Expected<std::string> finish(const std::atomic<bool> *cancelled);

private:
  Status readAll(const std::atomic<bool> *cancelled);
  void take(const std::string &line);
  Expected<std::string> judge(int status);

  const std::string &compiler;
  const CompilerListener &listener;
  pid_t process = -1;
  int output = -1;
  std::string buffer;
  std::string done;
  Error firstError;
  bool failed = false;
};

Child::~Child() {
  if (output >= 0)
    ::close(output);
  if (process <= 0)
    return;
  ::kill(process, SIGKILL);
  ::waitpid(process, nullptr, 0);
}

Status Child::start(const std::vector<std::string> &arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return childError(compiler, strerror(errno));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  // An interrupt meant for us is passed on by killing the child, so that it
  // ends in one place only.
  sigset_t signals;
  ::sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes, &signals);
  ::sigaddset(&signals, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char *> words{const_cast<char *>(compiler.c_str())};
  for (const std::string &argument : arguments)
    words.push_back(const_cast<char *>(argument.c_str()));
  words.push_back(nullptr);
  int number = ::posix_spawn(&process, compiler.c_str(), &actions, &attributes,
                             words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  ::close(ends[1]);
  output = ends[0];
  if (number == 0)
    return {};
  process = -1;
  return childError(compiler, strerror(number));
}

Status Child::readAll(const std::atomic<bool> *cancelled) {
  char part[16384];
  for (;;) {
    if (cancelled && *cancelled) {
      Error error;
      error.exit = ExitCode::Interrupted;
      error.what = "interrupted";
      return error;
    }
    pollfd waiting{output, POLLIN, 0};
    constexpr int lookAtCancel = 100; // milliseconds
    int ready = ::poll(&waiting, 1, lookAtCancel);
    if (ready <= 0)
      continue;
    ssize_t count = ::read(output, part, sizeof(part));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return {};
    buffer.append(part, size_t(count));
    for (size_t end; (end = buffer.find('\n')) != std::string::npos;) {
      take(buffer.substr(0, end));
      buffer.erase(0, end + 1);
    }
  }
}

void Child::take(const std::string &line) {
  if (listener.line)
    listener.line(line);
  Json object = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object())
    return;
  std::string event = textOf(object, "event");
  if (event == "done") {
    done = line;
  } else if (event == "progress" && listener.progress) {
    listener.progress(textOf(object, "stage"), numberOf(object, "done"),
                      numberOf(object, "total"));
  } else if (event == "remark" && listener.remark) {
    listener.remark(textOf(object, "pass"), textOf(object, "text"),
                    textOf(object, "location"));
  } else if (event == "diagnostic") {
    Error error;
    error.code = textOf(object, "code");
    error.what = textOf(object, "what");
    error.where = textOf(object, "where");
    error.why = textOf(object, "why");
    error.help = textOf(object, "help");
    std::string severity = textOf(object, "severity");
    // The last error ends the compilation; those before it are shown.
    if (severity == "error" && !failed) {
      failed = true;
      firstError = std::move(error);
    } else if (listener.diagnostic) {
      listener.diagnostic(severity, error);
    }
  }
}

Expected<std::string> Child::judge(int status) {
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code == 0)
    return done;
  Error error = firstError;
  switch (code) {
  case 1:
  case 2:
  case 3:
  case 4:
  case 5:
  case 6:
  case 7:
  case 130:
    error.exit = ExitCode(code);
    break;
  default:
    error.exit = ExitCode::Internal;
  }
  if (failed)
    return error;
  error.code = "TZ0424";
  error.where = compiler;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
    error.exit = ExitCode::OutOfMemory;
    error.what = "the compiler was killed";
    error.help = "most likely the machine ran out of memory";
  } else if (code == int(ExitCode::OutOfMemory)) {
    error.what = "the compiler ran out of memory";
    error.help = "give the process more memory";
  } else {
    error.what = "the compiler failed without saying why";
    error.why = WIFSIGNALED(status)
                    ? "signal " + std::to_string(WTERMSIG(status))
                    : "exit code " + std::to_string(code);
    error.help = "please report this, with the model and the command line";
  }
  return error;
}

Expected<std::string> Child::finish(const std::atomic<bool> *cancelled) {
  if (Status status = readAll(cancelled); !status)
    return status.takeError();
  if (!buffer.empty())
    take(buffer);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR)
    continue;
  process = -1;
  return judge(status);
}

} // namespace

Expected<std::string> findCompiler() {
  constexpr const char *name = "terrazzo-compile";
  std::string beside = ownFolder() + "/" + name;
  for (const std::string &path : {beside, libraryFolder() + "/../bin/" + name})
    if (::access(path.c_str(), X_OK) == 0)
      return path;
  const char *given = ::getenv("TERRAZZO_COMPILE");
  if (given && ::access(given, X_OK) == 0)
    return std::string(given);
  Error error;
  error.code = "TZ0422";
  error.exit = ExitCode::TargetUnavailable;
  error.what = "there is no compiler here";
  error.where = given ? given : beside;
  error.why = given ? "TERRAZZO_COMPILE names no executable file"
                    : "it is not there, and TERRAZZO_COMPILE is not set";
  error.help = "install terrazzo-compile beside this program, or run a package "
               "with terrazzo-run";
  return error;
}

Expected<std::string> runCompiler(const std::string &compiler,
                                  const std::vector<std::string> &arguments,
                                  const CompilerListener &listener,
                                  const std::atomic<bool> *cancelled) {
  Child child(compiler, listener);
  if (Status status = child.start(arguments); !status)
    return status.takeError();
  return child.finish(cancelled);
}

} // namespace terrazzo::exec
