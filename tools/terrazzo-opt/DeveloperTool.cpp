// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "DeveloperTool.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "support/Error.h"
#include "terrazzo/Codegen/Passes.h"
#include "terrazzo/Dialect/Plan/Plan.h"
#include "terrazzo/Dialect/Tile/Tile.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "terrazzo/Target/PluginRegistry.h"
#include "terrazzo/Transforms/Passes.h"

using namespace llvm;

namespace terrazzo {
namespace {

/// Moves the values of the plugin options out of `arguments`; nothing when the
/// last option has none.
std::optional<std::vector<std::string>>
takePlugins(std::vector<char *> &arguments) {
  std::vector<std::string> plugins;
  std::vector<char *> kept;
  for (size_t i = 0; i < arguments.size(); ++i) {
    StringRef argument = arguments[i];
    StringRef name = argument;
    bool isOption = i > 0 && name.consume_front("-");
    name.consume_front("-");
    if (!isOption ||
        !(name.consume_front("load-plugin") ||
          name.consume_front("load-dialect-plugin")) ||
        !(name.empty() || name.starts_with("="))) {
      kept.push_back(arguments[i]);
      continue;
    }
    if (name.consume_front("="))
      plugins.push_back(name.str());
    else if (i + 1 < arguments.size())
      plugins.push_back(arguments[++i]);
    else
      return std::nullopt;
  }
  arguments = std::move(kept);
  return plugins;
}

Status loadPlugins(ArrayRef<std::string> plugins,
                   mlir::DialectRegistry &registry) {
  PluginRegistry loader;
  for (StringRef plugin : plugins) {
    bool isPath = plugin.contains('/') || plugin.ends_with(".so");
    if (Status status = isPath ? loader.load(plugin) : loader.loadById(plugin);
        !status)
      return status;
  }
  loader.appendDialects(registry);
  return {};
}

} // namespace

int beginDeveloperTool(std::vector<char *> &arguments,
                       mlir::DialectRegistry &registry) {
  std::optional<std::vector<std::string>> plugins = takePlugins(arguments);
  Status status =
      plugins ? loadPlugins(*plugins, registry)
              : Status(Error{ExitCode::Usage, "TZ0413",
                             "--load-plugin needs a value", arguments.back(),
                             "", "give a plugin's id or the path of its file"});
  if (!status) {
    llvm::errs() << status.error().format();
    return static_cast<int>(status.error().exit);
  }
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  registerTransforms();
  codegen::registerCodegenPasses();
  registry.insert<tz::TzDialect, plan::PlanDialect, tile::TileDialect>();
  return 0;
}

} // namespace terrazzo
