/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The released layouts of the structs and the numbers of the enums in
 * terrazzo-c/program.h, compiler.h and dlpack.h, compiled as C.
 */
#include "terrazzo-c/compiler.h"
#include "terrazzo-c/dlpack.h"
#include "terrazzo-c/program.h"

#define OFFSET(type, field, bytes)                                             \
  _Static_assert(offsetof(type, field) == bytes,                               \
                 #type "." #field " has moved since version 1")
/* A field more grows it: struct_size then tells the versions apart. */
#define SIZE(type, bytes)                                                      \
  OFFSET(type, struct_size, 0);                                                \
  _Static_assert(sizeof(type) == bytes, #type " has grown since version 3")
#define NUMBER(name, value)                                                    \
  _Static_assert(name == value, #name " has changed since version 1")

SIZE(terrazzo_program_options, 88);
SIZE(terrazzo_function_facts, 56);
SIZE(terrazzo_size_facts, 24);
SIZE(terrazzo_value_facts, 40);
SIZE(terrazzo_view, 48);
SIZE(terrazzo_weight, 24);
SIZE(terrazzo_state_facts, 48);
SIZE(terrazzo_diagnostic, 56);
SIZE(terrazzo_compile_options, 88);
OFFSET(terrazzo_program_options, package_path, 8);
OFFSET(terrazzo_program_options, package_bytes, 16);
OFFSET(terrazzo_program_options, package_size, 24);
OFFSET(terrazzo_program_options, weights_path, 32);
OFFSET(terrazzo_program_options, target, 40);
OFFSET(terrazzo_program_options, cache_folder, 48);
OFFSET(terrazzo_program_options, device, 56);
OFFSET(terrazzo_program_options, threads, 64);
OFFSET(terrazzo_program_options, cache_rows, 68);
OFFSET(terrazzo_program_options, weights, 72);
OFFSET(terrazzo_program_options, weight_count, 80);
OFFSET(terrazzo_function_facts, name, 8);
OFFSET(terrazzo_function_facts, signature, 16);
OFFSET(terrazzo_function_facts, size, 24);
OFFSET(terrazzo_function_facts, largest_size, 32);
OFFSET(terrazzo_function_facts, arguments, 40);
OFFSET(terrazzo_function_facts, results, 44);
OFFSET(terrazzo_function_facts, sizes, 48);
OFFSET(terrazzo_size_facts, name, 8);
OFFSET(terrazzo_size_facts, largest, 16);
OFFSET(terrazzo_value_facts, name, 8);
OFFSET(terrazzo_value_facts, dims, 16);
OFFSET(terrazzo_value_facts, rank, 24);
OFFSET(terrazzo_value_facts, element, 28);
OFFSET(terrazzo_value_facts, limit, 32);
OFFSET(terrazzo_weight, name, 8);
OFFSET(terrazzo_weight, view, 16);
OFFSET(terrazzo_view, data, 8);
OFFSET(terrazzo_view, shape, 16);
OFFSET(terrazzo_view, strides, 24);
OFFSET(terrazzo_view, rank, 32);
OFFSET(terrazzo_view, element, 36);
OFFSET(terrazzo_view, place, 40);
OFFSET(terrazzo_state_facts, name, 8);
OFFSET(terrazzo_state_facts, type, 16);
OFFSET(terrazzo_state_facts, row_bytes, 24);
OFFSET(terrazzo_state_facts, rows, 32);
OFFSET(terrazzo_state_facts, bytes, 40);
OFFSET(terrazzo_diagnostic, severity, 8);
OFFSET(terrazzo_diagnostic, code, 16);
OFFSET(terrazzo_diagnostic, what, 24);
OFFSET(terrazzo_diagnostic, where, 32);
OFFSET(terrazzo_diagnostic, why, 40);
OFFSET(terrazzo_diagnostic, help, 48);
OFFSET(terrazzo_compile_options, model_path, 8);
OFFSET(terrazzo_compile_options, module_text, 16);
OFFSET(terrazzo_compile_options, module_bytes, 24);
OFFSET(terrazzo_compile_options, output_path, 32);
OFFSET(terrazzo_compile_options, target, 40);
OFFSET(terrazzo_compile_options, compiler, 48);
OFFSET(terrazzo_compile_options, fallback_error, 56);
OFFSET(terrazzo_compile_options, context, 64);
OFFSET(terrazzo_compile_options, diagnostic, 72);
OFFSET(terrazzo_compile_options, progress, 80);
/* DLPack's own, of version 0.8 and 1. */
OFFSET(terrazzo_dl_tensor, data, 0);
OFFSET(terrazzo_dl_tensor, device_type, 8);
OFFSET(terrazzo_dl_tensor, device_id, 12);
OFFSET(terrazzo_dl_tensor, ndim, 16);
OFFSET(terrazzo_dl_tensor, code, 20);
OFFSET(terrazzo_dl_tensor, bits, 21);
OFFSET(terrazzo_dl_tensor, lanes, 22);
OFFSET(terrazzo_dl_tensor, shape, 24);
OFFSET(terrazzo_dl_tensor, strides, 32);
OFFSET(terrazzo_dl_tensor, byte_offset, 40);
NUMBER(TERRAZZO_F64, 1);
NUMBER(TERRAZZO_F32, 2);
NUMBER(TERRAZZO_F16, 3);
NUMBER(TERRAZZO_BF16, 4);
NUMBER(TERRAZZO_I64, 5);
NUMBER(TERRAZZO_I32, 6);
NUMBER(TERRAZZO_I16, 7);
NUMBER(TERRAZZO_I8, 8);
NUMBER(TERRAZZO_BOOL, 9);
NUMBER(TERRAZZO_U8, 10);
NUMBER(TERRAZZO_HOST, 0);
NUMBER(TERRAZZO_DEVICE, 1);
