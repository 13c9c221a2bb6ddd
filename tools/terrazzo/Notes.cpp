// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Notes.h.
#include "Notes.h"

#include "Output.h"

#include <cstdio>
#include <unistd.h>

using namespace terrazzo;

static void writeStderr(std::string_view text) {
  // Nothing is left to do when stderr is closed.
  [[maybe_unused]] ssize_t written =
      ::write(STDERR_FILENO, text.data(), text.size());
}

Notes::Notes(bool quiet, std::string why)
    : quiet(quiet), terminal(::isatty(STDERR_FILENO)), why(std::move(why)) {}

void Notes::line(std::string_view text) const {
  if (!quiet)
    writeStderr(std::string(text) + "\n");
}

void Notes::progress(const std::string &name, uint64_t done, uint64_t total) {
  if (quiet)
    return;
  if (terminal) {
    writeStderr("\r\033[Kterrazzo-compile: " + name +
                (total > 1
                     ? " " + std::to_string(done) + "/" + std::to_string(total)
                     : ""));
    drawing = true;
  } else if (stage != name) {
    writeStderr("terrazzo-compile: " + name + "\n");
  }
  stage = name;
}

void Notes::endProgress() {
  if (drawing)
    writeStderr("\r\033[K");
  drawing = false;
}

bool Notes::remark(const std::string &pass, const std::string &text,
                   const std::string &location) const {
  if (!wantsRemarks() || (why != "all" && why != pass))
    return false;
  line(pass + ": " + text + (location.empty() ? "" : " [" + location + "]"));
  return true;
}

exec::CompilerListener Notes::listener() {
  exec::CompilerListener listener;
  listener.progress = [this](const std::string &name, uint64_t done,
                             uint64_t total) { progress(name, done, total); };
  listener.diagnostic = [this](const std::string &severity,
                               const Error &error) {
    endProgress();
    if (severity == "error") [[maybe_unused]]
      int code = report(error);
    else
      line(severity + ": " + error.what +
           (error.where.empty() ? "" : " (" + error.where + ")"));
  };
  return listener;
}

std::string decimals(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}
