// RUN: terrazzo-opt %s --split-input-file --verify-diagnostics

// Every error that the dialect's parsers and verifiers can report, by file of lib/Dialect/Tz.

// AttentionOps: tz.rope

tz.func @f(%x: tensor<?x8xf32>, %p: tensor<i32>) -> tensor<?x8xf32> {
  // expected-error@+1 {{takes and gives [tokens, heads, dim], got 'tensor<?x8xf32>'}}
  %0 = tz.rope %x, %p neox {base = 1.0e4 : f64, rotated = 4 : i64} : (tensor<?x8xf32>, tensor<i32>) -> tensor<?x8xf32>
  tz.return %0 : tensor<?x8xf32>
}

// -----

tz.func @f(%x: tensor<?x2x4xf32>, %p: tensor<i32>) -> tensor<?x2x4xf32> {
  // expected-error@+1 {{rotates 6 values of 4; an even number up to that is possible}}
  %0 = tz.rope %x, %p neox {base = 1.0e4 : f64, rotated = 6 : i64} : (tensor<?x2x4xf32>, tensor<i32>) -> tensor<?x2x4xf32>
  tz.return %0 : tensor<?x2x4xf32>
}

// -----

tz.func @f(%x: tensor<?x2x4xf32>, %p: tensor<i32>) -> tensor<?x2x4xf32> {
  // expected-error@+1 {{rotates 3 values of 4}}
  %0 = tz.rope %x, %p neox {base = 1.0e4 : f64, rotated = 3 : i64} : (tensor<?x2x4xf32>, tensor<i32>) -> tensor<?x2x4xf32>
  tz.return %0 : tensor<?x2x4xf32>
}

// -----

tz.func @f(%x: tensor<?x2x4xf32>, %p: tensor<i32>, %n: tensor<4xf32>) -> tensor<?x2x4xf32> {
  // expected-error@+1 {{needs rotated/2 = 2 factors}}
  %0 = tz.rope %x, %p factors(%n) neox {base = 1.0e4 : f64, rotated = 4 : i64} : (tensor<?x2x4xf32>, tensor<i32>, tensor<4xf32>) -> tensor<?x2x4xf32>
  tz.return %0 : tensor<?x2x4xf32>
}

// -----

tz.func @f(%x: tensor<?x2x4xf32>, %p: tensor<i32>) -> tensor<?x2x4xf32> {
  // expected-error@+1 {{unknown keyword 'twisted'}}
  %0 = tz.rope %x, %p twisted {base = 1.0e4 : f64, rotated = 4 : i64} : (tensor<?x2x4xf32>, tensor<i32>) -> tensor<?x2x4xf32>
  tz.return %0 : tensor<?x2x4xf32>
}

// -----

// AttentionOps: tz.cache_append

tz.func @f(%c: !tz.cache<1x4xf16, ?> {tz.state = "k"}, %r: tensor<?x1x4xf32>, %p: tensor<i32>) -> (!tz.cache<1x4xf16, ?> {tz.state = "k"}) {
  // expected-error@+1 {{changes the cache's type}}
  %0 = tz.cache_append %c, %r, %p : (!tz.cache<1x4xf16, ?>, tensor<?x1x4xf32>, tensor<i32>) -> !tz.cache<1x4xf32, ?>
  tz.return %0 : !tz.cache<1x4xf32, ?>
}

// -----

tz.func @f(%c: !tz.cache<1x4xf16, ?> {tz.state = "k"}, %r: tensor<?x2x4xf32>, %p: tensor<i32>) -> (!tz.cache<1x4xf16, ?> {tz.state = "k"}) {
  // expected-error@+1 {{cannot append 'tensor<?x2x4xf32>' to '!tz.cache<1x4xf16, ?>'}}
  %0 = tz.cache_append %c, %r, %p : (!tz.cache<1x4xf16, ?>, tensor<?x2x4xf32>, tensor<i32>) -> !tz.cache<1x4xf16, ?>
  tz.return %0 : !tz.cache<1x4xf16, ?>
}

// -----

// AttentionOps: tz.attention

tz.func @f(%q: tensor<?x8xf32>, %k: !tz.cache<2x4xf16, ?> {tz.state = "k"}, %p: tensor<i32>) -> (!tz.cache<2x4xf16, ?> {tz.state = "k"}) {
  // expected-error@+1 {{takes [tokens, heads, dim], got}}
  %0 = tz.attention %q, %k, %k, %p {scale = 0.5 : f64} : (tensor<?x8xf32>, !tz.cache<2x4xf16, ?>, !tz.cache<2x4xf16, ?>, tensor<i32>) -> tensor<?x8xf32>
  tz.return %k : !tz.cache<2x4xf16, ?>
}

// -----

