// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ImportOnnx.h. Operators are looked for before anything is lowered, so
// that all that are missing are named at once.
#include "ImportOnnx.h"
#include "Arguments.h"
#include "Node.h"
#include "formats/Hash.h"
#include "formats/onnx/OnnxFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace terrazzo::onnx {

const Operator *findOperator(StringRef domain, StringRef name) {
  for (ArrayRef<Operator> family :
       {shapeOperators(), elementwiseOperators(), layoutOperators(),
        lookupOperators(), reductionOperators(), productOperators(),
        normalisationOperators(), convolutionOperators(), attentionOperators(),
        quantisationOperators()})
    for (const Operator &each : family)
      if (each.name == name && each.domain == domain)
        return &each;
  return nullptr;
}

namespace {

/// Versions whose operators were looked at.
constexpr int64_t kOldestOpset = 7, kNewestOpset = 28;
constexpr int64_t kOldestFormat = 3, kNewestFormat = 14;

/// Names come from the file and may hold anything.
std::string shown(StringRef name) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::printEscapedString(name.take_front(100), stream);
  return text;
}

class Importer {
public:
  Importer(const formats::ModelFile &file, StringRef path, MLIRContext *context,
           const ImportOptions &options)
      : file(file), model(*file.onnxModel()), path(path), options(options),
        builder(context), graph{builder, {}, {}, {}} {
    context->loadDialect<tz::TzDialect>();
  }

  Expected<OwningOpRef<ModuleOp>> run() {
    for (auto step :
         {&Importer::checkVersions, &Importer::findNeeded,
          &Importer::checkOperators, &Importer::begin, &Importer::bindTensors,
          &Importer::lowerNodes, &Importer::finish})
      if (Status status = (this->*step)(); !status)
        return status.takeError();
    return std::move(module);
  }

private:
  Error error(StringRef code, const Twine &what, const Twine &where,
              const Twine &why, const Twine &help) {
    std::string place = path.str();
    if (std::string name = where.str(); !name.empty())
      place += ": " + name;
    return {ExitCode::ModelNotSupported,
            code.str(),
            what.str(),
            place,
            why.str(),
            help.str()};
  }

  Status checkVersions() {
    auto refuse = [&](const Twine &why, const Twine &help) {
      return error("TZ0331", "this ONNX file is not supported", "", why, help);
    };
    if (model.irVersion < kOldestFormat || model.irVersion > kNewestFormat)
      return refuse("it is of IR version " + Twine(model.irVersion) + "; " +
                        Twine(kOldestFormat) + " to " + Twine(kNewestFormat) +
                        " are read",
                    "export it with another version of onnx");
    auto own = model.opsets.find("");
    int64_t opset = own == model.opsets.end() ? 0 : own->second;
    if (opset < kOldestOpset || opset > kNewestOpset)
      return refuse(own == model.opsets.end()
                        ? Twine("it imports no opset of ai.onnx")
                        : "it is of opset " + Twine(opset) + "; " +
                              Twine(kOldestOpset) + " to " +
                              Twine(kNewestOpset) + " are read",
                    "onnx.version_converter converts it, or export it again");
    if (model.functions)
      return refuse("it has " + Twine(model.functions) +
                        " functions of its own",
                    "onnx.inliner.inline_local_functions puts them in place");
    if (model.sparse)
      return refuse("it has sparse weights", "export it with dense ones");
    if (model.outputs.empty())
      return refuse("its graph has no output", "export it again");
    return {};
  }

  /// Nodes whose results reach an output, and the values that are used.
  Status findNeeded() {
    for (const proto::ValueInfo &output : model.outputs)
      used.insert(output.name);
    needed.assign(model.nodes.size(), false);
    for (size_t i = model.nodes.size(); i-- > 0;) {
      const proto::Node &node = model.nodes[i];
      needed[i] = llvm::any_of(node.outputs, [&](std::string_view name) {
        return !name.empty() && used.contains(name);
      });
      if (needed[i])
        for (std::string_view input : node.inputs)
          used.insert(input);
    }
    return {};
  }

