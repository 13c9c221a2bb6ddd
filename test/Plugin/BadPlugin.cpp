// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A plugin that is bad from step BAD_FROM of a load on (numbers as in
// PluginRegistry.h, TZ04nn) and good before it.
#include "terrazzo/Target/Plugin.h"

#ifndef PLUGIN_ID
#define PLUGIN_ID "Bad Id"
#endif

#if BAD_FROM <= 3
extern "C" void nobodyDefinesThis();
extern "C" TERRAZZO_PLUGIN_EXPORT void callsIt() { nobodyDefinesThis(); }
#endif

namespace {

/// Has the name that core looks for, and no TargetBackend.
class IdleDialect : public mlir::Dialect {
public:
  explicit IdleDialect(mlir::MLIRContext *context)
      : Dialect(getDialectNamespace(), context,
                mlir::TypeID::get<IdleDialect>()) {}
  static llvm::StringRef getDialectNamespace() { return "tz_no_backend"; }
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(IdleDialect)
};

[[maybe_unused]] const void *identity() {
  static const char other = 0;
  return BAD_FROM <= 8 ? &other : terrazzo::detail::pluginMlirIdentity();
}

[[maybe_unused]] char *registerPlugin(terrazzo_registrar *registrar) {
  // Reached only by a loader that has skipped the steps before.
  if (BAD_FROM < 11)
    abort();
  if (BAD_FROM == 11)
    return strdup("the licence server is on holiday");
  if (BAD_FROM == 13)
    registrar->dialects->insert<IdleDialect>();
  return nullptr;
}

} // namespace

#if BAD_FROM != 4
extern "C" TERRAZZO_PLUGIN_EXPORT const terrazzo_plugin_info *
terrazzo_plugin_get_info(void) {
#ifdef NULL_INFO
  return nullptr;
#endif
  static const terrazzo_plugin_info info = {
      BAD_FROM <= 5 ? sizeof(size_t) : sizeof(terrazzo_plugin_info),
      BAD_FROM <= 6 ? 999u : TERRAZZO_PLUGIN_ABI,
      PLUGIN_ID,
      "Acme",
#ifdef NULL_FIELD
      nullptr,
#else
      "1.0",
#endif
      BAD_FROM <= 9 ? "0123" : TERRAZZO_HEADERS_HASH,
      BAD_FROM <= 7 ? "21.1.0" : LLVM_VERSION_STRING,
      identity,
      registerPlugin,
  };
  return &info;
}
#endif
