// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tz dialect in C++: dialect, types, attributes and ops. Their
// documentation stands in the .td files beside this.
#pragma once

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace terrazzo::tz {

/// The release in which an op first appeared.
template <int Major, int Minor> struct Since {
  template <typename ConcreteType>
  class Impl : public mlir::OpTrait::TraitBase<ConcreteType, Impl> {
  public:
    static constexpr int sinceMajor = Major;
    static constexpr int sinceMinor = Minor;
  };
};

/// The release that wrote a bytecode file.
struct TzVersion : public mlir::DialectVersion {
  uint64_t major = 0, minor = 2;
};

/// Formats of blocks that kernels take.
enum class BlockFormat : uint32_t {
#define BLOCK_FORMAT(Name, ...) Name,
#include "terrazzo/Formats/BlockFormats.def"
};

/// All of them, in order.
llvm::ArrayRef<BlockFormat> blockFormats();
/// The word in IR.
llvm::StringRef stringifyBlockFormat(BlockFormat format);

enum class ElementwiseFunction : uint32_t {
#define FUNCTION(Name, text, arity, kind, meaning, code, whole, relative,      \
                 absolute)                                                     \
  Name,
#include "terrazzo/Dialect/Tz/ElementwiseFunctions.def"
};

/// All of them, in order.
llvm::ArrayRef<ElementwiseFunction> elementwiseFunctions();
/// The word in IR, and back.
llvm::StringRef stringifyElementwiseFunction(ElementwiseFunction function);
std::optional<ElementwiseFunction>
symbolizeElementwiseFunction(llvm::StringRef word);
/// Number of operands.
unsigned arityOf(ElementwiseFunction function);
/// Which elements a function takes and gives.
enum class FunctionKind { Floats, Exact, Any, Truth, Choice, Change };
FunctionKind kindOf(ElementwiseFunction function);
/// Bytes of an element in memory: a truth (i1) takes one.
int64_t elementBytes(mlir::Type element);
/// Bound of a kernel's own error: relative x |result| + absolute.
struct ElementwiseError {
  double relative, absolute;
};
ElementwiseError errorOf(ElementwiseFunction function);

} // namespace terrazzo::tz

#include "terrazzo/Dialect/Tz/TzEnums.h.inc"

#include "terrazzo/Dialect/Tz/TzDialect.h.inc"

#include "terrazzo/Dialect/Tz/LoopNest.h"
#include "terrazzo/Dialect/Tz/PackedLayout.h"

#define GET_ATTRDEF_CLASSES
#include "terrazzo/Dialect/Tz/TzAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "terrazzo/Dialect/Tz/TzTypes.h.inc"

#define GET_OP_CLASSES
#include "terrazzo/Dialect/Tz/TzOps.h.inc"

namespace terrazzo::tz {

/// The value that `value` is another shape of.
mlir::Value stripReshapes(mlir::Value value);
/// Whether `value` is a weight of the model, reshaped or not.
bool isWeight(mlir::Value value);

/// What the normalisations over the last dimension are made of.
struct RowNorm {
  mlir::Value input, weight;
  mlir::Value bias; ///< may be null
  double epsilon;
  bool centred; ///< the mean is taken away first
};

/// Of any such operation; none of another.
std::optional<RowNorm> rowNormOf(mlir::Operation *op);

} // namespace terrazzo::tz
