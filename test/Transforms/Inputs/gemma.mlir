// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A decoder of 2 layers in the shape of Gemma 3, for the null target.
module attributes {plan.targets = [#tz_null.target<"paper">]} {
tz.weight @"token_embd.weight" : tensor<96x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "token_embd.weight", offset = 0 : i64, bytes = 6528 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.0.attn_norm.weight", offset = 6528 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_q.weight" : tensor<64x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.attn_q.weight", offset = 6784 : i64, bytes = 4352 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_k.weight" : tensor<32x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.attn_k.weight", offset = 11136 : i64, bytes = 2176 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_v.weight" : tensor<32x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.attn_v.weight", offset = 13312 : i64, bytes = 2176 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_q_norm.weight" : tensor<32xf32> {file = "tiny.gguf", tensor = "blk.0.attn_q_norm.weight", offset = 15488 : i64, bytes = 128 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_k_norm.weight" : tensor<32xf32> {file = "tiny.gguf", tensor = "blk.0.attn_k_norm.weight", offset = 15616 : i64, bytes = 128 : i64, hash = 0 : i64}
tz.weight @"blk.0.attn_output.weight" : tensor<64x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.attn_output.weight", offset = 15744 : i64, bytes = 4352 : i64, hash = 0 : i64}
tz.weight @"blk.0.post_attention_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.0.post_attention_norm.weight", offset = 20096 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"blk.0.ffn_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.0.ffn_norm.weight", offset = 20352 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"blk.0.ffn_gate.weight" : tensor<128x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.ffn_gate.weight", offset = 20608 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"blk.0.ffn_up.weight" : tensor<128x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.ffn_up.weight", offset = 29312 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"blk.0.ffn_down.weight" : tensor<64x128x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.0.ffn_down.weight", offset = 38016 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"blk.0.post_ffw_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.0.post_ffw_norm.weight", offset = 46720 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.1.attn_norm.weight", offset = 46976 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_q.weight" : tensor<64x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.attn_q.weight", offset = 47232 : i64, bytes = 4352 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_k.weight" : tensor<32x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.attn_k.weight", offset = 51584 : i64, bytes = 2176 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_v.weight" : tensor<32x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.attn_v.weight", offset = 53760 : i64, bytes = 2176 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_q_norm.weight" : tensor<32xf32> {file = "tiny.gguf", tensor = "blk.1.attn_q_norm.weight", offset = 55936 : i64, bytes = 128 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_k_norm.weight" : tensor<32xf32> {file = "tiny.gguf", tensor = "blk.1.attn_k_norm.weight", offset = 56064 : i64, bytes = 128 : i64, hash = 0 : i64}
tz.weight @"blk.1.attn_output.weight" : tensor<64x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.attn_output.weight", offset = 56192 : i64, bytes = 4352 : i64, hash = 0 : i64}
tz.weight @"blk.1.post_attention_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.1.post_attention_norm.weight", offset = 60544 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"blk.1.ffn_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.1.ffn_norm.weight", offset = 60800 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"blk.1.ffn_gate.weight" : tensor<128x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.ffn_gate.weight", offset = 61056 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"blk.1.ffn_up.weight" : tensor<128x64x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.ffn_up.weight", offset = 69760 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"blk.1.ffn_down.weight" : tensor<64x128x!tz.block<q8_0>> {file = "tiny.gguf", tensor = "blk.1.ffn_down.weight", offset = 78464 : i64, bytes = 8704 : i64, hash = 0 : i64}
tz.weight @"blk.1.post_ffw_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "blk.1.post_ffw_norm.weight", offset = 87168 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.weight @"output_norm.weight" : tensor<64xf32> {file = "tiny.gguf", tensor = "output_norm.weight", offset = 87424 : i64, bytes = 256 : i64, hash = 0 : i64}
tz.func @trunk(%ids: tensor<?xi32> {tz.dims = ["T"], tz.name = "tokens"}, %position: tensor<i32> {tz.name = "position"}, %k0: !tz.cache<1x32xf16, ?> {tz.state = "blk.0.k"}, %v0: !tz.cache<1x32xf16, ?> {tz.state = "blk.0.v"}, %k1: !tz.cache<1x32xf16, ?> {tz.state = "blk.1.k"}, %v1: !tz.cache<1x32xf16, ?> {tz.state = "blk.1.v"}) -> (tensor<?x64xf32> {tz.name = "hidden"}, !tz.cache<1x32xf16, ?> {tz.state = "blk.0.k"}, !tz.cache<1x32xf16, ?> {tz.state = "blk.0.v"}, !tz.cache<1x32xf16, ?> {tz.state = "blk.1.k"}, !tz.cache<1x32xf16, ?> {tz.state = "blk.1.v"}) attributes {tz.sizes = {T = [1]}} {
  %1 = tz.use_weight @"token_embd.weight" : tensor<96x64x!tz.block<q8_0>> loc("token_embd.weight")
  %2 = tz.embedding %1, %ids : (tensor<96x64x!tz.block<q8_0>>, tensor<?xi32>) -> tensor<?x64xf32> loc("token_embd.weight")
  %3 = tz.scalar 8.0 : tensor<f32> loc("token_embd.weight")
  %4 = tz.elementwise mul(%2, %3) : (tensor<?x64xf32>, tensor<f32>) -> tensor<?x64xf32> loc("token_embd.weight")
  %5 = tz.use_weight @"blk.0.attn_norm.weight" : tensor<64xf32> loc("blk.0.attn_norm.weight")
  %6 = tz.rms_norm %4, %5 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.0.attn_norm.weight")
  %7 = tz.use_weight @"blk.0.attn_q.weight" : tensor<64x64x!tz.block<q8_0>> loc("blk.0.attn_q.weight")
  %8 = tz.matmul %6, %7 : (tensor<?x64xf32>, tensor<64x64x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.0.attn_q.weight")
  %9 = tz.reshape %8 : tensor<?x64xf32> -> tensor<?x2x32xf32> loc("blk.0.attn_q.weight")
  %10 = tz.use_weight @"blk.0.attn_k.weight" : tensor<32x64x!tz.block<q8_0>> loc("blk.0.attn_k.weight")
  %11 = tz.matmul %6, %10 : (tensor<?x64xf32>, tensor<32x64x!tz.block<q8_0>>) -> tensor<?x32xf32> loc("blk.0.attn_k.weight")
  %12 = tz.reshape %11 : tensor<?x32xf32> -> tensor<?x1x32xf32> loc("blk.0.attn_k.weight")
  %13 = tz.use_weight @"blk.0.attn_v.weight" : tensor<32x64x!tz.block<q8_0>> loc("blk.0.attn_v.weight")
  %14 = tz.matmul %6, %13 : (tensor<?x64xf32>, tensor<32x64x!tz.block<q8_0>>) -> tensor<?x32xf32> loc("blk.0.attn_v.weight")
  %15 = tz.reshape %14 : tensor<?x32xf32> -> tensor<?x1x32xf32> loc("blk.0.attn_v.weight")
  %16 = tz.use_weight @"blk.0.attn_q_norm.weight" : tensor<32xf32> loc("blk.0.attn_q_norm.weight")
  %17 = tz.rms_norm %9, %16 {epsilon = 1.0e-5 : f64} : (tensor<?x2x32xf32>, tensor<32xf32>) -> tensor<?x2x32xf32> loc("blk.0.attn_q_norm.weight")
  %18 = tz.use_weight @"blk.0.attn_k_norm.weight" : tensor<32xf32> loc("blk.0.attn_k_norm.weight")
  %19 = tz.rms_norm %12, %18 {epsilon = 1.0e-5 : f64} : (tensor<?x1x32xf32>, tensor<32xf32>) -> tensor<?x1x32xf32> loc("blk.0.attn_k_norm.weight")
  %20 = tz.rope %17, %position neox {base = 1.0e4 : f64, rotated = 32 : i64} : (tensor<?x2x32xf32>, tensor<i32>) -> tensor<?x2x32xf32> loc("blk.0.attn_q.weight")
  %21 = tz.rope %19, %position neox {base = 1.0e4 : f64, rotated = 32 : i64} : (tensor<?x1x32xf32>, tensor<i32>) -> tensor<?x1x32xf32> loc("blk.0.attn_k.weight")
  %22 = tz.cache_append %k0, %21, %position : (!tz.cache<1x32xf16, ?>, tensor<?x1x32xf32>, tensor<i32>) -> !tz.cache<1x32xf16, ?> loc("blk.0.attn_k.weight")
  %23 = tz.cache_append %v0, %15, %position : (!tz.cache<1x32xf16, ?>, tensor<?x1x32xf32>, tensor<i32>) -> !tz.cache<1x32xf16, ?> loc("blk.0.attn_v.weight")
  %24 = tz.attention %20, %22, %23, %position {scale = 0.125 : f64} : (tensor<?x2x32xf32>, !tz.cache<1x32xf16, ?>, !tz.cache<1x32xf16, ?>, tensor<i32>) -> tensor<?x2x32xf32> loc("blk.0.attention")
  %25 = tz.reshape %24 : tensor<?x2x32xf32> -> tensor<?x64xf32> loc("blk.0.attention")
  %26 = tz.use_weight @"blk.0.attn_output.weight" : tensor<64x64x!tz.block<q8_0>> loc("blk.0.attn_output.weight")
  %27 = tz.matmul %25, %26 : (tensor<?x64xf32>, tensor<64x64x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.0.attn_output.weight")
  %28 = tz.use_weight @"blk.0.post_attention_norm.weight" : tensor<64xf32> loc("blk.0.post_attention_norm.weight")
  %29 = tz.rms_norm %27, %28 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.0.post_attention_norm.weight")
  %30 = tz.elementwise add(%4, %29) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32> loc("blk.0.post_attention_norm.weight")
  %31 = tz.use_weight @"blk.0.ffn_norm.weight" : tensor<64xf32> loc("blk.0.ffn_norm.weight")
  %32 = tz.rms_norm %30, %31 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.0.ffn_norm.weight")
  %33 = tz.use_weight @"blk.0.ffn_gate.weight" : tensor<128x64x!tz.block<q8_0>> loc("blk.0.ffn_gate.weight")
  %34 = tz.matmul %32, %33 : (tensor<?x64xf32>, tensor<128x64x!tz.block<q8_0>>) -> tensor<?x128xf32> loc("blk.0.ffn_gate.weight")
  %35 = tz.use_weight @"blk.0.ffn_up.weight" : tensor<128x64x!tz.block<q8_0>> loc("blk.0.ffn_up.weight")
  %36 = tz.matmul %32, %35 : (tensor<?x64xf32>, tensor<128x64x!tz.block<q8_0>>) -> tensor<?x128xf32> loc("blk.0.ffn_up.weight")
  %37 = tz.elementwise gelu_tanh(%34) : (tensor<?x128xf32>) -> tensor<?x128xf32> loc("blk.0.ffn_gate.weight")
  %38 = tz.elementwise mul(%37, %36) : (tensor<?x128xf32>, tensor<?x128xf32>) -> tensor<?x128xf32> loc("blk.0.ffn_gate.weight")
  %39 = tz.use_weight @"blk.0.ffn_down.weight" : tensor<64x128x!tz.block<q8_0>> loc("blk.0.ffn_down.weight")
  %40 = tz.matmul %38, %39 : (tensor<?x128xf32>, tensor<64x128x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.0.ffn_down.weight")
  %41 = tz.use_weight @"blk.0.post_ffw_norm.weight" : tensor<64xf32> loc("blk.0.post_ffw_norm.weight")
  %42 = tz.rms_norm %40, %41 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.0.post_ffw_norm.weight")
  %43 = tz.elementwise add(%30, %42) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32> loc("blk.0.post_ffw_norm.weight")
  %44 = tz.use_weight @"blk.1.attn_norm.weight" : tensor<64xf32> loc("blk.1.attn_norm.weight")
  %45 = tz.rms_norm %43, %44 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.1.attn_norm.weight")
  %46 = tz.use_weight @"blk.1.attn_q.weight" : tensor<64x64x!tz.block<q8_0>> loc("blk.1.attn_q.weight")
  %47 = tz.matmul %45, %46 : (tensor<?x64xf32>, tensor<64x64x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.1.attn_q.weight")
  %48 = tz.reshape %47 : tensor<?x64xf32> -> tensor<?x2x32xf32> loc("blk.1.attn_q.weight")
  %49 = tz.use_weight @"blk.1.attn_k.weight" : tensor<32x64x!tz.block<q8_0>> loc("blk.1.attn_k.weight")
  %50 = tz.matmul %45, %49 : (tensor<?x64xf32>, tensor<32x64x!tz.block<q8_0>>) -> tensor<?x32xf32> loc("blk.1.attn_k.weight")
  %51 = tz.reshape %50 : tensor<?x32xf32> -> tensor<?x1x32xf32> loc("blk.1.attn_k.weight")
  %52 = tz.use_weight @"blk.1.attn_v.weight" : tensor<32x64x!tz.block<q8_0>> loc("blk.1.attn_v.weight")
  %53 = tz.matmul %45, %52 : (tensor<?x64xf32>, tensor<32x64x!tz.block<q8_0>>) -> tensor<?x32xf32> loc("blk.1.attn_v.weight")
  %54 = tz.reshape %53 : tensor<?x32xf32> -> tensor<?x1x32xf32> loc("blk.1.attn_v.weight")
  %55 = tz.use_weight @"blk.1.attn_q_norm.weight" : tensor<32xf32> loc("blk.1.attn_q_norm.weight")
  %56 = tz.rms_norm %48, %55 {epsilon = 1.0e-5 : f64} : (tensor<?x2x32xf32>, tensor<32xf32>) -> tensor<?x2x32xf32> loc("blk.1.attn_q_norm.weight")
  %57 = tz.use_weight @"blk.1.attn_k_norm.weight" : tensor<32xf32> loc("blk.1.attn_k_norm.weight")
  %58 = tz.rms_norm %51, %57 {epsilon = 1.0e-5 : f64} : (tensor<?x1x32xf32>, tensor<32xf32>) -> tensor<?x1x32xf32> loc("blk.1.attn_k_norm.weight")
  %59 = tz.rope %56, %position neox {base = 1.0e4 : f64, rotated = 32 : i64} : (tensor<?x2x32xf32>, tensor<i32>) -> tensor<?x2x32xf32> loc("blk.1.attn_q.weight")
  %60 = tz.rope %58, %position neox {base = 1.0e4 : f64, rotated = 32 : i64} : (tensor<?x1x32xf32>, tensor<i32>) -> tensor<?x1x32xf32> loc("blk.1.attn_k.weight")
  %61 = tz.cache_append %k1, %60, %position : (!tz.cache<1x32xf16, ?>, tensor<?x1x32xf32>, tensor<i32>) -> !tz.cache<1x32xf16, ?> loc("blk.1.attn_k.weight")
  %62 = tz.cache_append %v1, %54, %position : (!tz.cache<1x32xf16, ?>, tensor<?x1x32xf32>, tensor<i32>) -> !tz.cache<1x32xf16, ?> loc("blk.1.attn_v.weight")
  %63 = tz.attention %59, %61, %62, %position {scale = 0.125 : f64} : (tensor<?x2x32xf32>, !tz.cache<1x32xf16, ?>, !tz.cache<1x32xf16, ?>, tensor<i32>) -> tensor<?x2x32xf32> loc("blk.1.attention")
  %64 = tz.reshape %63 : tensor<?x2x32xf32> -> tensor<?x64xf32> loc("blk.1.attention")
  %65 = tz.use_weight @"blk.1.attn_output.weight" : tensor<64x64x!tz.block<q8_0>> loc("blk.1.attn_output.weight")
  %66 = tz.matmul %64, %65 : (tensor<?x64xf32>, tensor<64x64x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.1.attn_output.weight")
  %67 = tz.use_weight @"blk.1.post_attention_norm.weight" : tensor<64xf32> loc("blk.1.post_attention_norm.weight")
  %68 = tz.rms_norm %66, %67 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.1.post_attention_norm.weight")
  %69 = tz.elementwise add(%43, %68) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32> loc("blk.1.post_attention_norm.weight")
  %70 = tz.use_weight @"blk.1.ffn_norm.weight" : tensor<64xf32> loc("blk.1.ffn_norm.weight")
  %71 = tz.rms_norm %69, %70 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.1.ffn_norm.weight")
  %72 = tz.use_weight @"blk.1.ffn_gate.weight" : tensor<128x64x!tz.block<q8_0>> loc("blk.1.ffn_gate.weight")
  %73 = tz.matmul %71, %72 : (tensor<?x64xf32>, tensor<128x64x!tz.block<q8_0>>) -> tensor<?x128xf32> loc("blk.1.ffn_gate.weight")
  %74 = tz.use_weight @"blk.1.ffn_up.weight" : tensor<128x64x!tz.block<q8_0>> loc("blk.1.ffn_up.weight")
  %75 = tz.matmul %71, %74 : (tensor<?x64xf32>, tensor<128x64x!tz.block<q8_0>>) -> tensor<?x128xf32> loc("blk.1.ffn_up.weight")
  %76 = tz.elementwise gelu_tanh(%73) : (tensor<?x128xf32>) -> tensor<?x128xf32> loc("blk.1.ffn_gate.weight")
  %77 = tz.elementwise mul(%76, %75) : (tensor<?x128xf32>, tensor<?x128xf32>) -> tensor<?x128xf32> loc("blk.1.ffn_gate.weight")
  %78 = tz.use_weight @"blk.1.ffn_down.weight" : tensor<64x128x!tz.block<q8_0>> loc("blk.1.ffn_down.weight")
  %79 = tz.matmul %77, %78 : (tensor<?x128xf32>, tensor<64x128x!tz.block<q8_0>>) -> tensor<?x64xf32> loc("blk.1.ffn_down.weight")
  %80 = tz.use_weight @"blk.1.post_ffw_norm.weight" : tensor<64xf32> loc("blk.1.post_ffw_norm.weight")
  %81 = tz.rms_norm %79, %80 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("blk.1.post_ffw_norm.weight")
  %82 = tz.elementwise add(%69, %81) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32> loc("blk.1.post_ffw_norm.weight")
  tz.return %82, %22, %23, %61, %62 : tensor<?x64xf32>, !tz.cache<1x32xf16, ?>, !tz.cache<1x32xf16, ?>, !tz.cache<1x32xf16, ?>, !tz.cache<1x32xf16, ?>
}
tz.func @head(%hidden: tensor<?x64xf32> {tz.dims = ["T", 64], tz.name = "hidden"}) -> (tensor<?x96xf32> {tz.name = "logits"}) attributes {tz.sizes = {T = [1]}} {
  %1 = tz.use_weight @"output_norm.weight" : tensor<64xf32> loc("output_norm.weight")
  %2 = tz.rms_norm %hidden, %1 {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32> loc("output_norm.weight")
  %3 = tz.use_weight @"token_embd.weight" : tensor<96x64x!tz.block<q8_0>> loc("token_embd.weight")
  %4 = tz.matmul %2, %3 : (tensor<?x64xf32>, tensor<96x64x!tz.block<q8_0>>) -> tensor<?x96xf32> loc("token_embd.weight")
  tz.return %4 : tensor<?x96xf32>
}
}