tz.func @f(%q: tensor<?x2x4xf32>, %k: !tz.cache<2x4xf16, ?> {tz.state = "k"}, %v: !tz.cache<1x4xf16, ?> {tz.state = "v"}, %p: tensor<i32>) -> (!tz.cache<2x4xf16, ?> {tz.state = "k"}, !tz.cache<1x4xf16, ?> {tz.state = "v"}) {
  // expected-error@+1 {{has keys of '!tz.cache<2x4xf16, ?>' but values of '!tz.cache<1x4xf16, ?>'}}
  %0 = tz.attention %q, %k, %v, %p {scale = 0.5 : f64} : (tensor<?x2x4xf32>, !tz.cache<2x4xf16, ?>, !tz.cache<1x4xf16, ?>, tensor<i32>) -> tensor<?x2x4xf32>
  tz.return %k, %v : !tz.cache<2x4xf16, ?>, !tz.cache<1x4xf16, ?>
}

// -----

tz.func @f(%q: tensor<?x3x4xf32>, %k: !tz.cache<2x4xf16, ?> {tz.state = "k"}, %p: tensor<i32>) -> (!tz.cache<2x4xf16, ?> {tz.state = "k"}) {
  // expected-error@+1 {{cannot share '!tz.cache<2x4xf16, ?>' among queries of 'tensor<?x3x4xf32>'}}
  %0 = tz.attention %q, %k, %k, %p {scale = 0.5 : f64} : (tensor<?x3x4xf32>, !tz.cache<2x4xf16, ?>, !tz.cache<2x4xf16, ?>, tensor<i32>) -> tensor<?x3x4xf32>
  tz.return %k : !tz.cache<2x4xf16, ?>
}

// -----

tz.func @f(%q: tensor<?x2x4xf32>, %k: !tz.cache<2x4xf16, ?> {tz.state = "k"}, %p: tensor<i32>) -> (!tz.cache<2x4xf16, ?> {tz.state = "k"}) {
  // expected-error@+1 {{has a negative window}}
  %0 = tz.attention %q, %k, %k, %p {scale = 0.5 : f64, window = -1 : i64} : (tensor<?x2x4xf32>, !tz.cache<2x4xf16, ?>, !tz.cache<2x4xf16, ?>, tensor<i32>) -> tensor<?x2x4xf32>
  tz.return %k : !tz.cache<2x4xf16, ?>
}

// -----

tz.func @f(%q: tensor<?x2x4xf32>, %k: !tz.cache<2x4xf16, ?> {tz.state = "k"}, %v: !tz.cache<2x3xf16, ?> {tz.state = "v"}, %p: tensor<i32>) -> (!tz.cache<2x4xf16, ?> {tz.state = "k"}, !tz.cache<2x3xf16, ?> {tz.state = "v"}) {
  // expected-error@+1 {{gives [tokens, heads, dim of the values], got 'tensor<?x2x4xf32>'}}
  %0 = tz.attention %q, %k, %v, %p {scale = 0.5 : f64} : (tensor<?x2x4xf32>, !tz.cache<2x4xf16, ?>, !tz.cache<2x3xf16, ?>, tensor<i32>) -> tensor<?x2x4xf32>
  tz.return %k, %v : !tz.cache<2x4xf16, ?>, !tz.cache<2x3xf16, ?>
}

// -----

tz.func @f(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x1x4xf32>) -> tensor<?x2x4xf32> {
  // expected-error@+1 {{has keys of 'tensor<?x2x4xf32>' but values of 'tensor<?x1x4xf32>'}}
  %0 = tz.attention %q, %k, %v {scale = 0.5 : f64} : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
  tz.return %0 : tensor<?x2x4xf32>
}

// -----

tz.func @f(%q: tensor<?x2x4xf32>, %k: tensor<?x8xf32>) -> tensor<?x2x4xf32> {
  // expected-error@+1 {{takes keys and values of [rows, heads, dim], got 'tensor<?x8xf32>'}}
  %0 = tz.attention %q, %k, %k {scale = 0.5 : f64} : (tensor<?x2x4xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x2x4xf32>
  tz.return %0 : tensor<?x2x4xf32>
}

// -----

tz.func @f(%q: tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  // expected-error@+1 {{has a window, but no position that it ends at}}
  %0 = tz.attention %q, %q, %q {scale = 0.5 : f64, window = 3 : i64} : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  tz.return %0 : tensor<?x2x4xf32>
}

// -----

tz.func @f(%q: tensor<?x2x4xf32>, %b: tensor<3x?x?xf32>) -> tensor<?x2x4xf32> {
  // expected-error@+1 {{takes a bias [heads or 1, rows or 1, key rows] over keys that are no cache, got 'tensor<3x?x?xf32>'}}
  %0 = tz.attention %q, %q, %q bias(%b) {scale = 0.5 : f64} : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<3x?x?xf32>) -> tensor<?x2x4xf32>
  tz.return %0 : tensor<?x2x4xf32>
}

// -----

tz.func @f(%q: tensor<?x2x4xf32>, %e: tensor<7xi32>) -> tensor<?x2x4xf32> {
  // expected-error@+1 {{takes a range for each query row, got 'tensor<7xi32>'}}
  %0 = tz.attention %q, %q, %q to(%e) {scale = 0.5 : f64} : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<7xi32>) -> tensor<?x2x4xf32>
  tz.return %0 : tensor<?x2x4xf32>
}

// -----

