/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * usage: stranger FOLDER, in which the PTX texts of Threads.cu and Matrix.cu
 * are. Exits 1 when anything is not as it should be.
 */
#include "Stranger.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Driver cu;
int failures;

void check(int good, const char *what, const char *file, int line) {
  if (good)
    return;
  ++failures;
  fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
}

void expectAnswer(int answer, int expected, const char *what, const char *file,
                  int line) {
  const char *name = "?", *wanted = "?";
  if (answer == expected)
    return;
  cu.errorName(answer, &name);
  cu.errorName(expected, &wanted);
  ++failures;
  fprintf(stderr, "%s:%d: %s answered %s, not %s\n", file, line, what, name,
          wanted);
}

char *readText(const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(1);
  }
  fseek(file, 0, SEEK_END);
  size_t bytes = (size_t)ftell(file);
  rewind(file);
  char *text = calloc(bytes + 1, 1);
  if (fread(text, 1, bytes, file) != bytes)
    exit(1);
  fclose(file);
  return text;
}

Handle kernelOf(Handle module, const char *name) {
  Handle kernel = NULL;
  GOOD(cu.getFunction(&kernel, module, name));
  return kernel;
}

Address upload(const void *bytes, size_t count) {
  Address memory = 0;
  GOOD(cu.allocate(&memory, count));
  GOOD(bytes ? cu.toDevice(memory, bytes, count) : cu.fill(memory, 0, count));
  return memory;
}

void download(void *bytes, Address memory, size_t count) {
  GOOD(cu.toHost(bytes, memory, count));
  GOOD(cu.release_memory(memory));
}

int launch(Handle kernel, unsigned blocks, unsigned threads, void **arguments) {
  return cu.launch(kernel, blocks, 1, 1, threads, 1, 1, 0, NULL, arguments,
                   NULL);
}

static void openDriver(void) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  static const struct {
    const char *name;
    size_t offset;
  } rows[] = {
#define ROW(member, name) {name, offsetof(struct Driver, member)}
      ROW(init, "cuInit"),
      ROW(getCount, "cuDeviceGetCount"),
      ROW(getDevice, "cuDeviceGet"),
      ROW(getAttribute, "cuDeviceGetAttribute"),
      ROW(errorName, "cuGetErrorName"),
      ROW(retain, "cuDevicePrimaryCtxRetain"),
      ROW(release, "cuDevicePrimaryCtxRelease_v2"),
      ROW(reset, "cuDevicePrimaryCtxReset_v2"),
      ROW(setCurrent, "cuCtxSetCurrent"),
      ROW(synchronize, "cuCtxSynchronize"),
      ROW(loadData, "cuModuleLoadData"),
      ROW(loadDataEx, "cuModuleLoadDataEx"),
      ROW(unload, "cuModuleUnload"),
      ROW(getFunction, "cuModuleGetFunction"),
      ROW(allocate, "cuMemAlloc_v2"),
      ROW(release_memory, "cuMemFree_v2"),
      ROW(toDevice, "cuMemcpyHtoD_v2"),
      ROW(toHost, "cuMemcpyDtoH_v2"),
      ROW(fill, "cuMemsetD8_v2"),
      ROW(launch, "cuLaunchKernel"),
      ROW(launchTogether, "cuLaunchCooperativeKernel"),
      ROW(streamCreate, "cuStreamCreate"),
      ROW(streamDestroy, "cuStreamDestroy_v2"),
      ROW(streamSynchronize, "cuStreamSynchronize"),
      ROW(beginCapture, "cuStreamBeginCapture_v2"),
      ROW(endCapture, "cuStreamEndCapture"),
      ROW(instantiate, "cuGraphInstantiateWithFlags"),
      ROW(graphLaunch, "cuGraphLaunch"),
      ROW(graphDestroy, "cuGraphDestroy"),
      ROW(graphExecDestroy, "cuGraphExecDestroy"),
      ROW(eventCreate, "cuEventCreate"),
      ROW(eventRecord, "cuEventRecord"),
      ROW(eventElapsed, "cuEventElapsedTime"),
      ROW(eventDestroy, "cuEventDestroy_v2"),
#undef ROW
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
    void *symbol = dlsym(library, rows[i].name);
    if (!symbol) {
      fprintf(stderr, "the driver has no %s\n", rows[i].name);
      exit(1);
    }
    memcpy((char *)&cu + rows[i].offset, &symbol, sizeof(symbol));
  }
}

int main(int count, char **arguments) {
  if (count != 2)
    return 2;
  openDriver();
  int devices = 0, device = -1, major = 0, minor = 0;
  Handle context = NULL, threads = NULL, matrix = NULL;
  EXPECT(cu.getCount(&devices), 3);
  GOOD(cu.init(0));
  GOOD(cu.getCount(&devices));
  CHECK(devices >= 1);
  GOOD(cu.getDevice(&device, 0));
  GOOD(cu.getAttribute(&major, 75, device));
  GOOD(cu.getAttribute(&minor, 76, device));
  CHECK(major * 10 + minor >= 80);
  GOOD(cu.retain(&context, device));
  GOOD(cu.setCurrent(context));
  char *threadText = readText(arguments[1], "Threads.ptx");
  char *matrixText = readText(arguments[1], "Matrix.ptx");
  GOOD(cu.loadData(&threads, threadText));
  GOOD(cu.loadData(&matrix, matrixText));
  if (failures)
    return 1;
  testThreads(threads);
  testMatrix(matrix);
  GOOD(cu.unload(matrix));
  testErrors(threads, threadText);
  GOOD(cu.release(device));
  free(threadText);
  free(matrixText);
  if (failures)
    fprintf(stderr, "%d failures\n", failures);
  return failures ? 1 : 0;
}
