// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "FillPackage.h"
#include "BuildIds.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "terrazzo/Dialect/Tz/Signature.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace terrazzo {
namespace {

std::string formatName(Type element) {
  if (auto block = dyn_cast<tz::BlockType>(element))
    return tz::stringifyBlockFormat(block.getFormat()).str();
  std::string text;
  llvm::raw_string_ostream(text) << element;
  return text;
}

uint32_t factOf(ModuleOp graph, StringRef name) {
  auto fact = graph->getAttrOfType<IntegerAttr>(name);
  return fact ? fact.getInt() : 0;
}

/// Arguments and results of a function, as the package has them.
class ValueFiller {
public:
  ValueFiller(const tz::Sizes &sizes, ExtentTable &extents)
      : sizes(sizes), extents(extents) {}

  std::unique_ptr<package::ValueT> make(const tz::SignatureValue &from) {
    auto value = std::make_unique<package::ValueT>();
    value->name = from.name;
    value->type = formatName(from.type.getElementType());
    for (AffineExpr size : from.dims)
      value->dims.push_back(extents.dim(size));
    return value;
  }

  /// What integers are used for decides which of them are safe.
  void addBounds(Value value, package::ValueT &to) {
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      auto elementwise = dyn_cast<tz::ElementwiseOp>(user);
      bool casts = elementwise &&
                   elementwise.getFunction() == tz::ElementwiseFunction::Cast;
      if (casts || isa<tz::ReshapeOp>(user)) {
        addBounds(user->getResult(0), to);
      } else if (auto embedding = dyn_cast<tz::EmbeddingOp>(user)) {
        auto table = cast<RankedTensorType>(embedding.getWeight().getType());
        uint64_t rows = table.getShape()[0];
        to.limit = to.limit ? std::min(to.limit, rows) : rows;
      } else if (auto attention = dyn_cast<tz::AttentionOp>(user)) {
        // Kernels cut what lies outside of a tensor's rows.
        if (attention.getPosition() == value && attention.getKeyCache())
          addPosition(attention.getQuery(), to);
      } else if (auto append = dyn_cast<tz::CacheAppendOp>(user)) {
        addPosition(append.getRows(), to);
      }
    }
  }

private:
  void addPosition(Value rows, package::ValueT &to) {
    uint32_t extent = extents.of(sizes.of(rows)[0]);
    if (!llvm::is_contained(to.position_rows, extent))
      to.position_rows.push_back(extent);
  }

  const tz::Sizes &sizes;
  ExtentTable &extents;
};

} // namespace

PackageFiller::PackageFiller(const LoadedModel &model, ModuleOp graph,
                             const CompileOptions &options) {
  fillManifest(model, graph, options);
  fillWeights(graph);
  fillFunctions(graph);
  fillGraph(graph);
}

void PackageFiller::fillManifest(const LoadedModel &model, ModuleOp graph,
                                 const CompileOptions &options) {
  result.manifest = std::make_unique<package::ManifestT>();
  package::ManifestT &manifest = *result.manifest;
  manifest.format_version = exec::packageFormatVersion;
  manifest.producer = "terrazzo-compile " TERRAZZO_VERSION;
  manifest.build_ids = compilerBuildIds();
  manifest.flags = options.unsupportedIsError ? "fallback=error" : "";
  manifest.model_name = model.name;
  manifest.model_hash = model.hash;
  if (auto name = graph->getAttrOfType<StringAttr>("tz.architecture"))
    manifest.architecture = name.str();
  manifest.context_length = factOf(graph, "tz.context_length");
  manifest.layers = factOf(graph, "tz.layers");
  if (auto lines = graph->getAttrOfType<ArrayAttr>("tz.settings"))
    for (auto line : lines.getAsRange<StringAttr>())
      manifest.settings.push_back(line.str());
}

void PackageFiller::fillWeights(ModuleOp graph) {
  for (auto op : graph.getOps<tz::WeightOp>()) {
    auto type = cast<RankedTensorType>(op.getType());
    auto weight = std::make_unique<package::WeightT>();
    weight->name = op.getTensor().str();
    weight->type = formatName(type.getElementType());
    weight->dims.assign(type.getShape().rbegin(), type.getShape().rend());
    weight->offset = op.getOffset();
    weight->bytes = op.getBytes();
    weight->hash = llvm::utohexstr(op.getHash(), /*LowerCase=*/true, 16);
    index.weights[op.getSymName()] = result.weights.size();
    result.weights.push_back(std::move(weight));
  }
}

