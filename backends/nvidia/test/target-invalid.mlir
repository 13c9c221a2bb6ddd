// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-nvidia
// RUN: terrazzo-opt --load-plugin=nvidia %s -verify-diagnostics -split-input-file

// expected-error @+1 {{TZ0438: the nvidia backend knows no architecture 'sm_1'; it knows sm_61, sm_75, sm_80, sm_86, sm_89, sm_90a, sm_100, sm_120, each with +bf16 after it from sm_80 on}}
module attributes {t = #tz_nvidia.target<"sm_1", "f16">} {}

// -----

// expected-error @+1 {{TZ0439: 'sm_75' multiplies no bf16; sm_80 is the first that does}}
module attributes {t = #tz_nvidia.target<"sm_75", "bf16">} {}

// -----

// expected-error @+1 {{TZ0439: the nvidia backend knows no feature 'fp8'; it knows f16 and bf16}}
module attributes {t = #tz_nvidia.target<"sm_80", "fp8">} {}
