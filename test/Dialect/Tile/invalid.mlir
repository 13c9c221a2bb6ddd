// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt %s -split-input-file -verify-diagnostics

func.func @operands(%acc: vector<16xi32>, %w: vector<64xi8>, %x: vector<32xi8>) -> vector<16xi32> {
  // expected-error @+1 {{multiplies 'vector<64xi8>' by 'vector<32xi8>'}}
  %0 = tile.dot %acc, %w, %x : vector<16xi32>, vector<64xi8>, vector<32xi8>
  return %0 : vector<16xi32>
}

// -----

func.func @lanes(%acc: vector<8xi32>, %w: vector<64xi8>) -> vector<8xi32> {
  // expected-error @+1 {{needs 4 operand elements for each lane of 'vector<8xi32>'}}
  %0 = tile.dot %acc, %w, %w : vector<8xi32>, vector<64xi8>, vector<64xi8>
  return %0 : vector<8xi32>
}

// -----

func.func @part(%m: memref<?xi8>, %o: index) {
  // expected-error @+1 {{unpacks part 1 of a block that has 1}}
  %0:10 = "tile.unpack"(%m, %o) <{format = #tz<block_format q4_1>, part = 1 : i64, resultSegmentSizes = array<i32: 8, 1, 1>}>
      : (memref<?xi8>, index) -> (vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<64xi8>,
      vector<64xi8>, vector<64xi8>, vector<64xi8>, vector<16xf32>, vector<16xf32>)
  return
}
