// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a backend's plugin is made of in C++:
//
//   static void registerChip(mlir::DialectRegistry &registry) {
//     registry.insert<tz_chip::ChipDialect>();
//   }
//   TERRAZZO_DEFINE_PLUGIN("chip", registerChip)
//
// The function may return llvm::Error instead; its text reaches the user. It
// registers the dialect `tz_<id>`, whose TargetBackend interface core then
// finds, and anything else that the backend's passes need. Build it with
// terrazzo_add_backend.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "terrazzo-c/plugin.h"
#include "terrazzo/Target/HeadersHash.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Error.h"
#include <cstring>
#include <type_traits>

/// What the opaque C pointer points to.
struct terrazzo_registrar {
  mlir::DialectRegistry *dialects;
};

#ifndef TERRAZZO_PLUGIN_VENDOR
#define TERRAZZO_PLUGIN_VENDOR ""
#endif
#ifndef TERRAZZO_PLUGIN_VERSION
#define TERRAZZO_PLUGIN_VERSION ""
#endif

namespace terrazzo::detail {

inline const void *pluginMlirIdentity() {
  return mlir::TypeID::get<mlir::ModuleOp>().getAsOpaquePointer();
}

template <auto registerFn> char *registerPlugin(terrazzo_registrar *registrar) {
  using Result =
      std::invoke_result_t<decltype(registerFn), mlir::DialectRegistry &>;
  if constexpr (std::is_void_v<Result>) {
    registerFn(*registrar->dialects);
  } else {
    static_assert(std::is_same_v<Result, llvm::Error>);
    if (llvm::Error error = registerFn(*registrar->dialects))
      return strdup(llvm::toString(std::move(error)).c_str());
  }
  return nullptr;
}

} // namespace terrazzo::detail

/// Defines the plugin's entry. `id` is a string literal, `registerFn` a
/// function of mlir::DialectRegistry & that returns nothing or llvm::Error.
#define TERRAZZO_DEFINE_PLUGIN(pluginId, registerFn)                           \
  extern "C" TERRAZZO_PLUGIN_EXPORT const terrazzo_plugin_info *               \
  terrazzo_plugin_get_info(void) {                                             \
    static const terrazzo_plugin_info info = {                                 \
        sizeof(terrazzo_plugin_info),                                          \
        TERRAZZO_PLUGIN_ABI,                                                   \
        pluginId,                                                              \
        TERRAZZO_PLUGIN_VENDOR,                                                \
        TERRAZZO_PLUGIN_VERSION,                                               \
        TERRAZZO_HEADERS_HASH,                                                 \
        LLVM_VERSION_STRING,                                                   \
        terrazzo::detail::pluginMlirIdentity,                                  \
        terrazzo::detail::registerPlugin<registerFn>,                          \
    };                                                                         \
    return &info;                                                              \
  }
