// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a weight lies in memory when it does not lie as in its file.

#ifndef TERRAZZO_DIALECT_TZ_TZLAYOUTS_TD
#define TERRAZZO_DIALECT_TZ_TZLAYOUTS_TD

include "mlir/IR/AttrTypeBase.td"
include "terrazzo/Dialect/Tz/TzDialect.td"

def Tz_PackedLayout : AttrInterface<"PackedLayout"> {
  let cppNamespace = "::terrazzo::tz";
  let description = [{
    An order of a weight's bytes, carried as the encoding of its tensor type; a chip may bring one of its own. The bytes
    are those of the file, moved: some rows lie together, and each unit of each field of their blocks
    (`terrazzo/Codegen/BlockFormats.h`) has a place among them. The size of a packed weight, the loops that pack it and
    the addresses that kernels read are derived from that, in `terrazzo/Codegen/PackedRows.h`.
  }];
  let methods = [
    InterfaceMethod<"Rows that lie together; a weight is padded to whole groups of so many.", "int64_t", "getGroupRows">,
    InterfaceMethod<[{
      Where the units of a field lie: (row of the group, block of the row, unit of the field) to a byte, counted from
      the group's first.
    }], "::mlir::AffineMap", "getPlaces", (ins "const ::terrazzo::tz::FieldUnits &":$field)>,
  ];
}

def Tz_LayoutAttr : AttrDef<Tz_Dialect, "Layout", [DeclareAttrInterfaceMethods<Tz_PackedLayout>]> {
  let mnemonic = "layout";
  let summary = "rows interleaved block by block";
  let description = [{
    With `interleave = 16`, sixteen consecutive rows are stored together block by block: every field of a block (scales,
    minimums, packed integers) is stored for all sixteen rows side by side, unit after unit.

    ```mlir
    tensor<576x576x!tz.block<q4_1>, #tz.layout<interleave = 16>>
    ```
  }];
  let parameters = (ins "int64_t":$interleave);
  let assemblyFormat = "`<` `interleave` `=` $interleave `>`";
  let genVerifyDecl = 1;
}

#endif
