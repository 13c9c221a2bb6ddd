// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the tz dialect, its bytecode version, and the argument
// attributes that it owns.
#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "terrazzo/Dialect/Tz/TzDialect.cpp.inc"
#include "terrazzo/Dialect/Tz/TzEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "terrazzo/Dialect/Tz/TzAttributes.cpp.inc"

namespace terrazzo::tz {
namespace {

/// Writes this release into bytecode, and refuses files of a later one by name.
class TzBytecodeInterface : public BytecodeDialectInterface {
public:
  TzBytecodeInterface(Dialect *dialect) : BytecodeDialectInterface(dialect) {}

  void writeVersion(DialectBytecodeWriter &writer) const final {
    TzVersion current;
    writer.writeVarInt(current.major);
    writer.writeVarInt(current.minor);
  }

  std::unique_ptr<DialectVersion>
  readVersion(DialectBytecodeReader &reader) const final {
    auto version = std::make_unique<TzVersion>();
    if (failed(reader.readVarInt(version->major)) ||
        failed(reader.readVarInt(version->minor)))
      return nullptr;
    TzVersion current;
    if (std::pair(version->major, version->minor) >
        std::pair(current.major, current.minor)) {
      reader.emitError("written with tz ")
          << version->major << "." << version->minor
          << ", this compiler reads up to " << current.major << "."
          << current.minor;
      return nullptr;
    }
    return version;
  }
};

LogicalResult verifyDims(Operation *op, Type type, Attribute value) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  auto dims = dyn_cast<ArrayAttr>(value);
  if (!tensor || !dims || static_cast<int64_t>(dims.size()) != tensor.getRank())
    return op->emitOpError(
        "'tz.dims' needs one entry per dimension of a tensor argument");
  for (auto [dim, name] : llvm::zip(tensor.getShape(), dims)) {
    if (ShapedType::isDynamic(dim) ? !isa<StringAttr>(name)
                                   : !isa<IntegerAttr>(name))
      return op->emitOpError("'tz.dims' names each '?' by a string and repeats "
                             "each fixed size as an integer");
  }
  return success();
}

LogicalResult verifyName(Operation *op, Type type, Attribute value) {
  auto name = dyn_cast<StringAttr>(value);
  if (!isa<RankedTensorType>(type) || !name || name.empty())
    return op->emitOpError("'tz.name' is a string on a tensor");
  return success();
}

LogicalResult verifyState(Operation *op, Type type, Attribute value) {
  if (!isa<CacheType>(type) || !isa<StringAttr>(value))
    return op->emitOpError("'tz.state' is a string on a '!tz.cache'");
  return success();
}

} // namespace

void TzDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "terrazzo/Dialect/Tz/TzAttributes.cpp.inc"
      >();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "terrazzo/Dialect/Tz/TzOps.cpp.inc"
      >();
  addInterfaces<TzBytecodeInterface>();
}

LogicalResult TzDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                  unsigned argument,
                                                  NamedAttribute attribute) {
  Type type = cast<FunctionOpInterface>(op).getArgumentTypes()[argument];
  if (attribute.getName() == kDimsAttr)
    return verifyDims(op, type, attribute.getValue());
  if (attribute.getName() == kStateAttr)
    return verifyState(op, type, attribute.getValue());
  if (attribute.getName() == kNameAttr)
    return verifyName(op, type, attribute.getValue());
  return op->emitOpError("has an unknown argument attribute '")
         << attribute.getName().strref() << "'";
}

LogicalResult TzDialect::verifyRegionResultAttribute(Operation *op, unsigned,
                                                     unsigned result,
                                                     NamedAttribute attribute) {
  Type type = cast<FunctionOpInterface>(op).getResultTypes()[result];
  if (attribute.getName() == kDimsAttr)
    return verifyDims(op, type, attribute.getValue());
  if (attribute.getName() == kStateAttr)
    return verifyState(op, type, attribute.getValue());
  if (attribute.getName() == kNameAttr)
    return verifyName(op, type, attribute.getValue());
  return op->emitOpError("has an unknown result attribute '")
         << attribute.getName().strref() << "'";
}

} // namespace terrazzo::tz
