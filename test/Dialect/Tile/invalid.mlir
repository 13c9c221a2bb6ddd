// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt %s -split-input-file -verify-diagnostics

func.func @left(%acc: vector<16xi32>, %w: vector<32xi8>, %x: vector<4xi8>) -> vector<16xi32> {
  // expected-error @+1 {{holds 16 x 4 elements in 1 lanes, not 'vector<32xi8>'}}
  %0 = tile.contract %acc, %w, %x <rows = 16, columns = 1, depth = 4> : vector<16xi32>, vector<32xi8>, vector<4xi8>
  return %0 : vector<16xi32>
}

// -----

func.func @lanes(%acc: vector<4xf32>, %l: vector<8xf16>, %r: vector<8xf16>) -> vector<4xf32> {
  // expected-error @+1 {{holds 16 x 8 elements in 32 lanes, not 'vector<8xf16>'}}
  %0 = tile.contract %acc, %l, %r <rows = 16, columns = 8, depth = 16, lanes = 32> : vector<4xf32>, vector<8xf16>, vector<8xf16>
  return %0 : vector<4xf32>
}

// -----

func.func @elements(%acc: vector<16xf32>, %w: vector<64xi8>, %x: vector<4xi8>) -> vector<16xf32> {
  // expected-error @+1 {{multiplies 'i8' by 'i8' into 'f32'}}
  %0 = tile.contract %acc, %w, %x <rows = 16, columns = 1, depth = 4> : vector<16xf32>, vector<64xi8>, vector<4xi8>
  return %0 : vector<16xf32>
}

// -----

func.func @sizes(%acc: vector<16xf32>, %w: vector<16xf32>, %x: vector<1xf32>) -> vector<16xf32> {
  // expected-error @+1 {{has a size below 1 in #tile.fragment<rows = 16, columns = 0, depth = 1>}}
  %0 = tile.contract %acc, %w, %x <rows = 16, columns = 0, depth = 1> : vector<16xf32>, vector<16xf32>, vector<1xf32>
  return %0 : vector<16xf32>
}

// -----

func.func @part(%m: memref<?xi8>, %o: index) {
  // expected-error @+1 {{unpacks part 1 of a block that has 1}}
  %0:10 = "tile.unpack"(%m, %o) <{format = #tz<block_format q4_1>, part = 1 : i64, resultSegmentSizes = array<i32: 8, 1, 1>}>
      : (memref<?xi8>, index) -> (vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>,
      vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<16xf32>, vector<16xf32>)
  return
}

// -----

func.func @segments(%m: memref<?xi8>, %o: index) {
  // expected-error @+1 {{gives 8 fragments and 1 scales and minimums for this format}}
  %0:9 = "tile.unpack"(%m, %o) <{format = #tz<block_format q4_1>, part = 0 : i64, resultSegmentSizes = array<i32: 8, 1, 0>}>
      : (memref<?xi8>, index) -> (vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>,
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
  %0:3 = "tile.unpack_lane"(%m, %o, %o, %o, %o) <{format = #tz<block_format q4_1>, rows = 3 : i64, resultSegmentSizes = array<i32: 1, 1, 1>}>
      : (memref<?xi32>, index, index, index, index) -> (vector<3xi32>, vector<3xf32>, vector<3xf32>)
  return
}

// -----

func.func @wanted(%m: memref<?xi32>, %o: index) {
  // expected-error @+1 {{gives as many fragments as are wanted, and 2 scales and minimums for this format}}
  %0:3 = "tile.unpack_lane"(%m, %o, %o, %o, %o) <{format = #tz<block_format q6_k>, rows = 4 : i64, resultSegmentSizes = array<i32: 1, 1, 1>}>
      : (memref<?xi32>, index, index, index, index) -> (vector<4xi32>, vector<4xf32>, vector<4xf32>)
  return
}
