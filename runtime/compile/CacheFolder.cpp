// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/CacheFolder.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

namespace terrazzo::exec {

namespace {

struct Kind {
  const char *folder;
  const char *name;
};
constexpr Kind kinds[] = {{"packages", "package"},
                          {"packed", "weights"},
                          {"models", "model"},
                          {objectFolder, "kernel"}};

} // namespace

std::string cacheFolder() {
  auto variable = [](const char *name) {
    const char *value = ::getenv(name);
    return std::string(value ? value : "");
  };
  if (std::string own = variable("TERRAZZO_CACHE_DIR"); !own.empty())
    return own;
  if (std::string base = variable("XDG_CACHE_HOME"); !base.empty())
    return base + "/terrazzo";
  if (std::string home = variable("HOME"); !home.empty())
    return home + "/.cache/terrazzo";
  return {};
}

std::vector<CacheEntry> listCache(const std::string &folder) {
  std::vector<CacheEntry> found;
  for (const Kind &kind : kinds) {
    std::string place = folder + "/" + kind.folder;
    DIR *entries = ::opendir(place.c_str());
    if (!entries)
      continue;
    while (dirent *entry = ::readdir(entries)) {
      CacheEntry item{kind.name, place + "/" + entry->d_name, 0};
      struct stat facts;
      if (::lstat(item.path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode))
        continue;
      item.bytes = uint64_t(facts.st_size);
      found.push_back(std::move(item));
    }
    ::closedir(entries);
  }
  std::sort(
      found.begin(), found.end(),
      [](const CacheEntry &a, const CacheEntry &b) { return a.path < b.path; });
  return found;
}

Expected<uint64_t> clearCache(const std::string &folder) {
  uint64_t freed = 0;
  for (const CacheEntry &entry : listCache(folder)) {
    if (::unlink(entry.path.c_str()) != 0 && errno != ENOENT) {
      Error error;
      error.code = "TZ0711";
      error.what = "the cache cannot be cleared";
      error.where = entry.path;
      error.why = strerror(errno);
      error.help =
          "check whose the folder is; TERRAZZO_CACHE_DIR names another";
      return error;
    }
    freed += entry.bytes;
  }
  for (const Kind &kind : kinds)
    ::rmdir((folder + "/" + kind.folder).c_str());
  ::rmdir(folder.c_str());
  return freed;
}

} // namespace terrazzo::exec