tz.func @f(%q: tensor<?x2x4xf32>, %k: !tz.cache<2x4xf16, ?> {tz.state = "k"}) -> (!tz.cache<2x4xf16, ?> {tz.state = "k"}) {
  // expected-error@+1 {{does not know how many rows '!tz.cache<2x4xf16, ?>' holds: a position or 'to' says it}}
  %0 = tz.attention %q, %k, %k {scale = 0.5 : f64} : (tensor<?x2x4xf32>, !tz.cache<2x4xf16, ?>, !tz.cache<2x4xf16, ?>) -> tensor<?x2x4xf32>
  tz.return %k : !tz.cache<2x4xf16, ?>
}

// -----

tz.func @f(%x: tensor<?x4xf32>, %w: tensor<4xf32>, %b: tensor<8xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{normalises rows of 'tensor<?x4xf32>' with a weight of 'tensor<8xf32>'}}
  %0 = tz.layer_norm %x, %w, %b {epsilon = 1.0e-5 : f64} : (tensor<?x4xf32>, tensor<4xf32>, tensor<8xf32>) -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}

// -----

tz.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{does not give 'tensor<?x4xf32>' from 'tensor<?x4xf32>'}}
  %0 = tz.pad %x [-1, 0] [0, 0] : tensor<?x4xf32> -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}

// -----

tz.func @f(%x: tensor<?x4xf32>, %y: tensor<?x4xf32> {tz.dims = ["S", 4]}) -> tensor<?x4xf32> {
  // expected-error@+1 {{meets the sizes T and S, which must be equal}}
  %0 = tz.elementwise add(%x, %y) : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}

// -----

tz.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = tz.pad %x [1, 0] [1, 0] : tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-error@+1 {{meets the sizes T + 2 and T, which must be equal}}
  %1 = tz.elementwise add(%0, %x) : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  tz.return %1 : tensor<?x4xf32>
}

// -----

// expected-error@+1 {{has the size '2 * S', which is no expression of T}}
tz.func @f(%x: tensor<?x?xf32> {tz.dims = ["T", "2 * S"]}) -> tensor<?x?xf32> {
  tz.return %x : tensor<?x?xf32>
}

// -----

tz.func @f(%x: tensor<?x4xf32>) -> tensor<?x?xf32> {
  // expected-error@+1 {{has 2 '?' that do not follow from 'tensor<?x4xf32>'; name them with 'sizes'}}
  %0 = tz.reshape %x : tensor<?x4xf32> -> tensor<?x?xf32>
  tz.return %0 : tensor<?x?xf32>
}

// -----

tz.func @f(%x: tensor<?x4xf32>) -> tensor<?x?xf32> {
  // expected-error@+1 {{cannot turn [T, 4] into [T, T], which need not have as many elements}}
  %0 = tz.reshape %x {sizes = ["T", "T"]} : tensor<?x4xf32> -> tensor<?x?xf32>
  tz.return %0 : tensor<?x?xf32>
}

// -----

tz.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{names 2 sizes, its result has 1 '?'}}
  %0 = tz.reshape %x {sizes = ["T", "T"]} : tensor<?x4xf32> -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}

// -----

tz.func @f(%q: tensor<?x2x8xf32>, %k: tensor<?x2x8xf32> {tz.dims = ["S", 2, 8]}) -> tensor<?x2x8xf32> {
  // expected-error@+1 {{meets the sizes S and T, which must be equal}}
  %0 = tz.attention %q, %k, %q {scale = 1.0 : f64} : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>) -> tensor<?x2x8xf32>
  tz.return %0 : tensor<?x2x8xf32>
}

// -----

tz.func @f(%x: tensor<3x8xf32>) -> tensor<4x2x3xf32> {
  // expected-error@+1 {{takes 'tensor<3x8xf32>' and gives 'tensor<4x2x3xf32>'; channels and kernel must be known, places where the input is}}
  %0 = tz.windows %x [2] [1] [0] : tensor<3x8xf32> -> tensor<4x2x3xf32>
  tz.return %0 : tensor<4x2x3xf32>
}

// -----

tz.func @f(%x: tensor<3x8xf32>) -> tensor<4x3x3xf32> {
  // expected-error@+1 {{has a stride or dilation below 1, or a border below 0}}
  %0 = tz.windows %x [0] [1] [0] : tensor<3x8xf32> -> tensor<4x3x3xf32>
  tz.return %0 : tensor<4x3x3xf32>
}

// -----

// ContractionOps

tz.func @f(%x: tensor<?x32xf32>, %w: tensor<?x32xf32>) -> tensor<?x64xf32> {
  // expected-error@+1 {{takes a weight of two fixed dimensions, got 'tensor<?x32xf32>'}}
  %0 = tz.matmul %x, %w : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x64xf32>
  tz.return %0 : tensor<?x64xf32>
}

// -----

tz.func @f(%x: tensor<?x48xf32>, %w: tensor<64x48x!tz.block<q8_0>>) -> tensor<?x64xf32> {
  // expected-error@+1 {{has rows of 48 values, which is not a multiple of the block's 32}}
  %0 = tz.matmul %x, %w : (tensor<?x48xf32>, tensor<64x48x!tz.block<q8_0>>) -> tensor<?x64xf32>
  tz.return %0 : tensor<?x64xf32>
}

