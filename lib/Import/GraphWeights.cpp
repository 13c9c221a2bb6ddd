// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights of the graph: tensors of the file become symbols, each checked
// against what the architecture expects.
#include "GraphBuilder.h"
#include "formats/Hash.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace terrazzo {

using formats::BlockFormat;

bool GraphBuilder::has(StringRef tensor) const {
  return file.findTensor(tensor) != nullptr;
}

int64_t GraphBuilder::rowsOf(StringRef tensor) const {
  const formats::ModelTensor *found = file.findTensor(tensor);
  return found && found->dims.size() == 2 ? found->dims[1] : 1;
}

void GraphBuilder::fault(StringRef tensor, const Twine &reason) {
  // Names of unknown tensors come from the file and may hold anything.
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "tensor '";
  llvm::printEscapedString(tensor.take_front(100), stream);
  stream << "' " << reason;
  faults.push_back(std::move(text));
}

/// Element type of a weight, or null for a format that has none.
Type GraphBuilder::elementType(BlockFormat format) {
  switch (format) {
  case BlockFormat::F32:
    return builder.getF32Type();
  case BlockFormat::F16:
    return builder.getF16Type();
  case BlockFormat::BF16:
    return builder.getBF16Type();
#define BLOCK_FORMAT(Name, ...)                                                \
  case BlockFormat::Name:                                                      \
    return tz::BlockType::get(builder.getContext(), tz::BlockFormat::Name);
#include "terrazzo/Formats/BlockFormats.def"
  default:
    return {};
  }
}

static std::string shapeText(ArrayRef<int64_t> shape) {
  return "[" +
         llvm::join(llvm::map_range(
                        shape, [](int64_t dim) { return std::to_string(dim); }),
                    ", ") +
         "]";
}

/// Checks `tensor` and declares its symbol; a fault leaves a type of the right
/// shape and no symbol, the module is thrown away then.
RankedTensorType GraphBuilder::declare(StringRef tensor,
                                       ArrayRef<int64_t> shape) {
  const formats::ModelTensor *found = file.findTensor(tensor);
  if (!found) {
    fault(tensor, "is missing");
    return f32(shape);
  }
  // The file lists the fastest dimension first.
  SmallVector<int64_t> stored(found->dims.rbegin(), found->dims.rend());
  if (ArrayRef<int64_t>(stored) != shape) {
    fault(tensor, "has shape " + shapeText(stored) + ", the model's settings " +
                      "ask for " + shapeText(shape));
    return f32(shape);
  }
  Type element = elementType(found->format);
  if (!element) {
    fault(tensor, "has type " +
                      Twine(formats::blockFormatInfo(found->format).name) +
                      ", which is not supported");
    return f32(shape);
  }
  if (shape.size() == 1 && !isa<FloatType>(element)) {
    fault(tensor, "has type " +
                      Twine(formats::blockFormatInfo(found->format).name) +
                      ", vectors are F32, F16 or BF16");
    return f32(shape);
  }
  uint64_t hash = 0;
  if (options.hashWeights)
    hash = formats::hash64(file.tensorData(*found), found->bytes);
  auto type = RankedTensorType::get(shape, element);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(*module->getOps<tz::FuncOp>().begin());
  tz::WeightOp::create(builder, located(tensor), builder.getStringAttr(tensor),
                       TypeAttr::get(type),
                       builder.getStringAttr(llvm::sys::path::filename(path)),
                       builder.getStringAttr(tensor),
                       builder.getI64IntegerAttr(found->offset),
                       builder.getI64IntegerAttr(found->bytes),
                       builder.getI64IntegerAttr(static_cast<int64_t>(hash)));
  return type;
}

Value GraphBuilder::weight(const Twine &tensor, ArrayRef<int64_t> shape) {
  std::string name = tensor.str();
  auto [entry, fresh] = declared.try_emplace(name, RankedTensorType());
  if (fresh)
    entry->second = declare(name, shape);
  else if (entry->second.getShape() != shape)
    fault(name, "has shape " + shapeText(entry->second.getShape()) +
                    ", but also serves as " + shapeText(shape));
  auto type = entry->second.getShape() == shape ? entry->second : f32(shape);
  return tz::UseWeightOp::create(builder, located(name), type, name);
}

Expected<OwningOpRef<ModuleOp>>
GraphBuilder::finish(StringRef architecture,
                     const llvm::StringMap<int64_t> &facts) {
  // A tensor we would pass over in silence is a model we would compute wrongly.
  for (const formats::ModelTensor &tensor : file.tensors())
    if (!declared.contains(tensor.name))
      fault(tensor.name, "is not used by the architecture");
  if (!faults.empty()) {
    size_t shown = std::min<size_t>(faults.size(), 8);
    std::string why =
        llvm::join(faults.begin(), faults.begin() + shown, "\n      ");
    if (shown < faults.size())
      why += "\n      and " + std::to_string(faults.size() - shown) + " more";
    return Error{ExitCode::ModelNotSupported,
                 "TZ0303",
                 std::to_string(faults.size()) + " tensor" +
                     (faults.size() == 1 ? " does" : "s do") +
                     " not fit the architecture '" + architecture.str() + "'",
                 path,
                 why,
                 "the file may be damaged, or of a variant of this "
                 "architecture that is not supported yet"};
  }
  (*module)->setAttr("tz.architecture", builder.getStringAttr(architecture));
  (*module)->setAttr("tz.file",
                     builder.getStringAttr(llvm::sys::path::filename(path)));
  for (const auto &fact : facts)
    (*module)->setAttr(("tz." + fact.first()).str(),
                       builder.getI64IntegerAttr(fact.second));
  return std::move(module);
}

} // namespace terrazzo
