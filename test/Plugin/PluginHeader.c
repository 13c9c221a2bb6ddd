/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * plugin.h is C, and the layout of plugin ABI 1 as released is unchanged. A new
 * field goes to the end and is added here with the release that brings it. */
#include "terrazzo-c/plugin.h"

#define FIELD_AT(field, offset)                                                \
  _Static_assert(offsetof(terrazzo_plugin_info, field) == (offset),            \
                 "the released layout of terrazzo_plugin_info has changed")

_Static_assert(TERRAZZO_PLUGIN_ABI == 1u, "see the offsets below");
FIELD_AT(struct_size, 0);
FIELD_AT(abi, 8);
FIELD_AT(id, 16);
FIELD_AT(vendor, 24);
FIELD_AT(version, 32);
FIELD_AT(headers_hash, 40);
FIELD_AT(mlir_version, 48);
FIELD_AT(mlir_identity, 56);
FIELD_AT(register_plugin, 64);
_Static_assert(TERRAZZO_PLUGIN_INFO_V1_SIZE == 72,
               "the size of the first version is fixed");

/* What a plugin without our C++ header would write. */
const void *plugin_header_identity(void) { return NULL; }
char *plugin_header_register(terrazzo_registrar *registrar) {
  (void)registrar;
  return NULL;
}
const terrazzo_plugin_info plugin_header_info = {
    sizeof(terrazzo_plugin_info),
    TERRAZZO_PLUGIN_ABI,
    "c",
    "vendor",
    "1.0",
    "",
    "22.1",
    plugin_header_identity,
    plugin_header_register,
};
