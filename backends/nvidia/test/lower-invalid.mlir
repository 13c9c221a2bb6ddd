// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A kernel whose config says nothing about threads has no entry.
// REQUIRES: backend-nvidia
// RUN: terrazzo-opt --load-plugin=nvidia %s --tz-nvidia-wrap-entry -verify-diagnostics -split-input-file

// expected-error @+1 {{kernel has no 'threads' among its config's options}}
module attributes {plan.config = #plan.config<factor = 1, tiles = [], scratch = 0>} {
}

// -----

// expected-error @+1 {{kernel has no 'threads' among its config's options}}
module {
}
