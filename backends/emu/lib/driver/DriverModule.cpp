// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules: PTX text that is loaded, and what is looked up in it.
#include "driver/DriverModule.h"
#include "driver/DriverCapture.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

namespace terrazzo::emu::driver {

namespace {

/// The text of the log buffers that a program passes as options of a load.
void writeLog(const JitOptions &options, int bufferOption, int sizeOption,
              const std::string &text) {
  char *buffer = nullptr;
  size_t room = 0;
  void **size = nullptr;
  for (unsigned i = 0; i < options.count; ++i) {
    if (options.names[i] == bufferOption)
      buffer = static_cast<char *>(options.values[i]);
    if (options.names[i] == sizeOption) {
      size = &options.values[i];
      room = uint32_t(reinterpret_cast<uintptr_t>(options.values[i]));
    }
  }
  size_t written = 0;
  if (buffer && room) {
    written = std::min(text.size(), room - 1);
    memcpy(buffer, text.data(), written);
    buffer[written] = 0;
  }
  // The option's value becomes what was written.
  if (size)
    *size = reinterpret_cast<void *>(written);
}

bool hasErrorLog(const JitOptions &options) {
  bool buffer = false, room = false;
  for (unsigned i = 0; i < options.count; ++i) {
    bool given = options.values[i] != nullptr;
    buffer |= options.names[i] == CU_JIT_ERROR_LOG_BUFFER && given;
    room |= options.names[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES && given;
  }
  return buffer && room;
}

bool startsWith(const char *image, uint32_t magic) {
  uint32_t first;
  memcpy(&first, image, sizeof(first));
  return first == magic;
}

/// What a number of the form 8.3 or sm_90 behind `directive` is, times ten, or
/// as it stands; 0 when it is not there.
int directive(std::string_view text, std::string_view name) {
  size_t at = text.find(name);
  if (at == std::string_view::npos)
    return 0;
  int value = 0;
  bool any = false;
  for (char c : text.substr(at + name.size(), 32)) {
    if (c >= '0' && c <= '9') {
      value = value * 10 + (c - '0');
      any = true;
    } else if (any && c != '.') {
      break;
    }
  }
  return value;
}

CUresult refuse(const JitOptions &options, CUresult result,
                const std::string &text) {
  writeLog(options, CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
           text);
  writeLog(options, CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
           "");
  // Whoever brings a buffer reads it there. Loading the same again is no news.
  static std::string last;
  bool heard = hasErrorLog(options) || text == last;
  last = text;
  noteFault(text, !heard);
  return result;
}

} // namespace

CUresult loadModule(Context &context, const char *image,
                    const JitOptions &options,
                    std::shared_ptr<LoadedModule> &result) {
  if (!image)
    return CUDA_ERROR_INVALID_VALUE;
  if (CUresult wrong = checkJitOptions(options, context.device->architecture))
    return wrong;
  constexpr uint32_t elf = 0x464c457f, fatHeader = 0xba55ed50,
                     fatWrapper = 0x466243b1;
  const char *machineCode =
      "this is machine code for NVIDIA hardware; the emulated device runs PTX "
      "text";
  // Read as text first: a short text may end inside the four bytes.
  bool text = image[0] == 0 || image[1] == 0 || image[2] == 0;
  if (!text && (startsWith(image, elf) || startsWith(image, fatHeader) ||
                startsWith(image, fatWrapper)))
    return refuse(options, CUDA_ERROR_NO_BINARY_FOR_GPU, machineCode);
  std::string_view ptx(image);
  if (ptx.find(".version") == std::string_view::npos)
    return refuse(options, CUDA_ERROR_INVALID_IMAGE,
                  "the image is neither PTX text nor any other code that the "
                  "driver knows");
  Outcome outcome;
  auto module = std::make_shared<LoadedModule>();
  const Architecture &architecture = context.device->architecture;
  module->owner = std::static_pointer_cast<Context>(context.shared_from_this());
  module->ptxVersion = directive(ptx, ".version");
  module->code =
      Module::load(ptx, architecture, context.device->memory, outcome);
  if (!module->code || !outcome) {
    CUresult code = resultOf(outcome);
    if (code == CUDA_ERROR_UNSUPPORTED_PTX_VERSION &&
        directive(ptx, ".target") >
            architecture.major * 10 + architecture.minor)
      code = CUDA_ERROR_NO_BINARY_FOR_GPU;
    std::string where =
        outcome.line && outcome.text.find("line") == std::string::npos
            ? "line " + std::to_string(outcome.line) + ": "
            : "";
    return refuse(options, code ? code : CUDA_ERROR_INVALID_PTX,
                  where + outcome.text);
  }
  writeLog(options, CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
           "");
  std::string info;
  for (const KernelInfo &kernel : module->code->kernels())
    info += "kernel '" + kernel.name +
            "': " + std::to_string(kernel.sharedBytes) +
            " bytes of shared memory, " + std::to_string(kernel.localBytes) +
            " of local memory\n";
  writeLog(options, CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
           info);
  for (unsigned i = 0; i < options.count; ++i)
    if (options.names[i] == CU_JIT_WALL_TIME)
      options.values[i] = nullptr;
  driver().add(module, &context);
  result = std::move(module);
  return CUDA_SUCCESS;
}

void unloadModule(LoadedModule &module) {
  for (const auto &[name, function] : module.functions)
    driver().remove(*function);
  // A function knows its module: without this they would keep each other.
  module.functions.clear();
  driver().remove(module);
}

std::shared_ptr<Function>
functionOf(const std::shared_ptr<LoadedModule> &module,
           const std::string &name) {
  auto known = module->functions.find(name);
  if (known != module->functions.end())
    return known->second;
  int index = module->code->findKernel(name);
  if (index < 0)
    return nullptr;
  auto function = std::make_shared<Function>();
  function->module = module;
  function->index = index;
  driver().add(function, module->context);
  module->functions.emplace(name, function);
  return function;
}

bool readFile(const char *path, std::string &text) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  text = std::move(all).str();
  return file.good();
}

CUresult findGlobal(const LoadedModule &module, const char *name,
                    CUdeviceptr *address, size_t *bytes) {
  for (const GlobalInfo &global : module.code->globals())
    if (global.name == name) {
      if (address)
        *address = global.address;
      if (bytes)
        *bytes = global.bytes;
      return CUDA_SUCCESS;
    }
  return CUDA_ERROR_NOT_FOUND;
}

} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuModuleLoadDataEx(CUmodule *result, const void *image, unsigned count,
                            CUjit_option *options, void **values) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!result || (count && (!options || !values)))
      return CUDA_ERROR_INVALID_VALUE;
    if (CUresult forbidden = checkUnsafe())
      return forbidden;
    std::shared_ptr<LoadedModule> module;
    CUresult wrong = loadModule(context, static_cast<const char *>(image),
                                {options, values, count}, module);
    if (wrong == CUDA_SUCCESS)
      *result = handleOf<LoadedModule, CUmodule>(module);
    return wrong;
  });
}

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  return cuModuleLoadDataEx(module, image, 0, nullptr, nullptr);
}