void PackageFiller::fillFunctions(ModuleOp graph) {
  for (auto func : graph.getOps<tz::FuncOp>()) {
    FailureOr<tz::Sizes> sizes = tz::Sizes::infer(func);
    if (failed(sizes) || func.isExternal())
      continue;
    tz::Signature signature = tz::signatureOf(func, *sizes);
    auto function = std::make_unique<package::FunctionT>();
    function->name = func.getSymName().str();
    function->sizes.assign(signature.sizes.begin(), signature.sizes.end());
    ExtentTable &extents = index.extents
                               .try_emplace(func.getSymName(), function.get(),
                                            uint32_t(signature.sizes.size()))
                               .first->second;
    ValueFiller filler(*sizes, extents);
    for (const tz::SignatureValue &value : signature.arguments) {
      function->arguments.push_back(filler.make(value));
      if (value.type.getElementType().isInteger())
        filler.addBounds(func.getArgument(value.position),
                         *function->arguments.back());
    }
    for (const tz::SignatureValue &value : signature.results)
      function->results.push_back(filler.make(value));
    for (AffineExpr demand : sizes->demands())
      (void)extents.of(demand);
    index.functions[func.getSymName()] = result.functions.size();
    result.functions.push_back(std::move(function));
  }
}

void PackageFiller::fillGraph(ModuleOp graph) {
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  BytecodeWriterConfig config("Terrazzo " TERRAZZO_VERSION);
  if (succeeded(writeBytecodeToFile(graph, stream, config)))
    result.graph.assign(bytes.begin(), bytes.end());
}

/// One target's code and kernels; the code's bytes go behind `bytes`.
static std::unique_ptr<package::VariantT>
makePart(ModuleOp planned, const TargetArtifact &built,
         std::vector<std::string> &bytes) {
  Attribute target = built.target;
  auto part = std::make_unique<package::VariantT>();
  part->target = cast<TargetAttrInterface>(target).getTargetString();
  part->packer_version = getBackend(target)->cacheKey(target);
  for (const Segment &segment : built.artifact.segments) {
    auto table = std::make_unique<package::SegmentT>();
    table->address = segment.address;
    table->executable = segment.executable;
    part->segments.push_back(std::move(table));
    // Pages behind the bytes of the file are not part of the package's image.
    bytes.push_back(segment.bytes);
    bytes.back().resize(std::max<size_t>(segment.bytes.size(), 1));
  }
  llvm::StringMap<uint64_t> addresses;
  for (auto &[name, address] : built.artifact.entries)
    addresses[name] = address;
  llvm::StringMap<std::vector<std::string>> facts;
  for (auto &[name, lines] : built.artifact.facts)
    facts[name] = lines;
  for (auto kernel : planned.getOps<plan::KernelOp>()) {
    if (kernel.getTarget() != target)
      continue;
    auto entry = std::make_unique<package::EntryT>();
    entry->kernel = kernel.getSymName().str();
    entry->address = addresses.lookup(kernel.getSymName());
    entry->scratch_bytes = kernel.getConfigAttr().getScratch();
    entry->facts = facts.lookup(kernel.getSymName());
    part->entries.push_back(std::move(entry));
  }
  return part;
}

void PackageFiller::addVariant(ModuleOp planned,
                               ArrayRef<TargetArtifact> artifacts) {
  std::vector<std::string> bytes;
  auto variant = makePart(planned, artifacts.front(), bytes);
  if (artifacts.size() > 1)
    variant->host = makePart(planned, artifacts[1], bytes);
  fillPrograms(planned, result, *variant, index);
  result.variants.push_back(std::move(variant));
  segments.push_back(std::move(bytes));
}

void PackageFiller::finish(ArrayRef<std::string> placement,
                           ArrayRef<RemarkRecord> remarks) {
  result.placement.assign(placement.begin(), placement.end());
  for (const RemarkRecord &remark : remarks) {
    auto table = std::make_unique<package::RemarkT>();
    table->pass = remark.pass;
    table->kind = remark.kind;
    table->text = remark.text;
    table->location = remark.location;
    result.remarks.push_back(std::move(table));
  }
}

} // namespace terrazzo
