// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Actions.h"
#include "mlir/IR/MLIRContext.h"
#include "terrazzo/Target/PluginRegistry.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace terrazzo {
namespace {

/// Why the backend `id` cannot be used here; empty: it can, and `target` is
/// what its name alone stands for.
std::string reasonAgainst(llvm::StringRef id, std::string &target) {
  PluginRegistry plugins;
  if (Status status = plugins.loadById(id); !status)
    return status.error().what +
           (status.error().why.empty() ? "" : ": " + status.error().why);
  DialectRegistry registry;
  plugins.appendDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  std::string reason;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    reason = diagnostic.str();
    return success();
  });
  FailureOr<Attribute> resolved = resolveTarget(
      &context, id, [&] { return emitError(UnknownLoc::get(&context)); });
  if (succeeded(resolved))
    target = cast<TargetAttrInterface>(*resolved).getTargetString();
  else if (reason.empty())
    reason = "it answers for no target";
  return reason;
}

} // namespace

ExitCode listTargets(Protocol &protocol) {
  for (const PluginListing &plugin : PluginRegistry().list()) {
    std::string target = plugin.id;
    std::string reason = reasonAgainst(plugin.id, target);
    if (protocol.json)
      llvm::outs() << llvm::json::Value(
                          llvm::json::Object{{"name", target},
                                             {"kind", "backend"},
                                             {"usable", reason.empty()},
                                             {"reason", reason},
                                             {"path", plugin.path}})
                   << "\n";
    else
      llvm::outs() << target << "  "
                   << (reason.empty() ? "usable" : "not usable: " + reason)
                   << "  " << plugin.path << "\n";
  }
  return ExitCode::Ok;
}

} // namespace terrazzo
