// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ReadInput.h.
#include "ReadInput.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace terrazzo;

Expected<std::string> readInput(const std::string &path) {
  bool isStdin = path == "-";
  int descriptor =
      isStdin ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text;
  ssize_t count = descriptor < 0 ? -1 : 1;
  while (count > 0) {
    char buffer[1 << 16];
    do
      count = ::read(descriptor, buffer, sizeof(buffer));
    while (count < 0 && errno == EINTR);
    if (count > 0)
      text.append(buffer, size_t(count));
  }
  int failure = errno;
  if (descriptor >= 0 && !isStdin)
    ::close(descriptor);
  if (count < 0)
    return Error{ExitCode::Usage,
                 "TZ0011",
                 "the input cannot be read",
                 isStdin ? "standard input" : path,
                 std::strerror(failure),
                 "check the path and its rights"};
  return text;
}

Expected<std::vector<std::string>> readJsonLines() {
  Expected<std::string> input = readInput("-");
  if (!input)
    return input.takeError();
  std::vector<std::string> texts;
  std::string_view rest = *input;
  for (size_t number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == line.npos)
      continue;
    auto value = nlohmann::json::parse(line, nullptr, false);
    if (!value.is_string())
      return Error{ExitCode::Usage,
                   "TZ0012",
                   "the input is not a JSON string",
                   "standard input, line " + std::to_string(number),
                   "each line must hold one",
                   ""};
    texts.push_back(value.get<std::string>());
  }
  return texts;
}
