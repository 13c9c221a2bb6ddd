// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "PluginLoader.h"
#include "PluginFile.h"
#include "mlir/IR/BuiltinOps.h"
#include "support/Error.h"
#include "terrazzo/Target/HeadersHash.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include <dlfcn.h>

using namespace llvm;

namespace terrazzo {
namespace {

struct Refusal {
  const char *code;
  std::string what, why, help;
};

const char *const rebuildHelp =
    "rebuild the plugin against this Terrazzo (find_package(Terrazzo))";

std::string quoted(const char *text) {
  return text ? "'" + std::string(text) + "'" : "none";
}

std::optional<Refusal> checkLayout(const terrazzo_plugin_info &info) {
  // struct_size comes before anything else is read: a smaller struct ends
  // there.
  if (info.struct_size < TERRAZZO_PLUGIN_INFO_V1_SIZE)
    return Refusal{"TZ0405", "the plugin's description is too small",
                   formatv("struct_size is {0}, at least {1} is needed",
                           info.struct_size, TERRAZZO_PLUGIN_INFO_V1_SIZE),
                   "define the plugin with TERRAZZO_DEFINE_PLUGIN, which fills "
                   "the size"};
  if (info.abi != TERRAZZO_PLUGIN_ABI)
    return Refusal{"TZ0406", "the plugin has another ABI",
                   formatv("it was built for plugin ABI {0}, this Terrazzo has "
                           "{1}",
                           info.abi, TERRAZZO_PLUGIN_ABI),
                   rebuildHelp};
  if (!info.id || !info.vendor || !info.version || !info.headers_hash ||
      !info.mlir_version || !info.mlir_identity || !info.register_plugin)
    return Refusal{"TZ0405", "the plugin's description is incomplete",
                   "a field of terrazzo_plugin_info is null",
                   "define the plugin with TERRAZZO_DEFINE_PLUGIN, which fills "
                   "all fields"};
  return std::nullopt;
}

std::optional<Refusal> checkBuild(const terrazzo_plugin_info &info) {
  if (StringRef(info.mlir_version) != LLVM_VERSION_STRING)
    return Refusal{"TZ0407", "the plugin was built with another MLIR",
                   "it has MLIR " + quoted(info.mlir_version) +
                       ", this Terrazzo '" LLVM_VERSION_STRING "'",
                   rebuildHelp};
  if (info.mlir_identity() !=
      mlir::TypeID::get<mlir::ModuleOp>().getAsOpaquePointer())
    return Refusal{"TZ0408", "the plugin uses its own copy of MLIR",
                   "builtin.module has another identity in the plugin than in "
                   "the process",
                   "link it to the shared libMLIR; terrazzo_add_backend does"};
  if (StringRef(info.headers_hash) != TERRAZZO_HEADERS_HASH)
    return Refusal{"TZ0409", "the plugin was built with other Terrazzo headers",
                   "their hash is " + quoted(info.headers_hash) +
                       ", here it is '" TERRAZZO_HEADERS_HASH "'",
                   rebuildHelp};
  return std::nullopt;
}

} // namespace

Expected<const terrazzo_plugin_info *> openPlugin(StringRef path) {
  auto refuse = [&](Refusal refusal) {
    return Error{ExitCode::TargetUnavailable, refusal.code,
                 std::move(refusal.what),     path.str(),
                 std::move(refusal.why),      std::move(refusal.help)};
  };
  if (!sys::fs::exists(path))
    return refuse({"TZ0401", "there is no plugin file of this name", "",
                   "give the path of a libterrazzo-<id>.so"});
  if (Status status = checkPluginFile(path); !status)
    return status.takeError();

  // Never closed again, not even when a later step refuses it: what its static
  // constructors have registered with MLIR would dangle.
  void *handle = dlopen(path.str().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return refuse({"TZ0403", "the plugin cannot be opened", dlerror(),
                   "install what it misses, or rebuild it on this machine"});
  auto entry = reinterpret_cast<decltype(&terrazzo_plugin_get_info)>(
      dlsym(handle, TERRAZZO_PLUGIN_ENTRY));
  if (!entry)
    return refuse({"TZ0404",
                   "the library exports no '" TERRAZZO_PLUGIN_ENTRY "'",
                   "it may be a library that a plugin needs, or hide its entry",
                   "define the plugin with TERRAZZO_DEFINE_PLUGIN"});
  const terrazzo_plugin_info *info = entry();
  if (!info)
    return refuse({"TZ0405", "the plugin describes itself by a null pointer",
                   "", "define the plugin with TERRAZZO_DEFINE_PLUGIN"});
  if (std::optional<Refusal> refusal = checkLayout(*info))
    return refuse(std::move(*refusal));
  if (std::optional<Refusal> refusal = checkBuild(*info))
    return refuse(std::move(*refusal));
  return info;
}

} // namespace terrazzo
