// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What code generation knows of each block format: the fields of a block, from
// the table that says what a format is (Formats/BlockFormats.def). Every kernel
// (decode, prefill, gather, packing) is derived from it.
//
// A block of `values` values takes `bytes` bytes in the file, the concatenation
// of its fields. Packed, its fields move unit by unit to where the weight's
// layout says (PackedRows.h). A field of kind Bits (one bit a value, 4 bytes)
// has its bits regrouped on the way: bit 4t + o of the row's word becomes bit t
// of the row's byte o, so that one shift brings the bits of fragment t into
// place.
//
// The formats are those of the GGUF files' producer; sizes and meaning are
// restated in docs/formats.md.
#pragma once

#include "terrazzo/Dialect/Tz/Tz.h"
#include "terrazzo/Formats/BlockField.h"

namespace terrazzo::codegen {

struct FormatInfo {
  int64_t values;
  int64_t bytes;
  /// Scales (and minimums) for each 32 values: 1, or 2 of 16 values each.
  int64_t groupsPerPart;
  /// Largest unsigned integer that a fragment holds.
  int64_t bound;
  llvm::ArrayRef<BlockField> fields;
};

const FormatInfo &getFormatInfo(tz::BlockFormat format);

/// A floating-point element, stored one value a block: its one field.
BlockField getFloatField(int64_t bytes);

} // namespace terrazzo::codegen
