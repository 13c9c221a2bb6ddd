// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ReadIds.h.
#include "ReadIds.h"

#include "ReadInput.h"

#include "machine/Limits.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

using namespace terrazzo;

Expected<std::vector<int32_t>> readIds(const std::string &path) {
  auto text = readInput(path);
  if (!text)
    return text.takeError();
  constexpr std::string_view space = " \t\r\n\v\f";
  std::vector<int32_t> ids;
  std::string_view rest = *text;
  for (;;) {
    size_t begin = rest.find_first_not_of(space);
    if (begin == rest.npos)
      break;
    rest.remove_prefix(begin);
    std::string_view word =
        rest.substr(0, std::min(rest.size(), rest.find_first_of(space)));
    rest.remove_prefix(word.size());
    int32_t id = 0;
    auto [end, error] =
        std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || end != word.data() + word.size() || id < 0)
      return Error{ExitCode::Usage,
                   "TZ0014",
                   "'" + std::string(word.substr(0, 32)) + "' is no token id",
                   path,
                   "number " + std::to_string(ids.size() + 1),
                   "give whitespace-separated integers from 0 on"};
    ids.push_back(id);
  }
  if (ids.empty())
    return Error{ExitCode::Usage,
                 "TZ0014",
                 "there is no token id",
                 path,
                 "",
                 "give whitespace-separated integers from 0 on"};
  return ids;
}

Expected<std::unique_ptr<TemporaryIds>>
TemporaryIds::write(const std::vector<int32_t> &ids) {
  auto base = machine::temporaryFolder();
  if (!base)
    return base.takeError();
  std::string path = *base + "/terrazzo-ids-XXXXXX";
  int file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file < 0)
    return machine::temporaryError(*base, errno);
  std::unique_ptr<TemporaryIds> result(new TemporaryIds(path));
  std::string text;
  for (int32_t id : ids)
    text += std::to_string(id) + "\n";
  int failure = 0;
  for (std::string_view rest = text; failure == 0 && !rest.empty();) {
    ssize_t written = ::write(file, rest.data(), rest.size());
    if (written < 0 && errno != EINTR)
      failure = errno;
    rest.remove_prefix(size_t(std::max<ssize_t>(written, 0)));
  }
  ::close(file);
  if (failure)
    return machine::temporaryError(*base, failure);
  return result;
}

TemporaryIds::~TemporaryIds() { ::unlink(path.c_str()); }