// -----

tz.func @f(%x: tensor<?x32xf32>, %w: tensor<64x64xf16>) -> tensor<?x64xf32> {
  // expected-error@+1 {{cannot multiply 'tensor<?x32xf32>' by 'tensor<64x64xf16>' into 'tensor<?x64xf32>'}}
  %0 = tz.matmul %x, %w : (tensor<?x32xf32>, tensor<64x64xf16>) -> tensor<?x64xf32>
  tz.return %0 : tensor<?x64xf32>
}

// -----

tz.func @f(%ids: tensor<?xi32>, %w: tensor<64xf16>) -> tensor<?x64xf32> {
  // expected-error@+1 {{takes a weight of two fixed dimensions, got 'tensor<64xf16>'}}
  %0 = tz.embedding %w, %ids : (tensor<64xf16>, tensor<?xi32>) -> tensor<?x64xf32>
  tz.return %0 : tensor<?x64xf32>
}

// -----

tz.func @f(%ids: tensor<?xi32>, %w: tensor<64x32xf16>) -> tensor<?x64xf32> {
  // expected-error@+1 {{cannot gather 'tensor<?x64xf32>' from 'tensor<64x32xf16>' by 'tensor<?xi32>'}}
  %0 = tz.embedding %w, %ids : (tensor<64x32xf16>, tensor<?xi32>) -> tensor<?x64xf32>
  tz.return %0 : tensor<?x64xf32>
}

// -----

// ElementwiseOps

tz.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{there is no elementwise function 'power'; there are add, sub,}}
  %0 = tz.elementwise power(%x) : (tensor<4xf32>) -> tensor<4xf32>
  tz.return %0 : tensor<4xf32>
}

// -----

tz.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{takes 2 operands for 'add', has 1}}
  %0 = tz.elementwise add(%x) : (tensor<4xf32>) -> tensor<4xf32>
  tz.return %0 : tensor<4xf32>
}

// -----

tz.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{takes 1 operand for 'silu', has 2}}
  %0 = tz.elementwise silu(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  tz.return %0 : tensor<4xf32>
}

// -----

tz.func @f(%x: tensor<1x4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{cannot broadcast 'tensor<1x4xf32>' to 'tensor<4xf32>'}}
  %0 = tz.elementwise silu(%x) : (tensor<1x4xf32>) -> tensor<4xf32>
  tz.return %0 : tensor<4xf32>
}

// -----

tz.func @f(%x: tensor<3xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{cannot broadcast 'tensor<3xf32>' to 'tensor<4xf32>'}}
  %0 = tz.elementwise silu(%x) : (tensor<3xf32>) -> tensor<4xf32>
  tz.return %0 : tensor<4xf32>
}

// -----

tz.func @f(%x: tensor<4xf32>) -> tensor<4xf16> {
  // expected-error@+1 {{changes the element type}}
  %0 = tz.reshape %x : tensor<4xf32> -> tensor<4xf16>
  tz.return %0 : tensor<4xf16>
}

// -----

tz.func @f(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
  // expected-error@+1 {{cannot turn 'tensor<?x4xf32>' into 'tensor<?x3xf32>' for every size}}
  %0 = tz.reshape %x : tensor<?x4xf32> -> tensor<?x3xf32>
  tz.return %0 : tensor<?x3xf32>
}

// -----

tz.func @f(%x: tensor<?x4xf32>) -> tensor<4x1xf32> {
  // expected-error@+1 {{cannot turn 'tensor<?x4xf32>' into 'tensor<4x1xf32>'}}
  %0 = tz.reshape %x : tensor<?x4xf32> -> tensor<4x1xf32>
  tz.return %0 : tensor<4x1xf32>
}

// -----

tz.func @f(%x: tensor<?x4xf32>, %w: tensor<4xf32>) -> tensor<?x4xf16> {
  // expected-error@+1 {{result and input differ in type}}
  %0 = tz.rms_norm %x, %w {epsilon = 1.0e-5 : f64} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf16>
  tz.return %0 : tensor<?x4xf16>
}

// -----

tz.func @f(%x: tensor<?x4xf32>, %w: tensor<8xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{normalises rows of 'tensor<?x4xf32>' with a weight of 'tensor<8xf32>'}}
  %0 = tz.rms_norm %x, %w {epsilon = 1.0e-5 : f64} : (tensor<?x4xf32>, tensor<8xf32>) -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}

// -----

// FunctionOps

// expected-error@+1 {{argument 0 is 'f32'; functions take and give ranked tensors (a number is tensor<f32>) and caches}}
tz.func @f(%a: f32, %x: tensor<4xf32>) -> tensor<4xf32> {
  tz.return %x : tensor<4xf32>
}

// -----

// expected-error@+1 {{argument 0 is 'tensor<*xf32>'; functions take and give}}
tz.func @f(%x: tensor<*xf32>) -> tensor<*xf32> {
  tz.return %x : tensor<*xf32>
}

