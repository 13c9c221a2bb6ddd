// RUN: terrazzo-opt %s --tz-raise-attention --canonicalize | FileCheck %s

// Nothing is masked, of one text: no ranges.
// CHECK-LABEL: tz.func @plain
// CHECK: tz.attention %{{.*}}, %{{.*}}, %{{.*}} {scale = 2.500000e-01 : f64} : (tensor<?x4x16xf32>
// CHECK-NOT: tz.softmax
tz.func @plain(%q: tensor<4x?x16xf32>, %k: tensor<4x?x16xf32>, %v: tensor<4x?x16xf32>) -> tensor<4x?x16xf32> {
  %scale = tz.scalar 0.25 : tensor<f32>
  %s = tz.contract "htd,hsd->hts" %q, %k : (tensor<4x?x16xf32>, tensor<4x?x16xf32>) -> tensor<4x?x?xf32>
  %0 = tz.elementwise mul(%s, %scale) : (tensor<4x?x?xf32>, tensor<f32>) -> tensor<4x?x?xf32>
  %p = tz.softmax %0 {axis = 2 : i64} : tensor<4x?x?xf32> -> tensor<4x?x?xf32>
  %o = tz.contract "hts,hsd->htd" %p, %v : (tensor<4x?x?xf32>, tensor<4x?x16xf32>) -> tensor<4x?x16xf32>
  tz.return %o : tensor<4x?x16xf32>
}

// Each query up to itself, within a window: a position.
// CHECK-LABEL: tz.func @window
// CHECK: %[[P:.*]] = tz.scalar 0.000000e+00 : tensor<i32>
// CHECK: tz.attention %{{.*}}, %{{.*}}, %{{.*}}, %[[P]] {scale = 1.000000e+00 : f64, window = 5 : i64}
tz.func @window(%q: tensor<4x?x16xf32>, %k: tensor<4x?x16xf32>, %v: tensor<4x?x16xf32>) -> tensor<4x?x16xf32> {
  %row = tz.iota {axis = 0 : i64, sizes = ["T"]} : tensor<?x1xi64>
  %column = tz.iota {axis = 0 : i64, sizes = ["T"]} : tensor<?xi64>
  %five = tz.scalar 5.0 : tensor<i64>
  %before = tz.elementwise less_equal(%column, %row) : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %least = tz.elementwise sub(%row, %five) : (tensor<?x1xi64>, tensor<i64>) -> tensor<?x1xi64>
  %near = tz.elementwise less(%least, %column) : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi1>
  %seen = tz.elementwise and(%before, %near) : (tensor<?x?xi1>, tensor<?x?xi1>) -> tensor<?x?xi1>
  %hidden = tz.scalar 0xFFF0000000000000 : tensor<f32>
  %s = tz.contract "htd,hsd->hts" %q, %k : (tensor<4x?x16xf32>, tensor<4x?x16xf32>) -> tensor<4x?x?xf32>
  %0 = tz.elementwise select(%seen, %s, %hidden) : (tensor<?x?xi1>, tensor<4x?x?xf32>, tensor<f32>) -> tensor<4x?x?xf32>
  %p = tz.softmax %0 {axis = 2 : i64} : tensor<4x?x?xf32> -> tensor<4x?x?xf32>
  %o = tz.contract "hts,hsd->htd" %p, %v : (tensor<4x?x?xf32>, tensor<4x?x16xf32>) -> tensor<4x?x16xf32>
  tz.return %o : tensor<4x?x16xf32>
}

