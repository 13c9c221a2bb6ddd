// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt %s -split-input-file -verify-diagnostics

func.func @left(%acc: vector<16xi32>, %w: vector<32xi8>, %x: vector<4xi8>) -> vector<16xi32> {
  // expected-error @+1 {{holds 16 x 4 elements in 1 lanes, not 'vector<32xi8>'}}
  %0 = tile.contract #tile.fragment<rows = 16, columns = 1, depth = 4> %acc, %w, %x : vector<16xi32>, vector<32xi8>, vector<4xi8>
  return %0 : vector<16xi32>
}

// -----

func.func @lanes(%acc: vector<4xf32>, %l: vector<8xf16>, %r: vector<8xf16>) -> vector<4xf32> {
  // expected-error @+1 {{holds 16 x 8 elements in 32 lanes, not 'vector<8xf16>'}}
  %0 = tile.contract #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32> %acc, %l, %r : vector<4xf32>, vector<8xf16>, vector<8xf16>
  return %0 : vector<4xf32>
}

// -----

func.func @elements(%acc: vector<16xf32>, %w: vector<64xi8>, %x: vector<4xi8>) -> vector<16xf32> {
  // expected-error @+1 {{multiplies 'i8' by 'i8' into 'f32'}}
  %0 = tile.contract #tile.fragment<rows = 16, columns = 1, depth = 4> %acc, %w, %x : vector<16xf32>, vector<64xi8>, vector<4xi8>
  return %0 : vector<16xf32>
}

// -----

func.func @sizes(%acc: vector<16xf32>, %w: vector<16xf32>, %x: vector<1xf32>) -> vector<16xf32> {
  // expected-error @+1 {{a fragment's sizes are from 1 to 1024, not 0}}
  %0 = tile.contract #tile.fragment<rows = 16, columns = 0, depth = 1> %acc, %w, %x : vector<16xf32>, vector<16xf32>, vector<1xf32>
  return %0 : vector<16xf32>
}

// -----

