// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options of loads and links. Those that advise an optimiser are accepted;
// those that would change what code means, or where symbols lie, are not done.
#include "driver/DriverModule.h"

#include <algorithm>

namespace terrazzo::emu::driver {

namespace {

enum class Treatment {
  Done,   ///< or advice
  Off,    ///< done while its value is 0
  Level,  ///< of optimisation, 0 to 4
  Target, ///< an architecture
  NotSupported
};

struct Row {
  CUjit_option first, last;
  Treatment treatment;
};

constexpr Row rows[] = {
    {CU_JIT_MAX_REGISTERS, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, Treatment::Done},
    {CU_JIT_OPTIMIZATION_LEVEL, CU_JIT_OPTIMIZATION_LEVEL, Treatment::Level},
    {8, 8, Treatment::Done}, // the target is the context's
    {CU_JIT_TARGET, CU_JIT_TARGET, Treatment::Target},
    {10, 16, Treatment::Done}, // code or text, debug information, caches
    {CU_JIT_GLOBAL_SYMBOL_NAMES, CU_JIT_GLOBAL_SYMBOL_COUNT, Treatment::Off},
    {CU_JIT_LTO, CU_JIT_LTO, Treatment::Off},
    {21, 24, Treatment::Done}, // of code for the linker's optimiser only
    {25, 29, Treatment::NotSupported},
    {30, 32, Treatment::Done},
    {CU_JIT_OVERRIDE_DIRECTIVE_VALUES, CU_JIT_OVERRIDE_DIRECTIVE_VALUES,
     Treatment::Off},
};

CUresult check(CUjit_option option, const void *given,
               const Architecture &architecture) {
  auto row = std::ranges::find_if(rows, [&](const Row &one) {
    return option >= one.first && option <= one.last;
  });
  if (row == std::end(rows))
    return CUDA_ERROR_INVALID_VALUE;
  auto value = uint32_t(reinterpret_cast<uintptr_t>(given));
  constexpr uint32_t highestLevel = 4;
  // What stands above the number says that it is an accelerated one.
  constexpr uint32_t numberMask = 0xffff;
  switch (row->treatment) {
  case Treatment::Done:
    return CUDA_SUCCESS;
  case Treatment::Off:
    return given ? CUDA_ERROR_NOT_SUPPORTED : CUDA_SUCCESS;
  case Treatment::Level:
    return value <= highestLevel ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  case Treatment::Target:
    return (value & numberMask) <=
                   uint32_t(architecture.major * 10 + architecture.minor)
               ? CUDA_SUCCESS
               : CUDA_ERROR_NO_BINARY_FOR_GPU;
  case Treatment::NotSupported:
    break;
  }
  return CUDA_ERROR_NOT_SUPPORTED;
}

} // namespace

CUresult checkJitOptions(const JitOptions &options,
                         const Architecture &architecture) {
  if (options.count && (!options.names || !options.values))
    return CUDA_ERROR_INVALID_VALUE;
  for (unsigned i = 0; i < options.count; ++i)
    if (CUresult wrong =
            check(options.names[i], options.values[i], architecture))
      return wrong;
  return CUDA_SUCCESS;
}

} // namespace terrazzo::emu::driver