// Several texts, some of whose keys are hidden; rows that see nothing are
// zeros; heads that were repeated are shared.
// CHECK-LABEL: tz.func @texts
// CHECK: tz.attention %{{.*}}, %{{.*}}, %{{.*}} from(%{{.*}}) to(%{{.*}}) bias(%{{.*}}) {scale = 1.000000e+00 : f64} : (tensor<?x4x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>, tensor<?xi32>, tensor<1x1x?xf32>)
tz.func @texts(%q: tensor<?x4x?x16xf32> {tz.dims = ["B", 4, "T", 16]}, %k2: tensor<?x2x?x16xf32> {tz.dims = ["B", 2, "T", 16]},
               %v2: tensor<?x2x?x16xf32> {tz.dims = ["B", 2, "T", 16]}, %keep: tensor<?x1x1x?xi1> {tz.dims = ["B", 1, 1, "T"]})
    -> tensor<?x4x?x16xf32> {
  %k3 = tz.reshape %k2 {sizes = ["B", "T"]} : tensor<?x2x?x16xf32> -> tensor<?x2x1x?x16xf32>
  %k4 = tz.broadcast %k3 {sizes = ["B", "T"]} : tensor<?x2x1x?x16xf32> -> tensor<?x2x2x?x16xf32>
  %k = tz.reshape %k4 {sizes = ["B", "T"]} : tensor<?x2x2x?x16xf32> -> tensor<?x4x?x16xf32>
  %v3 = tz.reshape %v2 {sizes = ["B", "T"]} : tensor<?x2x?x16xf32> -> tensor<?x2x1x?x16xf32>
  %v4 = tz.broadcast %v3 {sizes = ["B", "T"]} : tensor<?x2x1x?x16xf32> -> tensor<?x2x2x?x16xf32>
  %v = tz.reshape %v4 {sizes = ["B", "T"]} : tensor<?x2x2x?x16xf32> -> tensor<?x4x?x16xf32>
  %hidden = tz.scalar 0xFFF0000000000000 : tensor<f32>
  %zero = tz.scalar 0.0 : tensor<f32>
  %s = tz.contract "bhtd,bhsd->bhts" %q, %k : (tensor<?x4x?x16xf32>, tensor<?x4x?x16xf32>) -> tensor<?x4x?x?xf32>
  %0 = tz.elementwise select(%keep, %s, %hidden) : (tensor<?x1x1x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %1 = tz.softmax %0 {axis = 3 : i64} : tensor<?x4x?x?xf32> -> tensor<?x4x?x?xf32>
  %none = tz.elementwise is_nan(%1) : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xi1>
  %p = tz.elementwise select(%none, %zero, %1) : (tensor<?x4x?x?xi1>, tensor<f32>, tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %o = tz.contract "bhts,bhsd->bhtd" %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x16xf32>) -> tensor<?x4x?x16xf32>
  tz.return %o : tensor<?x4x?x16xf32>
}

// A bias of one text; of several it would have to be there for each.
// CHECK-LABEL: tz.func @bias
// CHECK: tz.attention {{.*}} bias(%{{.*}}) {scale = 1.000000e+00 : f64}
tz.func @bias(%q: tensor<4x?x16xf32>, %b: tensor<4x?x?xf32>) -> tensor<4x?x16xf32> {
  %s = tz.contract "htd,hsd->hts" %q, %q : (tensor<4x?x16xf32>, tensor<4x?x16xf32>) -> tensor<4x?x?xf32>
  %0 = tz.elementwise add(%s, %b) : (tensor<4x?x?xf32>, tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
  %p = tz.softmax %0 {axis = 2 : i64} : tensor<4x?x?xf32> -> tensor<4x?x?xf32>
  %o = tz.contract "hts,hsd->htd" %p, %q : (tensor<4x?x?xf32>, tensor<4x?x16xf32>) -> tensor<4x?x16xf32>
  tz.return %o : tensor<4x?x16xf32>
}

// CHECK-LABEL: tz.func @biasOfTexts
// CHECK: tz.softmax
// CHECK-NOT: tz.attention
tz.func @biasOfTexts(%q: tensor<?x4x?x16xf32> {tz.dims = ["B", 4, "T", 16]}, %b: tensor<4x?x?xf32> {tz.dims = [4, "T", "T"]})
    -> tensor<?x4x?x16xf32> {
  %s = tz.contract "bhtd,bhsd->bhts" %q, %q : (tensor<?x4x?x16xf32>, tensor<?x4x?x16xf32>) -> tensor<?x4x?x?xf32>
  %0 = tz.elementwise add(%s, %b) : (tensor<?x4x?x?xf32>, tensor<4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = tz.softmax %0 {axis = 3 : i64} : tensor<?x4x?x?xf32> -> tensor<?x4x?x?xf32>
  %o = tz.contract "bhts,bhsd->bhtd" %p, %q : (tensor<?x4x?x?xf32>, tensor<?x4x?x16xf32>) -> tensor<?x4x?x16xf32>
  tz.return %o : tensor<?x4x?x16xf32>
}