  Status checkOperators() {
    std::vector<std::string> names;
    std::map<std::string, unsigned> counts;
    for (auto [node, need] : llvm::zip(model.nodes, needed))
      if (need && !findOperator(node.domain, node.type))
        ++counts[shown(node.domain) + (node.domain.empty() ? "" : ".") +
                 shown(node.type)];
    if (counts.empty())
      return {};
    unsigned nodes = 0;
    for (auto &[name, count] : counts) {
      nodes += count;
      if (names.size() < 32)
        names.push_back(name + ": " + std::to_string(count));
    }
    if (counts.size() > names.size())
      names.push_back("and " + std::to_string(counts.size() - names.size()) +
                      " more");
    return error(
        "TZ0332",
        Twine(nodes) +
            (nodes == 1 ? " node has an operator" : " nodes have operators") +
            " that is not supported",
        "", llvm::join(names, ", "),
        "docs/onnx.md lists what is; another opset or exporter "
        "setting may write the model with those");
  }

  Status begin() {
    module = ModuleOp::create(
        NameLoc::get(builder.getStringAttr(llvm::sys::path::filename(path))));
    Arguments arguments(model, graph.sizes, builder);
    if (std::string why = arguments.read(); !why.empty())
      return error("TZ0334", "an input of the model cannot be compiled",
                   "'" + shown(arguments.current()) + "'", why,
                   "export it with shapes of a known number of dimensions");
    std::string name = "main";
    while (file.findTensor(name))
      name += "_";
    builder.setInsertionPointToEnd(module->getBody());
    func = arguments.makeFunction(name);
    for (auto [value, argument] :
         llvm::zip(arguments.values(), func.getArguments())) {
      Val bound = value;
      bound.value = argument;
      values[value.name] = bound;
    }
    return {};
  }

  void bind(const proto::Tensor &tensor, StringRef name) {
    Val value;
    value.element = elementType(tensor.element, builder.getContext());
    value.tensor = &tensor;
    value.name = name;
    for (int64_t dim : tensor.dims)
      value.dims.push_back(builder.getAffineConstantExpr(dim));
    bool whole = value.element == Type(builder.getI64Type()) ||
                 value.element == Type(builder.getI32Type()) ||
                 value.element == Type(builder.getI1Type());
    constexpr uint64_t longest = 16;
    if (whole && tensor.elements <= longest)
      if (auto numbers = integersOf(tensor)) {
        value.known.emplace();
        for (int64_t number : *numbers)
          value.known->push_back(builder.getAffineConstantExpr(number));
      }
    if (value.element)
      values[name] = std::move(value);
    else
      unreadable[name] = proto::elementName(tensor.element);
  }

  Status bindTensors() {
    for (const proto::Tensor &tensor : model.initializers)
      bind(tensor, tensor.name);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(func);
    for (const formats::ModelTensor &tensor : file.tensors()) {
      SmallVector<int64_t> shape(tensor.dims.rbegin(), tensor.dims.rend());
      std::string_view word = formats::blockFormatInfo(tensor.format).name;
      auto type = RankedTensorType::get(shape, elementOf(word));
      uint64_t hash = 0;
      if (options.hashWeights)
        hash = formats::hash64(file.tensorData(tensor), tensor.bytes);
      tz::WeightOp::create(
          builder, NameLoc::get(builder.getStringAttr(tensor.name)),
          builder.getStringAttr(tensor.name), TypeAttr::get(type),
          builder.getStringAttr(llvm::sys::path::filename(path)),
          builder.getStringAttr(tensor.name),
          builder.getI64IntegerAttr(int64_t(tensor.offset)),
          builder.getI64IntegerAttr(int64_t(tensor.bytes)),
          builder.getI64IntegerAttr(int64_t(hash)));
      graph.weights.insert({tensor.name, Value()});
    }
    return {};
  }

  /// The element of a weight's word in packages.
  Type elementOf(StringRef word) {
    for (int32_t each = 1; each <= 16; ++each)
      if (StringRef(proto::elementWord(each)) == word)
        return elementType(each, builder.getContext());
    return {};
  }

  Status refuse(const proto::Node &node, const Twine &why) {
    StringRef name = !node.name.empty()      ? StringRef(node.name)
                     : !node.outputs.empty() ? StringRef(node.outputs.front())
                                             : StringRef();
    return error("TZ0333", "a node of the model cannot be compiled",
                 shown(node.type) + " '" + shown(name) + "'", why,
                 "export the model in another way, or take the node out");
  }

