// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Target/PluginRegistry.h"
#include "PluginLoader.h"
#include "support/Error.h"
#include "terrazzo/Target/Plugin.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cstdlib>
#include <dlfcn.h>

using namespace llvm;

namespace terrazzo {
namespace {

constexpr StringLiteral filePrefix = "libterrazzo-", fileSuffix = ".so";

/// The folder of the library that this code is in.
std::string libraryFolder() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<const void *>(&libraryFolder), &info))
    return "";
  SmallString<256> path;
  if (sys::fs::real_path(info.dli_fname, path))
    return "";
  return sys::path::parent_path(path).str();
}

std::vector<std::string> defaultFolders() {
  std::vector<std::string> folders;
  if (const char *variable = std::getenv("TERRAZZO_PLUGIN_PATH")) {
    SmallVector<StringRef> parts;
    StringRef(variable).split(parts, ':', -1, /*KeepEmpty=*/false);
    folders.assign(parts.begin(), parts.end());
  }
  if (std::string library = libraryFolder(); !library.empty()) {
    SmallString<256> folder(library);
    sys::path::append(folder, "terrazzo", "backends");
    folders.push_back(folder.str().str());
  }
  return folders;
}

bool isPluginId(StringRef id) {
  return !id.empty() && all_of(id, [](char c) {
    return isDigit(c) || c == '_' || (c >= 'a' && c <= 'z');
  });
}

/// The id in "…/libterrazzo-<id>.so", or "" when the file is named otherwise.
StringRef idOfFile(StringRef path) {
  StringRef name = sys::path::filename(path);
  if (!name.consume_front(filePrefix) || !name.consume_back(fileSuffix) ||
      !isPluginId(name))
    return "";
  return name;
}

Error refuse(const char *code, std::string what, std::string where,
             std::string why, std::string help) {
  return {ExitCode::TargetUnavailable,
          code,
          std::move(what),
          std::move(where),
          std::move(why),
          std::move(help)};
}

std::string realPath(StringRef path) {
  SmallString<256> real;
  return sys::fs::real_path(path, real) ? path.str() : real.str().str();
}

} // namespace

PluginRegistry::PluginRegistry() : folders(defaultFolders()) {}
PluginRegistry::PluginRegistry(std::vector<std::string> folders)
    : folders(std::move(folders)) {}

bool PluginRegistry::isLoaded(StringRef id) const {
  return any_of(loaded, [&](const PluginListing &p) { return p.id == id; });
}

Status PluginRegistry::load(StringRef path) {
  return loadFile(path, /*expectedId=*/"");
}

Status PluginRegistry::loadById(StringRef id) {
  if (isPluginId(id) && isLoaded(id))
    return {};
  std::string known;
  for (const PluginListing &plugin : list()) {
    if (plugin.id == id)
      return loadFile(plugin.path, id);
    known += (known.empty() ? "" : ", ") + plugin.id;
  }
  return refuse("TZ0401", "there is no backend '" + id.str() + "'", "",
                "searched " +
                    (folders.empty() ? "no folder" : join(folders, ", ")),
                known.empty() ? "name folders with plugins in "
                                "TERRAZZO_PLUGIN_PATH"
                              : "known backends: " + known);
}

Status PluginRegistry::loadFile(StringRef path, StringRef expectedId) {
  std::string real = realPath(path);
  for (const PluginListing &plugin : loaded)
    if (plugin.path == real)
      return {};
  Expected<const terrazzo_plugin_info *> info = openPlugin(real);
  if (!info)
    return info.takeError();
  StringRef id = (*info)->id;
  if (!isPluginId(id))
    return refuse("TZ0410", "the plugin's id '" + id.str() + "' is malformed",
                  real, "an id has lower-case letters, digits and _ only",
                  "correct the id in TERRAZZO_DEFINE_PLUGIN");
  if (!expectedId.empty() && id != expectedId)
    return refuse("TZ0410", "the plugin calls itself '" + id.str() + "'", real,
                  "its file is named after '" + expectedId.str() + "'",
                  "rename the file to libterrazzo-" + id.str() + ".so");
  for (const PluginListing &plugin : loaded)
    if (plugin.id == id)
      return refuse("TZ0410", "the plugin id '" + id.str() + "' is taken", real,
                    "it belongs to " + plugin.path, "load only one of them");

  mlir::DialectRegistry registered;
  terrazzo_registrar registrar{&registered};
  if (char *message = (*info)->register_plugin(&registrar)) {
    std::string why = message;
    std::free(message);
    return refuse("TZ0411", "the plugin '" + id.str() + "' failed to register",
                  real, why,
                  "ask " + (*(*info)->vendor ? std::string((*info)->vendor)
                                             : std::string("its vendor")));
  }
  std::string dialect = "tz_" + id.str();
  if (!registered.getDialectAllocator(dialect))
    return refuse("TZ0411",
                  "the plugin '" + id.str() + "' registers no dialect '" +
                      dialect + "'",
                  real, "core finds a backend by its dialect",
                  "name the plugin's dialect after its id");
  registered.appendTo(dialects);
  loaded.push_back({id.str(), real, true, (*info)->vendor, (*info)->version});
  return {};
}

std::vector<Error> PluginRegistry::loadAll() {
  std::vector<Error> refused;
  for (const PluginListing &plugin : list()) {
    if (plugin.loaded)
      continue;
    if (Status status = loadFile(plugin.path, plugin.id); !status)
      refused.push_back(status.takeError());
  }
  return refused;
}

void PluginRegistry::appendDialects(mlir::DialectRegistry &registry) const {
  dialects.appendTo(registry);
}

std::vector<PluginListing> PluginRegistry::list() const {
  std::vector<PluginListing> plugins = loaded;
  for (const std::string &folder : folders) {
    std::error_code error;
    for (sys::fs::directory_iterator it(folder, error), end;
         !error && it != end; it.increment(error)) {
      StringRef id = idOfFile(it->path());
      if (!id.empty() &&
          none_of(plugins, [&](const PluginListing &p) { return p.id == id; }))
        plugins.push_back({id.str(), it->path(), false, "", ""});
    }
  }
  llvm::sort(plugins, [](const PluginListing &a, const PluginListing &b) {
    return a.id < b.id;
  });
  return plugins;
}

} // namespace terrazzo
