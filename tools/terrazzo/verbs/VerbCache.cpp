// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo cache: what is kept, where, and removing it.
#include "Output.h"
#include "verbs/Verbs.h"

#include "compile/CacheFolder.h"

#include <nlohmann/json.hpp>

using namespace terrazzo;

namespace {

Expected<std::string> folder() {
  std::string path = exec::cacheFolder();
  if (!path.empty())
    return path;
  return Error{ExitCode::Failure,
               "TZ0040",
               "there is no cache",
               "",
               "none of TERRAZZO_CACHE_DIR, XDG_CACHE_HOME and HOME is set",
               "set TERRAZZO_CACHE_DIR to a folder"};
}

int list(const std::string &path, bool json) {
  uint64_t total = 0;
  for (const exec::CacheEntry &entry : exec::listCache(path)) {
    total += entry.bytes;
    Status written =
        json ? writeJson({{"kind", entry.kind},
                          {"path", entry.path},
                          {"bytes", entry.bytes}})
             : writeResult(entry.kind + "  " + std::to_string(entry.bytes) +
                           "  " + entry.path + "\n");
    if (!written)
      return report(written);
  }
  if (json)
    return 0;
  return report(
      writeResult(std::to_string(total) + " bytes in " + path + "\n"));
}

int clear(const std::string &path, bool json) {
  auto freed = exec::clearCache(path);
  if (!freed)
    return report(freed.error());
  return report(json ? writeJson({{"path", path}, {"freed_bytes", *freed}})
                     : writeResult("freed " + std::to_string(*freed) +
                                   " bytes in " + path + "\n"));
}

int show(const std::string &path, bool json) {
  return report(json ? writeJson({{"path", path}}) : writeResult(path + "\n"));
}

} // namespace

void addCacheVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand("cache", "what is kept, and removing it");
  verb->require_subcommand(1);
  using Action = int (*)(const std::string &, bool);
  auto add = [&](const char *name, const char *help, Action action) {
    CLI::App *sub = verb->add_subcommand(name, help);
    addOutputOptions(*sub, common);
    sub->callback([=, &common, &exitCode] {
      auto path = folder();
      exitCode = path ? action(*path, common.json) : report(path.error());
    });
  };
  add("list", "every entry with its size", list);
  add("clear", "remove every entry", clear);
  add("path", "where the cache is", show);
}
