// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-nvidia
// RUN: terrazzo-opt --load-plugin=nvidia %s --tz-nvidia-lower-loads --split-input-file --verify-diagnostics

// Of a chip with other lanes.
#mfma = #tile.fragment<rows = 16, columns = 16, depth = 16, lanes = 64, elements = f16,
  left = (d0, d1) -> (d0 mod 16, (d0 floordiv 16) * 4 + d1),
  right = (d0, d1) -> ((d0 floordiv 16) * 4 + d1, d0 mod 16),
  sums = (d0, d1) -> ((d0 floordiv 16) * 4 + d1, d0 mod 16)>
module attributes {plan.target = #tz_nvidia.target<"sm_80", "f16">} {
  func.func @other(%m: memref<?xf16, #gpu.address_space<workgroup>>, %at: index) -> vector<4xf16> {
    // expected-error @+1 {{no instruction of #tz_nvidia.target<"sm_80", "f16"> loads #tile.fragment<rows = 16, columns = 16,}}
    %l = tile.load_fragment left #mfma %m[%at] {stride = 72 : i64} : memref<?xf16, #gpu.address_space<workgroup>> -> vector<4xf16>
    return %l : vector<4xf16>
  }
}

// -----

module {
  func.func @no_chip() {
    // expected-error @+1 {{has no nvidia chip to be lowered for}}
    tile.commit_copies
    return
  }
}
