// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-lower-simt-kernel %s -split-input-file -verify-diagnostics

// expected-error @+1 {{kernel lacks 'plan.max_size', or a 'plan.config' with the options of a workgroup of threads}}
module {
}

// -----

// Fragments that do not say who holds what are of no use.
// expected-error @+1 {{with the options of a workgroup of threads}}
module attributes {plan.max_size = 8 : i64, plan.config = #plan.config<factor = 4, tiles = [8, 0], scratch = 4096,
    options = {group_columns = 64 : i64, group_rows = 8 : i64, lanes = 32 : i64, threads = 128 : i64,
               matrix = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = f16>}>} {
}

// -----

// A workgroup is whole subgroups.
// expected-error @+1 {{with the options of a workgroup of threads}}
module attributes {plan.max_size = 8 : i64, plan.config = #plan.config<factor = 4, tiles = [8, 0], scratch = 4096,
    options = {group_columns = 64 : i64, group_rows = 8 : i64, lanes = 64 : i64, threads = 96 : i64}>} {
}

// -----

// Rows of a workgroup are whole fragments.
// expected-error @+1 {{with the options of a workgroup of threads}}
module attributes {plan.max_size = 8 : i64, plan.config = #plan.config<factor = 4, tiles = [8, 0], scratch = 4096,
    options = {group_columns = 64 : i64, group_rows = 4 : i64, lanes = 32 : i64, threads = 128 : i64,
      matrix = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = f16,
        left = (d0, d1) -> (d0 floordiv 4 + ((d1 floordiv 2) mod 2) * 8, (d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 4) * 8),
        right = (d0, d1) -> ((d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 2) * 8, d0 floordiv 4),
        sums = (d0, d1) -> (d0 floordiv 4 + (d1 floordiv 2) * 8, (d0 mod 4) * 2 + d1 mod 2)>}>} {
}

// -----

// Integers are no elements of these kernels.
// expected-error @+1 {{with the options of a workgroup of threads}}
module attributes {plan.max_size = 8 : i64, plan.config = #plan.config<factor = 4, tiles = [8, 0], scratch = 4096,
    options = {group_columns = 64 : i64, group_rows = 8 : i64, lanes = 32 : i64, threads = 128 : i64,
      matrix = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = i8,
        left = (d0, d1) -> (d0 floordiv 4 + ((d1 floordiv 2) mod 2) * 8, (d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 4) * 8),
        right = (d0, d1) -> ((d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 2) * 8, d0 floordiv 4),
        sums = (d0, d1) -> (d0 floordiv 4 + (d1 floordiv 2) * 8, (d0 mod 4) * 2 + d1 mod 2)>}>} {
}

// -----

// Odd lanes hold their depths in another order.
// expected-error @+1 {{with the options of a workgroup of threads}}
module attributes {plan.max_size = 8 : i64, plan.config = #plan.config<factor = 4, tiles = [8, 0], scratch = 4096,
    options = {group_columns = 64 : i64, group_rows = 8 : i64, lanes = 32 : i64, threads = 128 : i64,
      matrix = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = f16,
        left = (d0, d1) -> (d0 floordiv 4 + ((d1 floordiv 2) mod 2) * 8, (d0 mod 4) * 2 + (d1 + d0) mod 2 + (d1 floordiv 4) * 8),
        right = (d0, d1) -> ((d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 2) * 8, d0 floordiv 4),
        sums = (d0, d1) -> (d0 floordiv 4 + (d1 floordiv 2) * 8, (d0 mod 4) * 2 + d1 mod 2)>}>} {
}

// -----

// Neighbouring depths are two elements apart.
// expected-error @+1 {{with the options of a workgroup of threads}}
module attributes {plan.max_size = 8 : i64, plan.config = #plan.config<factor = 4, tiles = [8, 0], scratch = 4096,
    options = {group_columns = 64 : i64, group_rows = 8 : i64, lanes = 32 : i64, threads = 128 : i64,
      matrix = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = f16,
        left = (d0, d1) -> (d0 floordiv 4 + ((d1 floordiv 2) mod 2) * 8, (d0 mod 4) * 2 + (d1 floordiv 4) + (d1 mod 2) * 8),
        right = (d0, d1) -> ((d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 2) * 8, d0 floordiv 4),
        sums = (d0, d1) -> (d0 floordiv 4 + (d1 floordiv 2) * 8, (d0 mod 4) * 2 + d1 mod 2)>}>} {
}
