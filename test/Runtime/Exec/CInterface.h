/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What CInterface.c does, for the test that calls it.
 */
#ifndef TERRAZZO_TEST_CINTERFACE_H
#define TERRAZZO_TEST_CINTERFACE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

int stepInC(const char *package, const char *weights, const int32_t *tokens,
            size_t count, float *logits);
int openOnDeviceInC(const char *package, const char *weights,
                    const char *device, uint32_t *threads);
int openNothingInC(char *error, size_t bytes);
uint32_t queryAsOlderCaller(const char *package, const char *weights);
/* Runs the toy model's `transpose` on the host device. */
int launchInC(const char *target, const void *code, size_t codeBytes,
              uint64_t entry, const float *head, float *packed, size_t bytes,
              int64_t workgroups);

#ifdef __cplusplus
}
#endif
#endif