  Status lowerNodes() {
    builder.setInsertionPointToEnd(&func.getBody().front());
    for (auto [node, need] : llvm::zip(model.nodes, needed))
      if (need)
        if (Status status = lower(node); !status)
          return status;
    return {};
  }

  Status lower(const proto::Node &node) {
    if (const proto::Tensor *tensor = proto::constantOf(node)) {
      bind(*tensor, node.outputs.front());
      return {};
    }
    SmallVector<Val> inputs;
    for (std::string_view name : node.inputs) {
      Val value;
      if (!name.empty()) {
        auto found = values.find(name);
        if (found == values.end())
          return refuse(node, unreadable.count(name)
                                  ? "its input '" + shown(name) + "' is of " +
                                        unreadable[name]
                                  : "its input '" + shown(name) +
                                        "' is none of the values before it");
        value = found->second;
      }
      inputs.push_back(std::move(value));
    }
    SmallVector<bool> wanted;
    for (std::string_view name : node.outputs)
      wanted.push_back(!name.empty() && used.contains(name));
    auto opset = model.opsets.find(node.domain);
    StringRef label = node.name.empty() && !node.outputs.empty()
                          ? StringRef(node.outputs.front())
                          : StringRef(node.name);
    Node lowering(graph, NameLoc::get(builder.getStringAttr(label)), node,
                  opset == model.opsets.end() ? 1 : opset->second, inputs,
                  wanted);
    if (!foldKnown(lowering) && lowering.ok())
      findOperator(node.domain, node.type)->lower(lowering);
    lowering.finish();
    if (!lowering.ok())
      return refuse(node, lowering.why());
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (wanted[i]) {
        Val result = lowering.output(i);
        if (result.rank() > 8)
          return refuse(node, "its result has more than 8 dimensions");
        if (!values.try_emplace(node.outputs[i], result).second)
          return refuse(node, "its result '" + shown(node.outputs[i]) +
                                  "' is there already");
      }
    return {};
  }

  Status finish() {
    SmallVector<Value> results;
    SmallVector<Type> types;
    for (const proto::ValueInfo &output : model.outputs) {
      auto found = values.find(output.name);
      if (found == values.end())
        return error("TZ0331", "this ONNX file is not supported", "",
                     "nothing gives its output '" + shown(output.name) + "'",
                     "export it again");
      Emit emit(graph,
                NameLoc::get(builder.getStringAttr(StringRef(output.name))));
      results.push_back(emit.use(found->second));
      if (!emit.ok())
        return error("TZ0331", "this ONNX file is not supported", "",
                     "its output '" + shown(output.name) +
                         "' is no value: " + emit.why(),
                     "export it again");
      types.push_back(results.back().getType());
    }
    tz::ReturnOp::create(builder, func.getLoc(), results);
    func.setFunctionType(
        builder.getFunctionType(func.getArgumentTypes(), types));
    for (auto [i, output] : llvm::enumerate(model.outputs))
      func.setResultAttr(i, tz::TzDialect::kNameAttr,
                         builder.getStringAttr(StringRef(output.name)));
    setSizes(func, graph);
    (*module)->setAttr("tz.architecture", builder.getStringAttr("onnx"));
    (*module)->setAttr("tz.file",
                       builder.getStringAttr(llvm::sys::path::filename(path)));
    return {};
  }

  const formats::ModelFile &file;
  const proto::Model &model;
  StringRef path;
  const ImportOptions &options;
  OpBuilder builder;
  GraphState graph;
  OwningOpRef<ModuleOp> module;
  tz::FuncOp func;
  llvm::StringMap<Val> values;
  llvm::StringMap<std::string> unreadable;
  llvm::StringSet<> used;
  std::vector<bool> needed;
};

} // namespace

Expected<OwningOpRef<ModuleOp>> importOnnx(const formats::ModelFile &file,
                                           StringRef path, MLIRContext *context,
                                           const ImportOptions &options) {
  return Importer(file, path, context, options).run();
}

} // namespace terrazzo::onnx
