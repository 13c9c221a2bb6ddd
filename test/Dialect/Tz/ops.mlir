// RUN: terrazzo-opt %s | terrazzo-opt | FileCheck %s
// RUN: terrazzo-opt --mlir-print-op-generic %s | terrazzo-opt | FileCheck %s
// RUN: terrazzo-opt --emit-bytecode %s | terrazzo-opt | FileCheck %s

// Every op, type and attribute of the dialect is written and read back, as text, in generic form and as bytecode.

// CHECK: tz.weight @embedding : tensor<64x32x!tz.block<q8_0>> {bytes = 2176 : i64, file = "m.gguf", hash = 17 : i64, offset = 32 : i64, tensor = "token_embd.weight"}
tz.weight @embedding : tensor<64x32x!tz.block<q8_0>> {file = "m.gguf", tensor = "token_embd.weight", offset = 32 : i64, bytes = 2176 : i64, hash = 17 : i64}

// CHECK-LABEL: tz.func @weights
// CHECK-SAME: (%{{.*}}: tensor<?xi32> {tz.dims = ["T"]}) -> tensor<?x32xf32>
tz.func @weights(%ids: tensor<?xi32> {tz.dims = ["T"]}) -> tensor<?x32xf32> {
  // CHECK: %[[W:.*]] = tz.use_weight @embedding : tensor<64x32x!tz.block<q8_0>>
  %w = tz.use_weight @embedding : tensor<64x32x!tz.block<q8_0>>
  // CHECK: %[[P:.*]] = tz.convert_layout %[[W]] : tensor<64x32x!tz.block<q8_0>> -> tensor<64x32x!tz.block<q8_0>, #tz.layout<interleave = 16>>
  %p = tz.convert_layout %w : tensor<64x32x!tz.block<q8_0>> -> tensor<64x32x!tz.block<q8_0>, #tz.layout<interleave = 16>>
  // CHECK: tz.embedding %[[P]], %{{.*}} : (tensor<64x32x!tz.block<q8_0>, #tz.layout<interleave = 16>>, tensor<?xi32>) -> tensor<?x32xf32>
  %x = tz.embedding %p, %ids : (tensor<64x32x!tz.block<q8_0>, #tz.layout<interleave = 16>>, tensor<?xi32>) -> tensor<?x32xf32>
  // CHECK: tz.return %{{.*}} : tensor<?x32xf32>
  tz.return %x : tensor<?x32xf32>
}

// CHECK-LABEL: tz.func @formats
tz.func @formats(%x: tensor<?x256xf32> {tz.dims = ["T", 256]},
    %a: tensor<1x256x!tz.block<q4_0>>, %b: tensor<1x256x!tz.block<q4_1>>, %c: tensor<1x256x!tz.block<q5_0>>,
    %d: tensor<1x256x!tz.block<q5_1>>, %e: tensor<1x256x!tz.block<q4_k>>, %f: tensor<1x256x!tz.block<q5_k>>,
    %g: tensor<1x256x!tz.block<q6_k>>, %h: tensor<1x256xbf16>) -> tensor<?x1xf32> {
  // CHECK: tz.matmul %{{.*}}, %{{.*}} : (tensor<?x256xf32>, tensor<1x256x!tz.block<q4_0>>) -> tensor<?x1xf32>
  // CHECK: !tz.block<q4_1>>)
  // CHECK: !tz.block<q5_0>>)
  // CHECK: !tz.block<q5_1>>)
  // CHECK: !tz.block<q4_k>>)
  // CHECK: !tz.block<q5_k>>)
  // CHECK: !tz.block<q6_k>>)
  // CHECK: tensor<1x256xbf16>)
  %0 = tz.matmul %x, %a : (tensor<?x256xf32>, tensor<1x256x!tz.block<q4_0>>) -> tensor<?x1xf32>
  %1 = tz.matmul %x, %b : (tensor<?x256xf32>, tensor<1x256x!tz.block<q4_1>>) -> tensor<?x1xf32>
  %2 = tz.matmul %x, %c : (tensor<?x256xf32>, tensor<1x256x!tz.block<q5_0>>) -> tensor<?x1xf32>
  %3 = tz.matmul %x, %d : (tensor<?x256xf32>, tensor<1x256x!tz.block<q5_1>>) -> tensor<?x1xf32>
  %4 = tz.matmul %x, %e : (tensor<?x256xf32>, tensor<1x256x!tz.block<q4_k>>) -> tensor<?x1xf32>
  %5 = tz.matmul %x, %f : (tensor<?x256xf32>, tensor<1x256x!tz.block<q5_k>>) -> tensor<?x1xf32>
  %6 = tz.matmul %x, %g : (tensor<?x256xf32>, tensor<1x256x!tz.block<q6_k>>) -> tensor<?x1xf32>
  %7 = tz.matmul %x, %h : (tensor<?x256xf32>, tensor<1x256xbf16>) -> tensor<?x1xf32>
  tz.return %0 : tensor<?x1xf32>
}

// CHECK-LABEL: tz.func @elementwise
tz.func @elementwise(%x: tensor<?x2x4xf32>, %row: tensor<4xf32>) -> tensor<?x8xf32> {
  // CHECK: %[[S:.*]] = tz.scalar 1.250000e-01 : tensor<f32>
  %s = tz.scalar 0.125 : tensor<f32>
  // CHECK: tz.elementwise add(%{{.*}}, %{{.*}}) : (tensor<?x2x4xf32>, tensor<4xf32>) -> tensor<?x2x4xf32>
  %0 = tz.elementwise add(%x, %row) : (tensor<?x2x4xf32>, tensor<4xf32>) -> tensor<?x2x4xf32>
  // CHECK: tz.elementwise sub(
  %1 = tz.elementwise sub(%0, %x) : (tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  // CHECK: tz.elementwise mul(%{{.*}}, %[[S]]) : (tensor<?x2x4xf32>, tensor<f32>) -> tensor<?x2x4xf32>
  %2 = tz.elementwise mul(%1, %s) : (tensor<?x2x4xf32>, tensor<f32>) -> tensor<?x2x4xf32>
  // CHECK: tz.elementwise div(
  %3 = tz.elementwise div(%2, %x) : (tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  // CHECK: tz.elementwise silu(%{{.*}}) : (tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  %4 = tz.elementwise silu(%3) : (tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  // CHECK: tz.elementwise gelu_tanh(
  %5 = tz.elementwise gelu_tanh(%4) : (tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  // CHECK: tz.elementwise tanh(
  %6 = tz.elementwise tanh(%5) : (tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  // CHECK: tz.rms_norm %{{.*}}, %{{.*}} {epsilon = 1.000000e-05 : f64} : (tensor<?x2x4xf32>, tensor<4xf32>) -> tensor<?x2x4xf32>
  %7 = tz.rms_norm %6, %row {epsilon = 1.0e-5 : f64} : (tensor<?x2x4xf32>, tensor<4xf32>) -> tensor<?x2x4xf32>
  // CHECK: tz.reshape %{{.*}} : tensor<?x2x4xf32> -> tensor<?x8xf32>
  %8 = tz.reshape %7 : tensor<?x2x4xf32> -> tensor<?x8xf32>
  tz.return %8 : tensor<?x8xf32>
}

// CHECK-LABEL: tz.func @attention
// CHECK-SAME: %{{.*}}: !tz.cache<1x4xf16, ?> {tz.state = "k"}, %{{.*}}: !tz.cache<1x4xf16, 640> {tz.state = "v"}
// CHECK-SAME: -> (tensor<?x2x4xf32>, !tz.cache<1x4xf16, ?> {tz.state = "k"}, !tz.cache<1x4xf16, 640> {tz.state = "v"})
tz.func @attention(%q: tensor<?x2x4xf32>, %rows: tensor<?x1x4xf32>, %position: tensor<i32>, %factors: tensor<2xf32>,
    %k: !tz.cache<1x4xf16, ?> {tz.state = "k"}, %v: !tz.cache<1x4xf16, 640> {tz.state = "v"})
    -> (tensor<?x2x4xf32>, !tz.cache<1x4xf16, ?> {tz.state = "k"}, !tz.cache<1x4xf16, 640> {tz.state = "v"}) {
  // CHECK: tz.rope %{{.*}}, %{{.*}} neox {base = 1.000000e+04 : f64, rotated = 4 : i64} : (tensor<?x2x4xf32>, tensor<i32>) -> tensor<?x2x4xf32>
  %0 = tz.rope %q, %position neox {base = 1.0e4 : f64, rotated = 4 : i64} : (tensor<?x2x4xf32>, tensor<i32>) -> tensor<?x2x4xf32>
  // CHECK: tz.rope %{{.*}}, %{{.*}} factors(%{{.*}}) interleaved {base = 1.000000e+06 : f64, rotated = 4 : i64, scale = 8.000000e+00 : f64} : (tensor<?x2x4xf32>, tensor<i32>, tensor<2xf32>) -> tensor<?x2x4xf32>
  %1 = tz.rope %0, %position factors(%factors) interleaved {base = 1.0e6 : f64, rotated = 4 : i64, scale = 8.0 : f64} : (tensor<?x2x4xf32>, tensor<i32>, tensor<2xf32>) -> tensor<?x2x4xf32>
  // CHECK: %[[K:.*]] = tz.cache_append %{{.*}}, %{{.*}}, %{{.*}} : (!tz.cache<1x4xf16, ?>, tensor<?x1x4xf32>, tensor<i32>) -> !tz.cache<1x4xf16, ?>
  %k1 = tz.cache_append %k, %rows, %position : (!tz.cache<1x4xf16, ?>, tensor<?x1x4xf32>, tensor<i32>) -> !tz.cache<1x4xf16, ?>
  // CHECK: tz.attention %{{.*}}, %[[K]], %[[K]], %{{.*}} {scale = 5.000000e-01 : f64, soft_cap = 3.000000e+01 : f64, window = 512 : i64} : (tensor<?x2x4xf32>, !tz.cache<1x4xf16, ?>, !tz.cache<1x4xf16, ?>, tensor<i32>) -> tensor<?x2x4xf32>
  %2 = tz.attention %1, %k1, %k1, %position {scale = 0.5 : f64, window = 512 : i64, soft_cap = 30.0 : f64} : (tensor<?x2x4xf32>, !tz.cache<1x4xf16, ?>, !tz.cache<1x4xf16, ?>, tensor<i32>) -> tensor<?x2x4xf32>
  tz.return %2, %k1, %v : tensor<?x2x4xf32>, !tz.cache<1x4xf16, ?>, !tz.cache<1x4xf16, 640>
}

// CHECK-LABEL: tz.func @borders
tz.func @borders(%x: tensor<5x20xf32>) -> tensor<10x6x3xf32> {
  // CHECK: tz.windows %{{.*}} [2] [1] [1] : tensor<5x20xf32> -> tensor<10x5x3xf32>
  %w = tz.windows %x [2] [1] [1] : tensor<5x20xf32> -> tensor<10x5x3xf32>
  // CHECK: tz.pad %{{.*}} [0, 0, 0] [0, 1, 0] {value = 2.000000e+00 : f64} : tensor<10x5x3xf32> -> tensor<10x6x3xf32>
  %p = tz.pad %w [0, 0, 0] [0, 1, 0] {value = 2.0 : f64} : tensor<10x5x3xf32> -> tensor<10x6x3xf32>
  tz.return %p : tensor<10x6x3xf32>
}

// CHECK-LABEL: tz.func @without_cache
tz.func @without_cache(%q: tensor<?x4x8xf32>, %k: tensor<?x2x8xf32>, %v: tensor<?x2x5xf32>, %first: tensor<?xi32>,
    %end: tensor<?xi32>, %position: tensor<i32>, %w: tensor<5xf32>, %b: tensor<4x?x?xf32>) -> tensor<?x4x5xf32> {
  // CHECK: tz.attention %{{.*}}, %{{.*}}, %{{.*}} from(%{{.*}}) to(%{{.*}}) {scale = 5.000000e-01 : f64} : (tensor<?x4x8xf32>, tensor<?x2x8xf32>, tensor<?x2x5xf32>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x4x5xf32>
  %0 = tz.attention %q, %k, %v from(%first) to(%end) {scale = 0.5 : f64} : (tensor<?x4x8xf32>, tensor<?x2x8xf32>, tensor<?x2x5xf32>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x4x5xf32>
  // CHECK: tz.attention %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} to(%{{.*}}) {scale = 5.000000e-01 : f64, window = 3 : i64}
  %1 = tz.attention %q, %k, %v, %position to(%end) {scale = 0.5 : f64, window = 3 : i64} : (tensor<?x4x8xf32>, tensor<?x2x8xf32>, tensor<?x2x5xf32>, tensor<i32>, tensor<?xi32>) -> tensor<?x4x5xf32>
  // CHECK: tz.attention %{{.*}}, %{{.*}}, %{{.*}} {scale = 5.000000e-01 : f64} :
  %2 = tz.attention %q, %k, %v {scale = 0.5 : f64} : (tensor<?x4x8xf32>, tensor<?x2x8xf32>, tensor<?x2x5xf32>) -> tensor<?x4x5xf32>
  // CHECK: tz.attention %{{.*}}, %{{.*}}, %{{.*}} to(%{{.*}}) bias(%{{.*}}) {scale = 5.000000e-01 : f64}
  %biased = tz.attention %q, %k, %v to(%end) bias(%b) {scale = 0.5 : f64} : (tensor<?x4x8xf32>, tensor<?x2x8xf32>, tensor<?x2x5xf32>, tensor<?xi32>, tensor<4x?x?xf32>) -> tensor<?x4x5xf32>
  // CHECK: tz.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {epsilon = {{.*}} : f64} : (tensor<?x4x5xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<?x4x5xf32>
  %3 = tz.layer_norm %2, %w, %w {epsilon = 1.0e-12 : f64} : (tensor<?x4x5xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<?x4x5xf32>
  // CHECK: tz.layer_norm %{{.*}}, %{{.*}} {epsilon = {{.*}} : f64} : (tensor<?x4x5xf32>, tensor<5xf32>) -> tensor<?x4x5xf32>
  %4 = tz.layer_norm %3, %w {epsilon = 1.0e-12 : f64} : (tensor<?x4x5xf32>, tensor<5xf32>) -> tensor<?x4x5xf32>
  tz.return %4 : tensor<?x4x5xf32>
}

// CHECK-LABEL: tz.func @arrays
tz.func @arrays(%q: tensor<?x3x20xf32>) -> tensor<3x?x1xf32> {
  // CHECK: tz.slice %{{.*}} [0, 1, 0] [1, 1, 2] : tensor<?x3x20xf32> -> tensor<?x2x10xf32>
  %part = tz.slice %q [0, 1, 0] [1, 1, 2] : tensor<?x3x20xf32> -> tensor<?x2x10xf32>
  // CHECK: tz.transpose %{{.*}} [1, 0, 2] : tensor<?x3x20xf32> -> tensor<3x?x20xf32>
  %t = tz.transpose %q [1, 0, 2] : tensor<?x3x20xf32> -> tensor<3x?x20xf32>
  // CHECK: tz.contract "thd,hsd->hts" %{{.*}}, %{{.*}} : (tensor<?x3x20xf32>, tensor<3x?x20xf32>) -> tensor<3x?x?xf32>
  %s = tz.contract "thd,hsd->hts" %q, %t : (tensor<?x3x20xf32>, tensor<3x?x20xf32>) -> tensor<3x?x?xf32>
  // CHECK: tz.reduce max %{{.*}} [2] : tensor<3x?x?xf32> -> tensor<3x?x1xf32>
  %m = tz.reduce max %s [2] : tensor<3x?x?xf32> -> tensor<3x?x1xf32>
  tz.return %m : tensor<3x?x1xf32>
}

// CHECK-LABEL: tz.func @places
tz.func @places(%x: tensor<?x64xf32>, %i: tensor<3xi64>, %u: tensor<3x64xf32>, %j: tensor<?x8xi32>, %v: tensor<?x8xf32>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<2x2xf32>) {
  // CHECK: tz.scatter %{{.*}}, %{{.*}}, %{{.*}} {axis = 0 : i64} :
  %y = tz.scatter %x, %i, %u {axis = 0 : i64} : (tensor<?x64xf32>, tensor<3xi64>, tensor<3x64xf32>) -> tensor<?x64xf32>
  // CHECK: tz.scatter %{{.*}}, %{{.*}}, %{{.*}} {add, axis = 1 : i64, each} :
  %z = tz.scatter %x, %j, %v {axis = 1 : i64, each, add} : (tensor<?x64xf32>, tensor<?x8xi32>, tensor<?x8xf32>) -> tensor<?x64xf32>
  // CHECK: tz.reverse %{{.*}} [1] : tensor<?x64xf32> -> tensor<?x64xf32>
  %r = tz.reverse %x [1] : tensor<?x64xf32> -> tensor<?x64xf32>
  // CHECK: tz.cumsum %{{.*}} {axis = 0 : i64, backwards, exclusive} : tensor<?x64xf32> -> tensor<?x64xf32>
  %c = tz.cumsum %x {axis = 0 : i64, exclusive, backwards} : tensor<?x64xf32> -> tensor<?x64xf32>
  // CHECK: tz.softmax %{{.*}} {axis = 1 : i64} : tensor<?x64xf32> -> tensor<?x64xf32>
  %s = tz.softmax %c {axis = 1 : i64} : tensor<?x64xf32> -> tensor<?x64xf32>
  // CHECK: tz.softmax %{{.*}} {axis = 0 : i64, logarithm} : tensor<?x64xf32> -> tensor<?x64xf32>
  %l = tz.softmax %s {axis = 0 : i64, logarithm} : tensor<?x64xf32> -> tensor<?x64xf32>
  // CHECK: tz.constant dense<{{.*}}> : tensor<2x2xf32>
  %k = tz.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  tz.return %y, %z, %r, %l, %k : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<2x2xf32>
}
