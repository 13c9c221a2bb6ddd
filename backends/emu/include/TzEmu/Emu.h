/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What libterrazzo-emu-cuda.so exports besides the driver API. A program that
 * finds these symbols in its driver knows that the device is emulated.
 */
#ifndef TERRAZZO_EMU_H
#define TERRAZZO_EMU_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What exists now in the whole process. */
typedef struct terrazzoEmuObjects {
  uint64_t allocations;     /* of device memory, pools and managed included */
  uint64_t hostAllocations; /* page-locked, registered ranges included */
  uint64_t contexts;        /* active primary ones included */
  uint64_t modules;
  uint64_t libraries;
  uint64_t streams; /* created ones */
  uint64_t events;
  uint64_t graphs;
  uint64_t graphExecs;
  uint64_t pools; /* created ones */
} terrazzoEmuObjects;

/* One line: what of the current context's device (else of the first) is exact,
 * approximate, not modelled. The text lives as long as the process. Null before
 * cuInit. */
const char *terrazzoEmuFidelity(void);

/* Sees to it that devices of this architecture ("sm_90a") exist, as many as
 * TERRAZZO_EMU_DEVICES says, and answers the number of the first; -1 when it is
 * unknown. Called before cuInit it stands in place of TERRAZZO_EMU_ARCH, else
 * sm_80. The caller reports faults of kernels itself from then on: they are no
 * longer written to stderr. */
int terrazzoEmuSelect(const char *arch);

/* Words on the last fault of a kernel or failed load of PTX in this process;
 * "" when there was none. The text lives until the thread's next call. */
const char *terrazzoEmuLastFault(void);

void terrazzoEmuLiveObjects(terrazzoEmuObjects *objects);

#ifdef __cplusplus
}
#endif
#endif
