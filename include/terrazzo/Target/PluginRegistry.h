// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host's side of the compile door: finds plugins by file name, checks them
// before the first C++ call, and collects the dialects that they register.
//
// Each step of a load has its own code, message and remedy:
//
//   TZ0401  no such file, or no plugin of that id in the folders searched
//   TZ0402  read before it is opened: no ELF library, does not need libMLIR and
//           libTerrazzo, or brings MLIR, LLVM or Terrazzo code of its own
//   TZ0403  the dynamic loader refuses it
//   TZ0404  does not export terrazzo_plugin_get_info
//   TZ0405  struct_size is smaller than the first version's, or fields are null
//   TZ0406  another plugin ABI
//   TZ0407  another MLIR version
//   TZ0408  another copy of MLIR (address of builtin.module's TypeID)
//   TZ0409  other Terrazzo headers
//   TZ0410  the id is malformed, taken, or not the one the file is named after
//   TZ0411  its register callback fails, or registers no dialect tz_<id>
//   TZ0412  a target names no loaded backend
//
// All of them exit with ExitCode::TargetUnavailable.
#pragma once

#include "mlir/IR/Attributes.h"
#include "mlir/IR/DialectRegistry.h"
#include "terrazzo/Target/TargetBackend.h"
#include <string>
#include <vector>

namespace terrazzo {

struct Error;
class Status; // runtime/support/Error.h

/// A plugin as its file's name tells, and once it is loaded as it tells itself.
struct PluginListing {
  std::string id;
  std::string path;
  bool loaded = false;
  std::string vendor, version; ///< empty until loaded
};

/// The plugins of one process. Not thread-safe; a loaded plugin stays loaded.
class PluginRegistry {
public:
  /// Searches TERRAZZO_PLUGIN_PATH (folders separated by ':'), then the folder
  /// terrazzo/backends beside libTerrazzo.
  PluginRegistry();
  /// Searches these folders only, in this order.
  explicit PluginRegistry(std::vector<std::string> folders);

  /// Loads the plugin in the file `path`, which the user named. A file that is
  /// loaded already is fine.
  Status load(llvm::StringRef path);

  /// Loads libterrazzo-<id>.so from the first folder that has it and opens no
  /// other file. An id that is loaded already is fine.
  Status loadById(llvm::StringRef id);

  /// Loads everything that the folders hold, and returns why some were refused.
  std::vector<Error> loadAll();

  /// Adds what the loaded plugins have registered.
  void appendDialects(mlir::DialectRegistry &registry) const;

  /// What the folders hold, by file name, plus what was loaded by path; opens
  /// nothing. Sorted by id; the first folder wins.
  std::vector<PluginListing> list() const;

  const std::vector<std::string> &getFolders() const { return folders; }

private:
  Status loadFile(llvm::StringRef path, llvm::StringRef expectedId);
  bool isLoaded(llvm::StringRef id) const;

  std::vector<std::string> folders;
  std::vector<PluginListing> loaded;
  mlir::DialectRegistry dialects;
};

/// The part of a target before the colon: "cpu" of "cpu:x86-64-v4+vnni".
llvm::StringRef pluginOfTarget(llvm::StringRef target);

/// Asks the backend of `target` ("cpu:x86-64-v4", or "cpu" for this machine)
/// for its attribute. The plugin must be loaded and its dialects be in the
/// context's registry.
mlir::FailureOr<mlir::Attribute>
resolveTarget(mlir::MLIRContext *context, llvm::StringRef target,
              EmitErrorFn emitError,
              mlir::DictionaryAttr options = mlir::DictionaryAttr());

} // namespace terrazzo
