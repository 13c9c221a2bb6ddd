// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/ModelHash.h"
#include "exec/PackedWeights.h"
#include "formats/Hash.h"

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace terrazzo::exec {

namespace {

constexpr size_t hashDigits = 32;

std::string readMemo(const std::string &path) {
  char digits[hashDigits + 1];
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return {};
  ssize_t count = ::read(file, digits, sizeof(digits));
  ::close(file);
  return count == ssize_t(hashDigits) ? std::string(digits, hashDigits)
                                      : std::string();
}

void writeMemo(const std::string &folder, const std::string &path,
               const std::string &hash) {
  if (!makeFolders(folder))
    return;
  std::string temporary =
      folder + "/.writing-" + std::to_string(::getpid()) + "-XXXXXX";
  int file = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0)
    return;
  bool good = ::write(file, hash.data(), hash.size()) == ssize_t(hash.size());
  ::close(file);
  if (!good || ::rename(temporary.c_str(), path.c_str()) != 0)
    ::unlink(temporary.c_str());
}

} // namespace

std::string modelHash(const formats::ModelFile &model,
                      const std::string &cacheFolder) {
  const formats::FileIdentity &identity = model.identity();
  std::string folder = cacheFolder + "/models", path;
  if (!cacheFolder.empty() && !identity.isYoung()) {
    std::string text = identity.text();
    path = folder + "/" + formats::hash128(text.data(), text.size()).hex();
    if (std::string known = readMemo(path); !known.empty())
      return known;
  }
  std::string hash = formats::hashModel(model).hex();
  // A change meanwhile belongs to another identity.
  if (!path.empty() && model.isUnchanged())
    writeMemo(folder, path, hash);
  return hash;
}

} // namespace terrazzo::exec