// -----

// expected-error@+1 {{argument 0 has 9 dimensions, up to 8 are possible}}
tz.func @f(%x: tensor<1x1x1x1x1x1x1x1x4xf32>) -> tensor<1x1x1x1x1x1x1x1x4xf32> {
  tz.return %x : tensor<1x1x1x1x1x1x1x1x4xf32>
}

// -----

// expected-error@+1 {{has no result, so there is nothing to compute}}
tz.func @f(%x: tensor<4xf32>) {
  tz.return
}

// -----

// expected-error@+1 {{'tz.sizes' of 'T' has 5000000000, up to 2147483647 are possible}}
tz.func @f(%x: tensor<?xf32>) -> tensor<?xf32> attributes {tz.sizes = {T = [1, 5000000000]}} {
  tz.return %x : tensor<?xf32>
}

// -----

tz.func @f(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{has the number 9223372036854775807, of which 2147483648 is the largest possible}}
  %r = tz.pad %x [9223372036854775807] [9223372036854775807] : tensor<?xf32> -> tensor<?xf32>
  tz.return %r : tensor<?xf32>
}

// -----

// expected-error@+1 {{argument 0 is a '!tz.cache' without 'tz.state'}}
tz.func @f(%c: !tz.cache<1x4xf16, ?>) {
  tz.return
}

// -----

// expected-error@+1 {{names the state 'k' on two arguments}}
tz.func @f(%a: !tz.cache<1x4xf16, ?> {tz.state = "k"}, %b: !tz.cache<1x4xf16, ?> {tz.state = "k"}) {
  tz.return
}

// -----

// expected-error@+1 {{result 0 is a '!tz.cache' that no argument of the same state and type brings}}
tz.func @f(%a: !tz.cache<1x4xf16, ?> {tz.state = "k"}) -> (!tz.cache<1x4xf16, ?> {tz.state = "v"}) {
  tz.return %a : !tz.cache<1x4xf16, ?>
}

// -----

// expected-error@+1 {{result 0 is a '!tz.cache' that no argument of the same state and type brings}}
tz.func @f(%a: !tz.cache<1x4xf16, ?> {tz.state = "k"}) -> !tz.cache<1x4xf16, ?> {
  tz.return %a : !tz.cache<1x4xf16, ?>
}

// -----

// expected-error@+1 {{drops the state 'k': no result carries it}}
tz.func @f(%a: !tz.cache<1x4xf16, ?> {tz.state = "k"}) {
  tz.return
}

// -----

tz.func @f(%c: !tz.cache<1x4xf16, ?> {tz.state = "k"}, %r: tensor<?x1x4xf32>, %p: tensor<i32>) -> (!tz.cache<1x4xf16, ?> {tz.state = "k"}) {
  // expected-error@+1 {{replaces a state that another operation has replaced already}}
  %0 = tz.cache_append %c, %r, %p : (!tz.cache<1x4xf16, ?>, tensor<?x1x4xf32>, tensor<i32>) -> !tz.cache<1x4xf16, ?>
  %1 = tz.cache_append %c, %r, %p : (!tz.cache<1x4xf16, ?>, tensor<?x1x4xf32>, tensor<i32>) -> !tz.cache<1x4xf16, ?>
  tz.return %1 : !tz.cache<1x4xf16, ?>
}

// -----

tz.func @f(%c: !tz.cache<1x4xf16, ?> {tz.state = "k"}, %r: tensor<?x1x4xf32>, %p: tensor<i32>) -> (!tz.cache<1x4xf16, ?> {tz.state = "k"}) {
  %0 = tz.cache_append %c, %r, %p : (!tz.cache<1x4xf16, ?>, tensor<?x1x4xf32>, tensor<i32>) -> !tz.cache<1x4xf16, ?>
  // expected-error@+1 {{uses an old version of a state}}
  tz.return %c : !tz.cache<1x4xf16, ?>
}

// -----

tz.func @f(%c: !tz.cache<1x4xf16, ?> {tz.state = "k"}, %r: tensor<?x1x4xf32>, %p: tensor<i32>) -> (!tz.cache<1x4xf16, ?> {tz.state = "k"}) {
  %0 = tz.cache_append %c, %r, %p : (!tz.cache<1x4xf16, ?>, tensor<?x1x4xf32>, tensor<i32>) -> !tz.cache<1x4xf16, ?>
  %1 = tz.cache_append %0, %r, %p : (!tz.cache<1x4xf16, ?>, tensor<?x1x4xf32>, tensor<i32>) -> !tz.cache<1x4xf16, ?>
  // expected-error@+1 {{uses an old version of a state}}
  %2 = tz.attention %r, %0, %0, %p {scale = 0.5 : f64} : (tensor<?x1x4xf32>, !tz.cache<1x4xf16, ?>, !tz.cache<1x4xf16, ?>, tensor<i32>) -> tensor<?x1x4xf32>
  tz.return %1 : !tz.cache<1x4xf16, ?>
}

// -----