CUresult cuModuleLoadFatBinary(CUmodule *module, const void *image) {
  return cuModuleLoadData(module, image);
}

CUresult cuModuleLoad(CUmodule *module, const char *path) {
  if (!path)
    return CUDA_ERROR_INVALID_VALUE;
  std::string text;
  if (!readFile(path, text))
    return CUDA_ERROR_FILE_NOT_FOUND;
  return cuModuleLoadData(module, text.c_str());
}

CUresult cuModuleUnload(CUmodule handle) {
  return enterContext([&](Context &context, Lock &lock) -> CUresult {
    std::shared_ptr<LoadedModule> module = find<LoadedModule>(handle);
    if (!module)
      return CUDA_ERROR_INVALID_HANDLE;
    if (CUresult forbidden = checkUnsafe())
      return forbidden;
    waitForAll(context, lock);
    unloadModule(*module);
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetFunction(CUfunction *result, CUmodule handle,
                             const char *name) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    std::shared_ptr<LoadedModule> module = find<LoadedModule>(handle);
    if (!module)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!result || !name)
      return CUDA_ERROR_INVALID_VALUE;
    std::shared_ptr<Function> function = functionOf(module, name);
    if (!function)
      return CUDA_ERROR_NOT_FOUND;
    *result = handleOf<Function, CUfunction>(function);
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetFunctionCount(unsigned *count, CUmodule handle) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    std::shared_ptr<LoadedModule> module = find<LoadedModule>(handle);
    if (!module)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = unsigned(module->code->kernels().size());
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned count,
                                    CUmodule handle) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    std::shared_ptr<LoadedModule> module = find<LoadedModule>(handle);
    if (!module)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!functions || !count)
      return CUDA_ERROR_INVALID_VALUE;
    const auto &kernels = module->code->kernels();
    for (unsigned i = 0; i < count && i < kernels.size(); ++i)
      functions[i] =
          handleOf<Function, CUfunction>(functionOf(module, kernels[i].name));
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes,
                              CUmodule handle, const char *name) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    std::shared_ptr<LoadedModule> module = find<LoadedModule>(handle);
    if (!module)
      return CUDA_ERROR_INVALID_HANDLE;
    return name ? findGlobal(*module, name, address, bytes)
                : CUDA_ERROR_INVALID_VALUE;
  });
}
TZ_EMU_ALIAS(cuModuleGetGlobal, cuModuleGetGlobal_v2);

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode) {
  constexpr CUmoduleLoadingMode lazy = 2;
  if (!mode)
    return CUDA_ERROR_INVALID_VALUE;
  *mode = lazy;
  return CUDA_SUCCESS;
}
}
