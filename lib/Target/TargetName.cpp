// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a target as a user writes it to a backend's attribute.
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "terrazzo/Target/PluginRegistry.h"

using namespace mlir;

namespace terrazzo {

StringRef pluginOfTarget(StringRef target) { return target.split(':').first; }

FailureOr<Attribute> resolveTarget(MLIRContext *context, StringRef target,
                                   EmitErrorFn emitError,
                                   DictionaryAttr options) {
  StringRef id = pluginOfTarget(target), arch = target.split(':').second;
  // Backends answer with attributes of these.
  context->loadDialect<tz::TzDialect, plan::PlanDialect>();
  Dialect *dialect =
      id.empty() ? nullptr : context->getOrLoadDialect(("tz_" + id).str());
  if (!dialect)
    return emitError() << "TZ0412: no loaded backend is named '" << id
                       << "', which the target '" << target << "' asks for";
  const auto *backend = dialect->getRegisteredInterface<TargetBackend>();
  if (!backend)
    return emitError() << "TZ0412: the plugin '" << id
                       << "' is broken: its dialect has no TargetBackend";
  FailureOr<Attribute> attribute = backend->resolve(
      arch, options ? options : DictionaryAttr::get(context), emitError);
  if (failed(attribute))
    return failure();
  if (!*attribute || !isa<TargetAttrInterface>(*attribute) ||
      &attribute->getDialect() != dialect)
    return emitError() << "TZ0412: the plugin '" << id
                       << "' is broken: it answers the target '" << target
                       << "' with no target attribute of its own dialect";
  return attribute;
}

} // namespace terrazzo