tz.func @f(%x: tensor<4xf32>) -> tensor<4xf16> {
  // expected-error@+1 {{returns other types than the function's results}}
  tz.return %x : tensor<4xf32>
}

// -----

// TzDialect: argument and result attributes

// expected-error@+1 {{'tz.dims' needs one entry per dimension of a tensor argument}}
tz.func @f(%x: tensor<?x4xf32> {tz.dims = ["T"]}) {
  tz.return
}

// -----

// expected-error@+1 {{'tz.dims' names each '?' by a string and repeats each fixed size as an integer}}
tz.func @f(%x: tensor<?x4xf32> {tz.dims = ["T", "H"]}) {
  tz.return
}

// -----

// expected-error@+1 {{'tz.dims' names each '?' by a string and repeats each fixed size as an integer}}
tz.func @f(%x: tensor<?x4xf32> {tz.dims = [1, 4]}) {
  tz.return
}

// -----

// expected-error@+1 {{'tz.state' is a string on a '!tz.cache'}}
tz.func @f(%x: tensor<4xf32> {tz.state = "k"}) {
  tz.return
}

// -----

// expected-error@+1 {{'tz.state' is a string on a '!tz.cache'}}
tz.func @f(%x: tensor<4xf32>) -> (tensor<4xf32> {tz.state = "k"}) {
  tz.return %x : tensor<4xf32>
}

// -----

// expected-error@+1 {{has an unknown argument attribute 'tz.colour'}}
tz.func @f(%x: tensor<4xf32> {tz.colour = "red"}) {
  tz.return
}

// -----

// expected-error@+1 {{has an unknown result attribute 'tz.colour'}}
tz.func @f(%x: tensor<4xf32>) -> (tensor<4xf32> {tz.colour = "red"}) {
  tz.return %x : tensor<4xf32>
}

// -----

// TzTypes

// expected-error@+1 {{expected heads x dim x type}}
tz.func @f(%c: !tz.cache<4xf16, ?> {tz.state = "k"}) {
  tz.return
}

// -----

// WeightOps

// expected-error@+1 {{has a type without stored form: 'tensor<?xf32>'}}
tz.weight @w : tensor<?xf32> {file = "m.gguf", tensor = "w", offset = 0 : i64, bytes = 0 : i64, hash = 0 : i64}

// -----

// expected-error@+1 {{has a type without stored form: 'tensor<4x48x!tz.block<q4_1>>'}}
tz.weight @w : tensor<4x48x!tz.block<q4_1>> {file = "m.gguf", tensor = "w", offset = 0 : i64, bytes = 120 : i64, hash = 0 : i64}

// -----

// expected-error@+1 {{has a type without stored form: 'tensor<4xindex>'}}
tz.weight @w : tensor<4xindex> {file = "m.gguf", tensor = "w", offset = 0 : i64, bytes = 32 : i64, hash = 0 : i64}

// -----

// expected-error@+1 {{says 128 bytes, its type takes 80}}
tz.weight @w : tensor<4x32x!tz.block<q4_1>> {file = "m.gguf", tensor = "w", offset = 0 : i64, bytes = 128 : i64, hash = 0 : i64}

// -----

tz.func @f() -> tensor<4xf32> {
  // expected-error@+1 {{uses 'w', which is not a tz.weight}}
  %0 = tz.use_weight @w : tensor<4xf32>
  tz.return %0 : tensor<4xf32>
}

// -----

tz.weight @w : tensor<8xf32> {file = "m.gguf", tensor = "w", offset = 0 : i64, bytes = 32 : i64, hash = 0 : i64}
tz.func @f() -> tensor<4xf32> {
  // expected-error@+1 {{has type 'tensor<4xf32>', the weight is 'tensor<8xf32>'}}
  %0 = tz.use_weight @w : tensor<4xf32>
  tz.return %0 : tensor<4xf32>
}

// -----

tz.func @f(%w: tensor<32x32xf32>) -> tensor<32x32xf16> {
  // expected-error@+1 {{changes more than the layout}}
  %0 = tz.convert_layout %w : tensor<32x32xf32> -> tensor<32x32xf16>
  tz.return %0 : tensor<32x32xf16>
}

// -----

!c = !tz.cache<1x64xf16, ?>
tz.func @exchanged(%a: !c {tz.state = "a"}, %b: !c {tz.state = "b"}) -> (!c {tz.state = "a"}, !c {tz.state = "b"}) {
  // expected-error @+1 {{returns a version of the state 'b' as the state 'a'}}
  tz.return %b, %a : !c, !c
}

// -----

tz.func @f(%x: tensor<?x3xf32>) -> tensor<3x?xf32> {
  // expected-error @+1 {{needs each dimension of 'tensor<?x3xf32>' once in its permutation}}
  %0 = tz.transpose %x [1, 1] : tensor<?x3xf32> -> tensor<3x?xf32>
  tz.return %0 : tensor<3x?xf32>
}

// -----

tz.func @f(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  // expected-error @+1 {{does not give 'tensor<?x3xf32>'}}
  %0 = tz.transpose %x [1, 0] : tensor<?x3xf32> -> tensor<?x3xf32>
  tz.return %0 : tensor<?x3xf32>
}

