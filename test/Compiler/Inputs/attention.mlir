// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The smallest model with a state.
module {
  tz.weight @embd : tensor<32x48xf32> {file = "m", tensor = "embd", offset = 0 : i64, bytes = 6144 : i64, hash = 0 : i64}
  tz.func @trunk(%ids: tensor<?xi32>, %position: tensor<i32>, %k: !tz.cache<1x24xf16, ?> {tz.state = "k"},
                 %v: !tz.cache<1x24xf16, ?> {tz.state = "v"})
      -> (tensor<?x48xf32>, !tz.cache<1x24xf16, ?> {tz.state = "k"}, !tz.cache<1x24xf16, ?> {tz.state = "v"}) {
    %w = tz.use_weight @embd : tensor<32x48xf32>
    %x = tz.embedding %w, %ids : (tensor<32x48xf32>, tensor<?xi32>) -> tensor<?x48xf32>
    %q = tz.reshape %x : tensor<?x48xf32> -> tensor<?x2x24xf32>
    %a = tz.attention %q, %k, %v, %position {scale = 1.0 : f64}
        : (tensor<?x2x24xf32>, !tz.cache<1x24xf16, ?>, !tz.cache<1x24xf16, ?>, tensor<i32>) -> tensor<?x2x24xf32>
        loc("blk.0.attention")
    %y = tz.reshape %a : tensor<?x2x24xf32> -> tensor<?x48xf32>
    tz.return %y, %k, %v : tensor<?x48xf32>, !tz.cache<1x24xf16, ?>, !tz.cache<1x24xf16, ?>
  }
  tz.func @head(%h: tensor<?x48xf32>) -> tensor<?x32xf32> {
    %w = tz.use_weight @embd : tensor<32x48xf32>
    %y = tz.matmul %h, %w : (tensor<?x48xf32>, tensor<32x48xf32>) -> tensor<?x32xf32>
    tz.return %y : tensor<?x32xf32>
  }
}
