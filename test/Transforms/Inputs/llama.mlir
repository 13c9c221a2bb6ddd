// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A decoder of 2 layers in the shape of Llama, for the null target.
module attributes {plan.targets = [#tz_null.target<"paper">]} {
tz.weight @"token_embd.weight" : tensor<96x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "token_embd.weight", offset = 0 : i64, bytes = 6528 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.0.attn_norm.weight", offset = 6528 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_q.weight" : tensor<64x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.attn_q.weight", offset = 6784 : i64, bytes = 4352 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_k.weight" : tensor<32x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.attn_k.weight", offset = 11136 : i64, bytes = 2176 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_v.weight" : tensor<32x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.attn_v.weight", offset = 13312 : i64, bytes = 2176 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_output.weight" : tensor<64x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.attn_output.weight", offset = 15488 : i64, bytes = 4352 : i64, hash = 0 : i64}
tz.weight @"blk.0.ffn_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.0.ffn_norm.weight", offset = 19840 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"blk.0.ffn_gate.weight" : tensor<128x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.ffn_gate.weight", offset = 20096 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"blk.0.ffn_up.weight" : tensor<128x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.ffn_up.weight", offset = 28800 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"blk.0.ffn_down.weight" : tensor<64x128x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.ffn_down.weight", offset = 37504 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.1.attn_norm.weight", offset = 46208 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_q.weight" : tensor<64x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.attn_q.weight", offset = 46464 : i64, bytes = 4352 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_k.weight" : tensor<32x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.attn_k.weight", offset = 50816 : i64, bytes = 2176 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_v.weight" : tensor<32x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.attn_v.weight", offset = 52992 : i64, bytes = 2176 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_output.weight" : tensor<64x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.attn_output.weight", offset = 55168 : i64, bytes = 4352 : i64, hash = 0 : i64}
tz.weight @"blk.1.ffn_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.1.ffn_norm.weight", offset = 59520 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"blk.1.ffn_gate.weight" : tensor<128x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.ffn_gate.weight", offset = 59776 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"blk.1.ffn_up.weight" : tensor<128x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.ffn_up.weight", offset = 68480 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"blk.1.ffn_down.weight" : tensor<64x128x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.ffn_down.weight", offset = 77184 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"output_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "output_norm.weight", offset = 85888 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.func @trunk(%ids: tensor<?xi32> {tz.dims = ["T"], tz.name = "tokens"}, %position: tensor<i32> {tz.name = "position"}, %k0: !tz.cache<1x32xf16, ?> {tz.state = "blk.0.k"}, %v0: !tz.cache<1x32xf16, ?> {tz.state = "blk.0.v"}, %k1: !tz.cache<1x32xf16, ?> {tz.state = "blk.1.k"}, %v1: !tz.cache<1x32xf16, ?> {tz.state = "blk.1.v"}) -> (tensor<?x64xf32> {tz.name = "hidden"}, !tz.cache<1x32xf16, ?> {tz.state = "blk.0.k"}, !tz.cache<1x32xf16, ?> {tz.state = "blk.0.v"}, !tz.cache<1x32xf16, ?> {tz.state = "blk.1.k"}, !tz.cache<1x32xf16, ?> {tz.state = "blk.1.v"}) attributes {tz.sizes = {T = [1, 4096]}} {
  %1 = tz.use_weight @"token_embd.weight" : tensor<96x64x!tz.block<q8_0>> loc("token_embd.weight")
  %2 = tz.embedding %1, %ids : (tensor<96x64x!tz.block<q8_0>>, tensor<?xi32>) -> tensor<?x64xf32> loc("token_embd.weight")
  %3 = tz.use_weight @"blk.0.attn_norm.weight" : tensor<64xf32> loc("blk.0.attn_norm.weight")
  %4 = tz.rms_norm %2, %3 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.0.attn_norm.weight")
  %5 = tz.use_weight @"blk.0.attn_q.weight" : tensor<64x64x!tz.block<q8_0>> loc("blk.0.attn_q.weight")
  %6 = tz.matmul %4, %5 : (tensor<?x64xf32>, tensor<64x64x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.0.attn_q.weight")
  %7 = tz.reshape %6 : tensor<?x64xf32> -> tensor<?x2x32xf32> loc("blk.0.attn_q.weight")
  %8 = tz.use_weight @"blk.0.attn_k.weight" : tensor<32x64x!tz.block<q8_0>> loc("blk.0.attn_k.weight")
  %9 = tz.matmul %4, %8 : (tensor<?x64xf32>, tensor<32x64x!tz.block<q8_0>>) -> tensor<?x32xf32> loc("blk.0.attn_k.weight")
  %10 = tz.reshape %9 : tensor<?x32xf32> -> tensor<?x1x32xf32> loc("blk.0.attn_k.weight")
  %11 = tz.use_weight @"blk.0.attn_v.weight" : tensor<32x64x!tz.block<q8_0>> loc("blk.0.attn_v.weight")
  %12 = tz.matmul %4, %11 : (tensor<?x64xf32>, tensor<32x64x!tz.block<q8_0>>) -> tensor<?x32xf32> loc("blk.0.attn_v.weight")
  %13 = tz.reshape %12 : tensor<?x32xf32> -> tensor<?x1x32xf32> loc("blk.0.attn_v.weight")
  %14 = tz.rope %7, %position neox {base = 1.0e4 : f64, rotated = 32 : i64} : (tensor<?x2x32xf32>, tensor<i32>) -> tensor<?x2x32xf32> loc("blk.0.attn_q.weight")
  %15 = tz.rope %10, %position neox {base = 1.0e4 : f64, rotated = 32 : i64} : (tensor<?x1x32xf32>, tensor<i32>) -> tensor<?x1x32xf32> loc("blk.0.attn_k.weight")
  %16 = tz.cache_append %k0, %15, %position : (!tz.cache<1x32xf16, ?>, tensor<?x1x32xf32>, tensor<i32>) -> !tz.cache<1x32xf16, ?> loc("blk.0.attn_k.weight")
  %17 = tz.cache_append %v0, %13, %position : (!tz.cache<1x32xf16, ?>, tensor<?x1x32xf32>, tensor<i32>) -> !tz.cache<1x32xf16, ?> loc("blk.0.attn_v.weight")
  %18 = tz.attention %14, %16, %17, %position {scale = 0.125 : f64} : (tensor<?x2x32xf32>, !tz.cache<1x32xf16, ?>, !tz.cache<1x32xf16, ?>, tensor<i32>) -> tensor<?x2x32xf32> loc("blk.0.attention")
  %19 = tz.reshape %18 : tensor<?x2x32xf32> -> tensor<?x64xf32> loc("blk.0.attention")
  %20 = tz.use_weight @"blk.0.attn_output.weight" : tensor<64x64x!tz.block<q8_0>> loc("blk.0.attn_output.weight")
  %21 = tz.matmul %19, %20 : (tensor<?x64xf32>, tensor<64x64x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.0.attn_output.weight")
  %22 = tz.elementwise add(%2, %21) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32> loc("blk.0.attn_output.weight")
  %23 = tz.use_weight @"blk.0.ffn_norm.weight" : tensor<64xf32> loc("blk.0.ffn_norm.weight")
  %24 = tz.rms_norm %22, %23 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.0.ffn_norm.weight")
  %25 = tz.use_weight @"blk.0.ffn_gate.weight" : tensor<128x64x!tz.block<q8_0>> loc("blk.0.ffn_gate.weight")
  %26 = tz.matmul %24, %25 : (tensor<?x64xf32>, tensor<128x64x!tz.block<q8_0>>) -> tensor<?x128xf32> loc("blk.0.ffn_gate.weight")
  %27 = tz.use_weight @"blk.0.ffn_up.weight" : tensor<128x64x!tz.block<q8_0>> loc("blk.0.ffn_up.weight")
  %28 = tz.matmul %24, %27 : (tensor<?x64xf32>, tensor<128x64x!tz.block<q8_0>>) -> tensor<?x128xf32> loc("blk.0.ffn_up.weight")
  %29 = tz.elementwise silu(%26) : (tensor<?x128xf32>) -> tensor<?x128xf32> loc("blk.0.ffn_gate.weight")
  %30 = tz.elementwise mul(%29, %28) : (tensor<?x128xf32>, tensor<?x128xf32>) -> tensor<?x128xf32> loc("blk.0.ffn_gate.weight")
  %31 = tz.use_weight @"blk.0.ffn_down.weight" : tensor<64x128x!tz.block<q8_0>> loc("blk.0.ffn_down.weight")
  %32 = tz.matmul %30, %31 : (tensor<?x128xf32>, tensor<64x128x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.0.ffn_down.weight")
  %33 = tz.elementwise add(%22, %32) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32> loc("blk.0.ffn_down.weight")
  %34 = tz.use_weight @"blk.1.attn_norm.weight" : tensor<64xf32> loc("blk.1.attn_norm.weight")
  %35 = tz.rms_norm %33, %34 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.1.attn_norm.weight")
  %36 = tz.use_weight @"blk.1.attn_q.weight" : tensor<64x64x!tz.block<q8_0>> loc("blk.1.attn_q.weight")
  %37 = tz.matmul %35, %36 : (tensor<?x64xf32>, tensor<64x64x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.1.attn_q.weight")
  %38 = tz.reshape %37 : tensor<?x64xf32> -> tensor<?x2x32xf32> loc("blk.1.attn_q.weight")
  %39 = tz.use_weight @"blk.1.attn_k.weight" : tensor<32x64x!tz.block<q8_0>> loc("blk.1.attn_k.weight")
  %40 = tz.matmul %35, %39 : (tensor<?x64xf32>, tensor<32x64x!tz.block<q8_0>>) -> tensor<?x32xf32> loc("blk.1.attn_k.weight")
  %41 = tz.reshape %40 : tensor<?x32xf32> -> tensor<?x1x32xf32> loc("blk.1.attn_k.weight")
  %42 = tz.use_weight @"blk.1.attn_v.weight" : tensor<32x64x!tz.block<q8_0>> loc("blk.1.attn_v.weight")
  %43 = tz.matmul %35, %42 : (tensor<?x64xf32>, tensor<32x64x!tz.block<q8_0>>) -> tensor<?x32xf32> loc("blk.1.attn_v.weight")
  %44 = tz.reshape %43 : tensor<?x32xf32> -> tensor<?x1x32xf32> loc("blk.1.attn_v.weight")
  %45 = tz.rope %38, %position neox {base = 1.0e4 : f64, rotated = 32 : i64} : (tensor<?x2x32xf32>, tensor<i32>) -> tensor<?x2x32xf32> loc("blk.1.attn_q.weight")
  %46 = tz.rope %41, %position neox {base = 1.0e4 : f64, rotated = 32 : i64} : (tensor<?x1x32xf32>, tensor<i32>) -> tensor<?x1x32xf32> loc("blk.1.attn_k.weight")
  %47 = tz.cache_append %k1, %46, %position : (!tz.cache<1x32xf16, ?>, tensor<?x1x32xf32>, tensor<i32>) -> !tz.cache<1x32xf16, ?> loc("blk.1.attn_k.weight")
  %48 = tz.cache_append %v1, %44, %position : (!tz.cache<1x32xf16, ?>, tensor<?x1x32xf32>, tensor<i32>) -> !tz.cache<1x32xf16, ?> loc("blk.1.attn_v.weight")
  %49 = tz.attention %45, %47, %48, %position {scale = 0.125 : f64} : (tensor<?x2x32xf32>, !tz.cache<1x32xf16, ?>, !tz.cache<1x32xf16, ?>, tensor<i32>) -> tensor<?x2x32xf32> loc("blk.1.attention")
  %50 = tz.reshape %49 : tensor<?x2x32xf32> -> tensor<?x64xf32> loc("blk.1.attention")
  %51 = tz.use_weight @"blk.1.attn_output.weight" : tensor<64x64x!tz.block<q8_0>> loc("blk.1.attn_output.weight")
  %52 = tz.matmul %50, %51 : (tensor<?x64xf32>, tensor<64x64x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.1.attn_output.weight")
  %53 = tz.elementwise add(%33, %52) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32> loc("blk.1.attn_output.weight")
  %54 = tz.use_weight @"blk.1.ffn_norm.weight" : tensor<64xf32> loc("blk.1.ffn_norm.weight")
  %55 = tz.rms_norm %53, %54 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.1.ffn_norm.weight")
  %56 = tz.use_weight @"blk.1.ffn_gate.weight" : tensor<128x64x!tz.block<q8_0>> loc("blk.1.ffn_gate.weight")
  %57 = tz.matmul %55, %56 : (tensor<?x64xf32>, tensor<128x64x!tz.block<q8_0>>) -> tensor<?x128xf32> loc("blk.1.ffn_gate.weight")
  %58 = tz.use_weight @"blk.1.ffn_up.weight" : tensor<128x64x!tz.block<q8_0>> loc("blk.1.ffn_up.weight")
  %59 = tz.matmul %55, %58 : (tensor<?x64xf32>, tensor<128x64x!tz.block<q8_0>>) -> tensor<?x128xf32> loc("blk.1.ffn_up.weight")
  %60 = tz.elementwise silu(%57) : (tensor<?x128xf32>) -> tensor<?x128xf32> loc("blk.1.ffn_gate.weight")
  %61 = tz.elementwise mul(%60, %59) : (tensor<?x128xf32>, tensor<?x128xf32>) -> tensor<?x128xf32> loc("blk.1.ffn_gate.weight")
  %62 = tz.use_weight @"blk.1.ffn_down.weight" : tensor<64x128x!tz.block<q8_0>> loc("blk.1.ffn_down.weight")
  %63 = tz.matmul %61, %62 : (tensor<?x128xf32>, tensor<64x128x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.1.ffn_down.weight")
  %64 = tz.elementwise add(%53, %63) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32> loc("blk.1.ffn_down.weight")
  tz.return %64, %16, %17, %47, %48 : tensor<?x64xf32>, !tz.cache<1x32xf16, ?>, !tz.cache<1x32xf16, ?>, !tz.cache<1x32xf16, ?>, !tz.cache<1x32xf16, ?>
}
tz.func @head(%hidden: tensor<?x64xf32> {tz.dims = ["T", 64], tz.name = "hidden"}) -> (tensor<?x96xf32> {tz.name = "logits"}) attributes {tz.sizes = {T = [1]}} {
  %1 = tz.use_weight @"output_norm.weight" : tensor<64xf32> loc("output_norm.weight")
  %2 = tz.rms_norm %hidden, %1 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("output_norm.weight")
  %3 = tz.use_weight @"token_embd.weight" : tensor<96x64x!tz.block<q8_0>> loc("token_embd.weight")
  %4 = tz.matmul %2, %3 : (tensor<?x64xf32>, tensor<96x64x!tz.block<q8_0>>) -> tensor<?x96xf32> loc("token_embd.weight")
  tz.return %4 : tensor<?x96xf32>
}
}