func.func @part(%m: memref<?xi8>, %o: index) {
  // expected-error @+1 {{unpacks part 1 of a block that has 1}}
  %0:10 = "tile.unpack"(%m, %o, %o, %o) <{weight = tensor<16x64x!tz.block<q4_1>, #tz.layout<interleave = 16>>, part = 1 : i64, resultSegmentSizes = array<i32: 8, 1, 1>}>
      : (memref<?xi8>, index, index, index) -> (vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>,
      vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<16xf32>, vector<16xf32>)
  return
}

// -----

func.func @segments(%m: memref<?xi8>, %o: index) {
  // expected-error @+1 {{gives 8 fragments and 1 scales and minimums for this format}}
  %0:9 = "tile.unpack"(%m, %o, %o, %o) <{weight = tensor<16x64x!tz.block<q4_1>, #tz.layout<interleave = 16>>, part = 0 : i64, resultSegmentSizes = array<i32: 8, 1, 0>}>
      : (memref<?xi8>, index, index, index) -> (vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>,
      vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<16xf32>)
  return
}

// -----

func.func @minimum(%acc: vector<16xf32>, %i: vector<16xi32>, %d: vector<16xf32>, %f: f32) {
  // expected-error @+1 {{has a minimum without a sum, or a sum without a minimum}}
  %0 = "tile.scale"(%acc, %i, %d, %f, %f) <{operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1>}>
      : (vector<16xf32>, vector<16xi32>, vector<16xf32>, f32, f32) -> vector<16xf32>
  return
}

// -----

func.func @rows(%m: memref<?xi32>, %o: index) {
  // expected-error @+1 {{unpacks 3 rows, not 1 or 4}}
  %0:3 = "tile.unpack_lane"(%m, %o, %o, %o, %o, %o, %o) <{weight = tensor<16x64x!tz.block<q4_1>, #tz.layout<interleave = 16>>, rows = 3 : i64, resultSegmentSizes = array<i32: 1, 1, 1>}>
      : (memref<?xi32>, index, index, index, index, index, index) -> (vector<3xi32>, vector<3xf32>, vector<3xf32>)
  return
}

// -----

func.func @wanted(%m: memref<?xi32>, %o: index) {
  // expected-error @+1 {{gives as many fragments as are wanted, and 2 scales and minimums for this format}}
  %0:3 = "tile.unpack_lane"(%m, %o, %o, %o, %o, %o, %o) <{weight = tensor<16x512x!tz.block<q6_k>, #tz.layout<interleave = 16>>, rows = 4 : i64, resultSegmentSizes = array<i32: 1, 1, 1>}>
      : (memref<?xi32>, index, index, index, index, index, index) -> (vector<4xi32>, vector<4xf32>, vector<4xf32>)
  return
}

// -----

// Two elements of one lane at one place.
// expected-error @+1 {{'left' does not lead each element of each lane to a place of its own in the fragment}}
#twice = #tile.fragment<rows = 2, columns = 2, depth = 2, lanes = 2, left = (d0, d1) -> (d0, 0),
  right = (d0, d1) -> (d1, d0), sums = (d0, d1) -> (d0, d1)>

// -----

// expected-error @+1 {{'sums' does not lead each element of each lane to a place of its own in the fragment}}
#outside = #tile.fragment<rows = 2, columns = 2, depth = 2, lanes = 2, left = (d0, d1) -> (d0, d1),
  right = (d0, d1) -> (d1, d0), sums = (d0, d1) -> (d0 + 1, d1)>

// -----

#known = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = f16>
func.func @load_elements(%m: memref<?xf16>, %at: index) -> vector<4xf16> {
  // expected-error @+1 {{loads 8 elements a lane of}}
  %0 = tile.load_fragment left #known %m[%at] {stride = 64 : i64} : memref<?xf16> -> vector<4xf16>
  return %0 : vector<4xf16>
}

// -----

#known = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = f16>
func.func @load_stride(%m: memref<?xf16>, %at: index) -> vector<8xf16> {
  // expected-error @+1 {{has lines 60 elements apart, which is no multiple of 8}}
  %0 = tile.load_fragment left #known %m[%at] {stride = 60 : i64} : memref<?xf16> -> vector<8xf16>
  return %0 : vector<8xf16>
}

// -----

// expected-error @+1 {{'left' does not lead each element of each lane to a place of its own in the fragment}}
#divided = #tile.fragment<rows = 2, columns = 2, depth = 2, lanes = 2, left = (d0, d1) -> (d0 floordiv (d1 - d1), d1),
  right = (d0, d1) -> (d1, d0), sums = (d0, d1) -> (d0, d1)>

// -----

func.func @copy_indices(%a: memref<?xindex>, %at: index) {
  // expected-error @+1 {{copies elements of 8 to 64 bits, alike on both sides}}
  tile.copy %a[%at] to %a[%at] : memref<?xindex>, memref<?xindex>
  return
}

// -----

#bytes = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = bf16>
func.func @other_elements(%acc: vector<4xf32>, %l: vector<8xf16>, %r: vector<4xf16>) -> vector<4xf32> {
  // expected-error @+1 {{multiplies 'f16' by 'f16' into 'f32'}}
  %0 = tile.contract #bytes %acc, %l, %r : vector<4xf32>, vector<8xf16>, vector<4xf16>
  return %0 : vector<4xf32>
}

// -----

func.func @plain(%m: memref<?xi8>, %o: index) {
  // expected-error @+1 {{unpacks 'tensor<16x64x!tz.block<q4_1>>', which is no packed weight of blocks}}
  %0:10 = "tile.unpack"(%m, %o, %o, %o) <{weight = tensor<16x64x!tz.block<q4_1>>, part = 0 : i64, resultSegmentSizes = array<i32: 8, 1, 1>}>
      : (memref<?xi8>, index, index, index) -> (vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>,
      vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<16xf32>, vector<16xf32>)
  return
}
