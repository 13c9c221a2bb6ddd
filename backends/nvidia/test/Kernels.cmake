# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Core's test of kernels against the float64 reference (test/Codegen), on emulated devices. The budget is that of the
# operands of products, with f32 sums: f16, or bf16, whose three bits fewer make eight times the error.

foreach(case "sm_75 sm_75 2e-3" "sm_80 sm_80 2e-3" "sm_80+bf16 sm_80+bf16 1.6e-2" "sm_90a sm_90a 2e-3")
  string(REPLACE " " ";" case "${case}")
  list(GET case 0 arch)
  list(GET case 1 device)
  list(GET case 2 budget)
  add_test(NAME Nvidia/Kernels/${arch} COMMAND ${CMAKE_BINARY_DIR}/bin/KernelTest)
  set_tests_properties(Nvidia/Kernels/${arch} PROPERTIES
    ENVIRONMENT "TERRAZZO_KERNEL_TARGETS=nvidia:${arch}@emu:${device};TERRAZZO_KERNEL_BUDGET=${budget}")
endforeach()