// -----

tz.func @f(%x: tensor<?x3xf32>) -> tensor<?x1xf32> {
  // expected-error @+1 {{needs axes of 'tensor<?x3xf32>', each once}}
  %0 = tz.reduce sum %x [2] : tensor<?x3xf32> -> tensor<?x1xf32>
  tz.return %0 : tensor<?x1xf32>
}

// -----

tz.func @f(%x: tensor<?x3xf32>) -> tensor<?xf32> {
  // expected-error @+1 {{does not give 'tensor<?xf32>'}}
  %0 = tz.reduce sum %x [1] : tensor<?x3xf32> -> tensor<?xf32>
  tz.return %0 : tensor<?xf32>
}

// -----

tz.func @f(%a: tensor<?x3xf32>, %b: tensor<3x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{has 'ab,bc->ad', which is not of the form "ab,bc->ac"}}
  %0 = tz.contract "ab,bc->ad" %a, %b : (tensor<?x3xf32>, tensor<3x4xf32>) -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}

// -----

tz.func @f(%a: tensor<?x3xf32>, %b: tensor<3x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{names 3 dimensions of 'tensor<?x3xf32>'}}
  %0 = tz.contract "abc,bc->ac" %a, %b : (tensor<?x3xf32>, tensor<3x4xf32>) -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}

// -----

tz.func @f(%a: tensor<?x3xf32>, %b: tensor<5x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{takes 'tensor<?x3xf32>' with a dimension that has another size elsewhere}}
  %0 = tz.contract "ab,bc->ac" %a, %b : (tensor<?x3xf32>, tensor<5x4xf32>) -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}

// -----

// expected-error @+1 {{has two arguments named 'x'}}
tz.func @f(%a: tensor<?x3xf32> {tz.name = "x"}, %b: tensor<?x3xf32> {tz.name = "x"}) -> tensor<?x3xf32> {
  %0 = tz.elementwise add(%a, %b) : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  tz.return %0 : tensor<?x3xf32>
}

// -----

// expected-error @+1 {{'tz.name' is a string on a tensor}}
tz.func @f(%a: tensor<?x3xf32> {tz.name = 3}) -> tensor<?x3xf32> {
  %0 = tz.elementwise silu(%a) : (tensor<?x3xf32>) -> tensor<?x3xf32>
  tz.return %0 : tensor<?x3xf32>
}

// -----

// expected-error @+1 {{'tz.sizes' names 'S', which is no size of an argument in 'tz.dims'}}
tz.func @f(%a: tensor<?x3xf32>) -> tensor<?x3xf32> attributes {tz.sizes = {S = [1]}} {
  %0 = tz.elementwise silu(%a) : (tensor<?x3xf32>) -> tensor<?x3xf32>
  tz.return %0 : tensor<?x3xf32>
}

// -----

// expected-error @+1 {{'tz.sizes' of 'T' is an array of numbers from 1 on, the smaller first}}
tz.func @f(%a: tensor<?x3xf32>) -> tensor<?x3xf32> attributes {tz.sizes = {T = [8, 1]}} {
  %0 = tz.elementwise silu(%a) : (tensor<?x3xf32>) -> tensor<?x3xf32>
  tz.return %0 : tensor<?x3xf32>
}

// -----

tz.func @f(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{takes 'tensor<?x4xf32>' out of 'tensor<?x8xf32>' beyond its end}}
  %0 = tz.slice %x [0, 2] [1, 2] : tensor<?x8xf32> -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}

// -----

tz.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{beyond its end}}
  %0 = tz.slice %x [-1, 0] [-1, 1] : tensor<?x8xf32> -> tensor<?x8xf32>
  tz.return %0 : tensor<?x8xf32>
}

// -----

tz.func @f(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{needs an offset and a stride for each dimension}}
  %0 = tz.slice %x [0] [1, 1] : tensor<?x8xf32> -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}

// -----

tz.func @reverse_twice(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  // expected-error@+1 {{needs axes of 'tensor<?x3xf32>', each once, and gives the same type}}
  %0 = tz.reverse %x [1, 1] : tensor<?x3xf32> -> tensor<?x3xf32>
  tz.return %0 : tensor<?x3xf32>
}

// -----

tz.func @shares_of_integers(%x: tensor<?x3xi32>) -> tensor<?x3xi32> {
  // expected-error@+1 {{needs an axis of 'tensor<?x3xi32>', which is of floats, and gives the same type}}
  %0 = tz.softmax %x {axis = 1 : i64} : tensor<?x3xi32> -> tensor<?x3xi32>
  tz.return %0 : tensor<?x3xi32>
}

// -----

tz.func @cumsum_of_truths(%x: tensor<?x3xi1>) -> tensor<?x3xi1> {
  // expected-error@+1 {{needs an axis of 'tensor<?x3xi1>', which is of numbers, and gives the same type}}
  %0 = tz.cumsum %x {axis = 1 : i64} : tensor<?x3xi1> -> tensor<?x3xi1>
  tz.return %0 : tensor<?x3xi1>
}

