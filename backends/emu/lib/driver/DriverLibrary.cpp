// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Libraries: modules that belong to no context and are loaded into each that
// uses them.
#include "driver/DriverModule.h"

#include <cstring>

namespace terrazzo::emu::driver {

CUresult libraryModule(Library &library, Context &context,
                       std::shared_ptr<LoadedModule> &module) {
  std::shared_ptr<LoadedModule> &known = library.modules[&context];
  if (!known)
    if (CUresult wrong =
            loadModule(context, library.image.c_str(), {}, known)) {
      library.modules.erase(&context);
      return wrong;
    }
  module = known;
  return CUDA_SUCCESS;
}

std::shared_ptr<Function> findFunction(const void *handle, Context &context) {
  if (std::shared_ptr<Function> function = find<Function>(handle))
    return function;
  std::shared_ptr<Kernel> kernel = find<Kernel>(handle);
  std::shared_ptr<Library> library = kernel ? kernel->library.lock() : nullptr;
  std::shared_ptr<LoadedModule> module;
  if (!library || libraryModule(*library, context, module))
    return nullptr;
  return functionOf(module, kernel->name);
}

namespace {

CUresult checkOptions(const CUlibraryOption *options, unsigned count) {
  // The second one says that the image outlives the library.
  constexpr CUlibraryOption hostTables = 0, imageStays = 1;
  for (unsigned i = 0; i < count; ++i)
    if (options[i] != imageStays)
      return options[i] == hostTables ? CUDA_ERROR_NOT_SUPPORTED
                                      : CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

/// The library's kernel of a name that its module has.
CUkernel kernelOf(const std::shared_ptr<Library> &library,
                  const std::string &name) {
  std::shared_ptr<Object> &kernel = library->kernels[name];
  if (!kernel) {
    auto fresh = std::make_shared<Kernel>();
    fresh->library = library;
    fresh->name = name;
    driver().add(fresh, nullptr);
    kernel = std::move(fresh);
  }
  return handleOf<Object, CUkernel>(kernel);
}

template <typename Body> CUresult useLibrary(CUlibrary handle, Body body) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Library> library = find<Library>(handle);
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    std::shared_ptr<LoadedModule> module;
    if (CUresult wrong = libraryModule(*library, context, module))
      return wrong;
    return body(library, module);
  });
}

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuLibraryLoadData(CUlibrary *result, const void *image,
                           CUjit_option *options, void **values, unsigned count,
                           CUlibraryOption *libraryOptions, void **,
                           unsigned libraryCount) {
  return enter([&](Lock &) -> CUresult {
    if (!result || !image || (count && (!options || !values)) ||
        (libraryCount && !libraryOptions))
      return CUDA_ERROR_INVALID_VALUE;
    if (CUresult wrong = checkOptions(libraryOptions, libraryCount))
      return wrong;
    auto library = std::make_shared<Library>();
    // Without a context nothing is loaded yet, and nothing found wrong.
    std::shared_ptr<Context> context = currentContext();
    if (context && context->active) {
      std::shared_ptr<LoadedModule> module;
      if (CUresult wrong =
              loadModule(*context, static_cast<const char *>(image),
                         {options, values, count}, module))
        return wrong;
      library->modules[context.get()] = std::move(module);
    }
    library->image = static_cast<const char *>(image);
    driver().add(library, nullptr);
    *result = handleOf<Library, CUlibrary>(library);
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *path,
                               CUjit_option *options, void **values,
                               unsigned count, CUlibraryOption *libraryOptions,
                               void **libraryValues, unsigned libraryCount) {
  if (!path)
    return CUDA_ERROR_INVALID_VALUE;
  std::string text;
  if (!readFile(path, text))
    return CUDA_ERROR_FILE_NOT_FOUND;
  return cuLibraryLoadData(library, text.c_str(), options, values, count,
                           libraryOptions, libraryValues, libraryCount);
}

CUresult cuLibraryUnload(CUlibrary handle) {
  return enter([&](Lock &lock) -> CUresult {
    std::shared_ptr<Library> library = find<Library>(handle);
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    auto modules = std::move(library->modules);
    for (const auto &[context, module] : modules) {
      waitForAll(*context, lock);
      unloadModule(*module);
    }
    for (const auto &[name, kernel] : library->kernels)
      driver().remove(*kernel);
    driver().remove(*library);
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetKernel(CUkernel *result, CUlibrary handle,
                            const char *name) {
  if (!result || !name)
    return CUDA_ERROR_INVALID_VALUE;
  return useLibrary(
      handle,
      [&](const std::shared_ptr<Library> &library,
          const std::shared_ptr<LoadedModule> &module) -> CUresult {
        if (module->code->findKernel(name) < 0)
          return CUDA_ERROR_NOT_FOUND;
        *result = kernelOf(library, name);
        return CUDA_SUCCESS;
      });
}

CUresult cuLibraryGetKernelCount(unsigned *count, CUlibrary handle) {
  if (!count)
    return CUDA_ERROR_INVALID_VALUE;
  return useLibrary(handle, [&](const std::shared_ptr<Library> &,
                                const std::shared_ptr<LoadedModule> &module) {
    *count = unsigned(module->code->kernels().size());
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryEnumerateKernels(CUkernel *kernels, unsigned count,
                                   CUlibrary handle) {
  if (!kernels || !count)
    return CUDA_ERROR_INVALID_VALUE;
  return useLibrary(handle, [&](const std::shared_ptr<Library> &library,
                                const std::shared_ptr<LoadedModule> &module) {
    const auto &all = module->code->kernels();
    for (unsigned i = 0; i < count && i < all.size(); ++i)
      kernels[i] = kernelOf(library, all[i].name);
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetModule(CUmodule *result, CUlibrary handle) {
  if (!result)
    return CUDA_ERROR_INVALID_VALUE;
  return useLibrary(handle, [&](const std::shared_ptr<Library> &,
                                const std::shared_ptr<LoadedModule> &module) {
    *result = handleOf<LoadedModule, CUmodule>(module);
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetGlobal(CUdeviceptr *address, size_t *bytes,
                            CUlibrary handle, const char *name) {
  if (!name)
    return CUDA_ERROR_INVALID_VALUE;
  return useLibrary(handle, [&](const std::shared_ptr<Library> &,
                                const std::shared_ptr<LoadedModule> &module) {
    return findGlobal(*module, name, address, bytes);
  });
}

CUresult cuKernelGetFunction(CUfunction *result, CUkernel handle) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!result)
      return CUDA_ERROR_INVALID_VALUE;
    std::shared_ptr<Function> function =
        find<Kernel>(handle) ? findFunction(handle, context) : nullptr;
    if (!function)
      return CUDA_ERROR_INVALID_HANDLE;
    *result = handleOf<Function, CUfunction>(function);
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetLibrary(CUlibrary *result, CUkernel handle) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Kernel> kernel = find<Kernel>(handle);
    std::shared_ptr<Library> library =
        kernel ? kernel->library.lock() : nullptr;
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!result)
      return CUDA_ERROR_INVALID_VALUE;
    *result = handleOf<Library, CUlibrary>(library);
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetName(const char **name, CUkernel handle) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Kernel> kernel = find<Kernel>(handle);
    if (!kernel)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!name)
      return CUDA_ERROR_INVALID_VALUE;
    *name = kernel->name.c_str();
    return CUDA_SUCCESS;
  });
}
}
