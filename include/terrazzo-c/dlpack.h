/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Arrays of other libraries as views, without a copy: DLPack's tensor is what
 * NumPy, torch and JAX hand out. Its layout is stated here once more, so that
 * nobody needs its header; a pointer to the original may be given.
 */
#ifndef TERRAZZO_C_DLPACK_H
#define TERRAZZO_C_DLPACK_H

#include "terrazzo-c/program.h"

#ifdef __cplusplus
extern "C" {
#endif

/* DLTensor of DLPack 0.8 and 1. @since 1 */
typedef struct terrazzo_dl_tensor {
  void *data;
  int32_t device_type; /* 1: the processor; 3, 11: its memory that a device
                          reaches; others: memory of a device */
  int32_t device_id;
  int32_t ndim;
  uint8_t code; /* 0: integer, 2: float, 4: bfloat */
  uint8_t bits;
  uint16_t lanes; /* 1 */
  int64_t *shape;
  int64_t *strides; /* null: dense */
  uint64_t byte_offset;
} terrazzo_dl_tensor;

/* Fills in a view of the tensor, whose shape and strides it borrows. 2 when the
 * tensor holds what no function takes. @since 1 */
TERRAZZO_PROGRAM_API int
terrazzo_view_from_dlpack(const terrazzo_dl_tensor *tensor,
                          terrazzo_view *view);

#ifdef __cplusplus
}
#endif
#endif
