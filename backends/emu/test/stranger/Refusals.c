/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What the driver must answer when a program is wrong.
 */
#include "Stranger.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text with `line` put in front of the first instruction of `kernel`. */
static char *damaged(const char *text, const char *line) {
  const char *place = strstr(text, "ld.param");
  if (!place)
    exit(1);
  size_t before = (size_t)(place - text);
  char *copy = calloc(strlen(text) + strlen(line) + 1, 1);
  memcpy(copy, text, before);
  strcpy(copy + before, line);
  strcat(copy, place);
  return copy;
}

static void testTexts(const char *text) {
  Handle module;
  char log[512] = "";
  int options[] = {5, 6};
  void *values[] = {log, (void *)sizeof(log)};
  char *unknown = damaged(text, "frobnicate.b32 %r1, %r1;\n\t");
  EXPECT(cu.loadDataEx(&module, unknown, 2, options, values), 218);
  CHECK(strstr(log, "frobnicate") != NULL);
  CHECK(strstr(log, "line") != NULL);
  free(unknown);
  char *bad = damaged(text, "} { ) ;\n\t");
  EXPECT(cu.loadData(&module, bad), 218);
  free(bad);
  EXPECT(cu.loadData(&module, "this is no program"), 200);
  char *future = damaged(text, "");
  char *version = strstr(future, ".version");
  memcpy(version, ".version 99.9 //", 16);
  EXPECT(cu.loadData(&module, future), 222);
  free(future);
}

/* Each fault ends the context; a reset begins a new one. */
static void testFault(const char *text, const char *name, void **arguments,
                      int expected) {
  Handle module, kernel;
  Address memory;
  GOOD(cu.loadData(&module, text));
  kernel = kernelOf(module, name);
  GOOD(launch(kernel, 1, 32, arguments));
  EXPECT(cu.synchronize(), expected);
  EXPECT(cu.synchronize(), expected);
  EXPECT(cu.allocate(&memory, 16), expected);
  EXPECT(launch(kernel, 1, 32, arguments), expected);
  GOOD(cu.reset(0));
  GOOD(cu.allocate(&memory, 16));
  GOOD(cu.release_memory(memory));
  EXPECT(launch(kernel, 1, 32, arguments), 400);
}

void testErrors(Handle module, const char *text) {
  Handle kernel;
  Address memory;
  uint32_t value = 1;
  EXPECT(cu.getFunction(&kernel, module, "absent"), 500);
  EXPECT(cu.allocate(&memory, (size_t)1 << 60), 2);
  EXPECT(cu.release_memory(12345), 1);
  EXPECT(cu.toHost(&value, 16, 4), 1);
  EXPECT(launch((Handle)&value, 1, 1, NULL), 400);
  kernel = kernelOf(module, "stop");
  EXPECT(launch(kernel, 1, 2048, NULL), 1);
  EXPECT(launch(kernel, 0, 1, NULL), 1);
  testTexts(text);

  Address nowhere = 64, crooked;
  void *arguments[] = {&nowhere, &value};
  testFault(text, "storeAt", arguments, 700);
  GOOD(cu.allocate(&crooked, 64));
  crooked += 2;
  arguments[0] = &crooked;
  testFault(text, "storeAt", arguments, 716);
  testFault(text, "stop", NULL, 719);
}
