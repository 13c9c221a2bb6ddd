// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Output.h.
#include "Output.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace terrazzo;

Status writeResult(std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return Error{ExitCode::Failure,
                   "TZ0010",
                   "the result cannot be written",
                   "standard output",
                   std::strerror(errno),
                   errno == ENOSPC ? "make room on that disk" : ""};
    text.remove_prefix(size_t(written));
  }
  return {};
}

Status writeJson(const nlohmann::ordered_json &object) {
  using Handler = nlohmann::ordered_json::error_handler_t;
  return writeResult(object.dump(-1, ' ', false, Handler::replace) + "\n");
}

int report(const Error &error) {
  std::string text = error.format();
  // Nothing is left to do when stderr is closed too.
  [[maybe_unused]] ssize_t written =
      ::write(STDERR_FILENO, text.data(), text.size());
  return int(error.exit);
}

int report(const Status &status) {
  return status.ok() ? int(ExitCode::Ok) : report(status.error());
}