// -----

tz.func @scatter_other_elements(%x: tensor<?x3xf32>, %i: tensor<2xi64>, %u: tensor<2x3xf16>) -> tensor<?x3xf32> {
  // expected-error@+1 {{cannot put 'tensor<2x3xf16>' into 'tensor<?x3xf32>' by 'tensor<2xi64>'}}
  %0 = tz.scatter %x, %i, %u {axis = 0 : i64} : (tensor<?x3xf32>, tensor<2xi64>, tensor<2x3xf16>) -> tensor<?x3xf32>
  tz.return %0 : tensor<?x3xf32>
}

// -----

tz.func @scatter_too_few(%x: tensor<?x3xf32>, %i: tensor<4xi64>, %u: tensor<2x3xf32>) -> tensor<?x3xf32> {
  // expected-error@+1 {{takes 'tensor<4xi64>' with a dimension that has another size elsewhere}}
  %0 = tz.scatter %x, %i, %u {axis = 0 : i64} : (tensor<?x3xf32>, tensor<4xi64>, tensor<2x3xf32>) -> tensor<?x3xf32>
  tz.return %0 : tensor<?x3xf32>
}

// -----

tz.func @constant_too_large() -> tensor<4097xf32> {
  // expected-error@+1 {{is an array of at most 4096 numbers, not of 'tensor<4097xf32>'; what is larger belongs to the weights}}
  %0 = tz.constant dense<0.0> : tensor<4097xf32>
  tz.return %0 : tensor<4097xf32>
}

// -----

// Layouts

// expected-error@+1 {{interleaves 0 rows, not 1 to 4096}}
tz.func @f(%w: tensor<8x8xf32, #tz.layout<interleave = 0>>) {
  tz.return
}

// -----

// Block formats

// expected-error@+1 {{there is no block format 'q9_9'; there are q4_0, q4_1, }}
tz.func @f(%w: tensor<8x32x!tz.block<q9_9>>) {
  tz.return
}

// -----

// AttentionOps: sinks

tz.func @f(%q: tensor<?x2x4xf32>, %s: tensor<3xf32>) -> tensor<?x2x4xf32> {
  // expected-error@+1 {{takes a sink for each head, got 'tensor<3xf32>'}}
  %0 = tz.attention %q, %q, %q sinks(%s) {scale = 0.5 : f64} : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<3xf32>) -> tensor<?x2x4xf32>
  tz.return %0 : tensor<?x2x4xf32>
}

// -----

// Sizes: the last row of none.

tz.func @f(%x: tensor<?x4xf32>) -> tensor<1x4xf32> {
  %0 = tz.slice %x [-1, 0] [1, 1] : tensor<?x4xf32> -> tensor<?x4xf32>
  %1 = tz.slice %0 [0, 0] [1, 1] {cut = array<i64: 1, 0>} : tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-error@+1 {{reaches beyond its input, whatever the sizes of a call are}}
  %2 = tz.slice %1 [-1, 0] [1, 1] : tensor<?x4xf32> -> tensor<1x4xf32>
  tz.return %2 : tensor<1x4xf32>
}

// -----

// WeightOps: more elements than a file may have, and bytes that would be few.

// expected-error@+1 {{has a type without stored form: 'tensor<1152921504606846984x16xf32>'}}
tz.weight @w : tensor<1152921504606846984x16xf32> {file = "m.gguf", tensor = "w", offset = 0 : i64, bytes = 512 : i64, hash = 0 : i64}

// -----

tz.func @f(%x: tensor<?xi32>) -> tensor<?xi32> {
  // expected-error@+1 {{which no 'i32' is}}
  %c = tz.scalar 1.0e30 : tensor<i32>
  %y = tz.elementwise add(%x, %c) : (tensor<?xi32>, tensor<i32>) -> tensor<?xi32>
  tz.return %y : tensor<?xi32>
}

// -----

tz.func @f(%x: tensor<?xi1>) -> tensor<i1> {
  // expected-error@+1 {{is 5.000000e-01, which no 'i1' is}}
  %c = tz.scalar 0.5 : tensor<i1>
  tz.return %c : tensor<i1>
}

// -----

tz.func @f(%x: tensor<?x8xf32>, %w: tensor<8xf32>) -> tensor<?x8xf32> {
  // expected-error@+1 {{has the epsilon -5.000000e+00, which is no number from 0 on}}
  %y = tz.rms_norm %x, %w {epsilon = -5.0 : f64} : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  tz.return %y : tensor<?x8xf32>
}

// -----

tz.func @f(%q: tensor<?x4x1xf32>, %v: tensor<?x4x?xf32> {tz.dims = ["T", 4, "B"]}) -> tensor<?x4x?xf32> {
  // expected-error@+1 {{has a number of heads, or a width, that is 0 or not known; only rows may change}}
  %y = tz.attention %q, %q, %v {scale = 1.0 : f64} : (tensor<?x4x1xf32>, tensor<?x4x1xf32>, tensor<?x4x?xf32>) -> tensor<?x4x?xf32>
  tz.return %y : tensor<?x4x?xf32>
}
