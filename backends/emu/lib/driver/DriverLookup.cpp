// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entry points by name and version, for programs that look up all but one.
#include "driver/DriverState.h"

#include <dlfcn.h>
#include <string>

namespace {

/// Since when a version of an entry point that changed its arguments exists,
/// and the symbol of it. The newest that is old enough is taken; entry points
/// that are not listed have one form.
struct Row {
  const char *name, *symbol;
  int since;
};

constexpr Row rows[] = {
    {"cuCtxCreate", "cuCtxCreate_v4", 12050},
    {"cuCtxCreate", "cuCtxCreate_v3", 11040},
    {"cuCtxCreate", "cuCtxCreate_v2", 3020},
    {"cuStreamBeginCapture", "cuStreamBeginCapture_v2", 10010},
    {"cuStreamBeginCapture", "cuStreamBeginCapture", 10000},
    {"cuStreamGetCaptureInfo", "cuStreamGetCaptureInfo_v3", 12030},
    {"cuStreamGetCaptureInfo", "cuStreamGetCaptureInfo_v2", 11030},
    {"cuStreamGetCaptureInfo", "cuStreamGetCaptureInfo", 10010},
    {"cuGraphAddKernelNode", "cuGraphAddKernelNode_v2", 12000},
    {"cuGraphAddKernelNode", "cuGraphAddKernelNode", 10000},
    {"cuGraphKernelNodeGetParams", "cuGraphKernelNodeGetParams_v2", 12000},
    {"cuGraphKernelNodeGetParams", "cuGraphKernelNodeGetParams", 10000},
    {"cuGraphKernelNodeSetParams", "cuGraphKernelNodeSetParams_v2", 12000},
    {"cuGraphKernelNodeSetParams", "cuGraphKernelNodeSetParams", 10000},
    {"cuGraphExecKernelNodeSetParams", "cuGraphExecKernelNodeSetParams_v2",
     12000},
    {"cuGraphExecKernelNodeSetParams", "cuGraphExecKernelNodeSetParams", 10010},
    {"cuGraphExecUpdate", "cuGraphExecUpdate_v2", 12000},
    {"cuGraphExecUpdate", "cuGraphExecUpdate", 10020},
    {"cuGraphInstantiate", "cuGraphInstantiateWithFlags", 12000},
    {"cuGraphInstantiate", "cuGraphInstantiate", 10000},
    {"cuGraphAddDependencies", "cuGraphAddDependencies_v2", 12030},
    {"cuGraphAddDependencies", "cuGraphAddDependencies", 10000},
    {"cuGraphRemoveDependencies", "cuGraphRemoveDependencies_v2", 12030},
    {"cuGraphRemoveDependencies", "cuGraphRemoveDependencies", 10000},
    {"cuGraphGetEdges", "cuGraphGetEdges_v2", 12030},
    {"cuGraphGetEdges", "cuGraphGetEdges", 10000},
    {"cuGraphNodeGetDependencies", "cuGraphNodeGetDependencies_v2", 12030},
    {"cuGraphNodeGetDependencies", "cuGraphNodeGetDependencies", 10000},
    {"cuGraphNodeGetDependentNodes", "cuGraphNodeGetDependentNodes_v2", 12030},
    {"cuGraphNodeGetDependentNodes", "cuGraphNodeGetDependentNodes", 10000},
    {"cuStreamUpdateCaptureDependencies",
     "cuStreamUpdateCaptureDependencies_v2", 12030},
    {"cuStreamUpdateCaptureDependencies", "cuStreamUpdateCaptureDependencies",
     11030},
    {"cuMemAdvise", "cuMemAdvise_v2", 12020},
    {"cuMemAdvise", "cuMemAdvise", 8000},
    {"cuMemPrefetchAsync", "cuMemPrefetchAsync_v2", 12020},
    {"cuMemPrefetchAsync", "cuMemPrefetchAsync", 8000},
    {"cuGetProcAddress", "cuGetProcAddress_v2", 12000},
    {"cuGetProcAddress", "cuGetProcAddress", 11030},
    {"cuCtxGetDevice", "cuCtxGetDevice_v2", 13000},
    {"cuCtxGetDevice", "cuCtxGetDevice", 2000},
    {"cuCtxSynchronize", "cuCtxSynchronize_v2", 13000},
    {"cuCtxSynchronize", "cuCtxSynchronize", 2000},
};

enum { Found = 0, NotFound = 1, TooNew = 2 };
constexpr uint64_t perThreadFlag = 2;

/// This library, however it was opened.
void *library() {
  static void *handle = [] {
    Dl_info info;
    void *self = nullptr;
    if (dladdr(reinterpret_cast<void *>(&cuInit), &info) && info.dli_fname)
      self = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    return self ? self : RTLD_DEFAULT;
  }();
  return handle;
}

/// The form for threads that have a default stream of their own, when asked
/// for and there.
void *lookUp(const std::string &symbol, bool perThread) {
  if (perThread)
    for (const char *form : {"_ptsz", "_ptds"})
      if (void *address = dlsym(library(), (symbol + form).c_str()))
        return address;
  return dlsym(library(), symbol.c_str());
}

int resolve(const char *name, int version, bool perThread, void **address) {
  bool listed = false;
  for (const Row &row : rows) {
    if (std::string(row.name) != name)
      continue;
    listed = true;
    if (row.since <= version) {
      *address = lookUp(row.symbol, perThread);
      return Found;
    }
  }
  if (listed)
    return TooNew;
  std::string symbol = name;
  if (!symbol.starts_with("cu"))
    return NotFound;
  *address = lookUp(symbol + "_v2", perThread);
  if (!*address)
    *address = lookUp(symbol, perThread);
  return *address ? Found : NotFound;
}

} // namespace

extern "C" {

CUresult cuGetProcAddress_v2(const char *symbol, void **function, int version,
                             uint64_t flags,
                             CUdriverProcAddressQueryResult *status) {
  if (!symbol || !function || flags > perThreadFlag)
    return CUDA_ERROR_INVALID_VALUE;
  *function = nullptr;
  int result = resolve(symbol, version, flags == perThreadFlag, function);
  if (status)
    *status = result;
  // With a status the call itself succeeds, whatever was found.
  return result == Found || status ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

TZ_EMU_API CUresult cuGetProcAddress(const char *symbol, void **function,
                                     int version, uint64_t flags) {
  return cuGetProcAddress_v2(symbol, function, version, flags, nullptr);
}

CUresult cuGetExportTable(const void **table, const CUuuid *) {
  if (table)
    *table = nullptr;
  return CUDA_ERROR_NOT_FOUND;
}
}
