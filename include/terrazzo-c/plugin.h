/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The compile door's entry: the one C symbol that a backend's plugin exports.
 *
 * A plugin is a shared library libterrazzo-<id>.so, linked to libTerrazzo and
 * to the shared libMLIR and libLLVM, that exports terrazzo_plugin_get_info.
 * What crosses this door are MLIR objects in C++, so host and plugin must have
 * been built against the same MLIR and the same Terrazzo headers; everything
 * below up to `headers_hash` exists to find that out before the first C++ call.
 * In C++, TERRAZZO_DEFINE_PLUGIN of terrazzo/Target/Plugin.h writes all of it.
 *
 * The struct grows at its end only. A plugin is as trusted as an executable.
 */
#ifndef TERRAZZO_C_PLUGIN_H
#define TERRAZZO_C_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Layout and meaning of terrazzo_plugin_info; raised when an existing field
 * changes. */
#define TERRAZZO_PLUGIN_ABI 1u

/* The exported symbol's name. */
#define TERRAZZO_PLUGIN_ENTRY "terrazzo_plugin_get_info"

#define TERRAZZO_PLUGIN_EXPORT __attribute__((visibility("default")))

/* What a plugin registers into; its contents are C++, see
 * terrazzo/Target/Plugin.h. */
typedef struct terrazzo_registrar terrazzo_registrar;

typedef struct terrazzo_plugin_info {
  /* sizeof(terrazzo_plugin_info) as the plugin was compiled. */
  size_t struct_size;
  /* TERRAZZO_PLUGIN_ABI as the plugin was compiled. */
  uint32_t abi;
  /* [a-z0-9_]+; users write it before the colon of a target, and the plugin's
   * dialect is named tz_<id>. */
  const char *id;
  const char *vendor;
  const char *version;
  /* TERRAZZO_HEADERS_HASH as the plugin was compiled. */
  const char *headers_hash;
  /* LLVM_VERSION_STRING as the plugin was compiled, "22.1.8". */
  const char *mlir_version;
  /* Address of the TypeID of builtin.module as the plugin sees it: equal to the
   * host's exactly when both use one copy of MLIR. */
  const void *(*mlir_identity)(void);
  /* Registers the plugin's dialects. Null on success, else a message of
   * malloc, which the host frees. */
  char *(*register_plugin)(terrazzo_registrar *registrar);
} terrazzo_plugin_info;

/* Size of the struct in its first version; a smaller one is refused. */
#define TERRAZZO_PLUGIN_INFO_V1_SIZE                                           \
  (offsetof(terrazzo_plugin_info, register_plugin) + sizeof(void *))

/* Never null; the struct lives as long as the plugin. */
TERRAZZO_PLUGIN_EXPORT const terrazzo_plugin_info *
terrazzo_plugin_get_info(void);

#ifdef __cplusplus
}
#endif

#endif /* TERRAZZO_C_PLUGIN_H */
