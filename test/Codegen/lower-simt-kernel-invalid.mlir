// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-lower-simt-kernel %s -split-input-file -verify-diagnostics

// expected-error @+1 {{kernel lacks 'plan.max_size', or a 'plan.config' with the options of a workgroup of threads}}
module {
}

// -----

// A matrix unit is a backend's to bring.
// expected-error @+1 {{with the options of a workgroup of threads that this chip has}}
module attributes {plan.max_size = 8 : i64, plan.config = #plan.config<factor = 4, tiles = [8, 0], scratch = 4096,
    options = {group_columns = 64 : i64, group_rows = 8 : i64, lanes = 32 : i64, matrix = true, threads = 128 : i64}>} {
}

// -----

// expected-error @+1 {{with the options of a workgroup of threads that this chip has}}
module attributes {plan.max_size = 8 : i64, plan.config = #plan.config<factor = 4, tiles = [8, 0], scratch = 4096,
    options = {group_columns = 64 : i64, group_rows = 8 : i64, lanes = 64 : i64, matrix = false, threads = 128 : i64}>} {
}
