// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See OnnxFile.h.
#include "formats/onnx/OnnxFile.h"

#include "formats/GgufParser.h"
#include "formats/Hash.h"
#include "formats/folder/MetadataWriter.h"
#include "formats/folder/StrictJson.h"
#include "formats/onnx/OnnxDecoder.h"

#include <algorithm>
#include <set>

namespace terrazzo::formats {

namespace onnx {

std::string_view elementWord(int32_t element) {
  switch (Element(element)) {
  case Element::Float:
    return "f32";
  case Element::Float16:
    return "f16";
  case Element::BFloat16:
    return "bf16";
  case Element::Double:
    return "f64";
  case Element::Int64:
    return "i64";
  case Element::Int32:
    return "i32";
  case Element::Int16:
    return "i16";
  case Element::Int8:
    return "i8";
  case Element::UInt8:
    return "ui8";
  case Element::Bool:
    return "i1";
  default:
    return "";
  }
}

bool isWeight(const Tensor &tensor, std::string_view name) {
  constexpr uint64_t mostOfCode = 4096, mostFloatsOfCode = 16;
  bool whole =
      tensor.why.empty() && (tensor.mapped || !tensor.location.empty());
  if (!whole || name.empty() || tensor.dims.empty())
    return false;
  switch (Element(tensor.element)) {
  case Element::Int64:
  case Element::Int32:
  case Element::Int16:
    return tensor.elements > mostOfCode;
  case Element::Float:
  case Element::Float16:
  case Element::BFloat16:
  case Element::Double:
  case Element::Int8:
  case Element::UInt8:
    return tensor.elements > mostFloatsOfCode;
  default:
    return false;
  }
}

/// Of a node that may be changed, or not.
template <typename NodeT> static auto *tensorOfConstant(NodeT &node) {
  decltype(&node.attributes.front().tensors.front()) none = nullptr;
  if (node.type != "Constant" || !node.domain.empty() ||
      node.outputs.size() != 1)
    return none;
  for (auto &attribute : node.attributes)
    if (attribute.name == "value" && attribute.kind == Attribute::Kind::Tensor)
      return &attribute.tensors.front();
  return none;
}

const Tensor *constantOf(const Node &node) { return tensorOfConstant(node); }

} // namespace onnx

using onnx::Tensor;

class OnnxReader {
public:
  explicit OnnxReader(const std::string &path) : path(path) {}

  Expected<std::unique_ptr<ModelFile>> run() {
    result.reset(new ModelFile);
    for (auto step : {&OnnxReader::open, &OnnxReader::openOthers,
                      &OnnxReader::listTensors, &OnnxReader::finish})
      if (Status status = (this->*step)(); !status)
        return status.takeError();
    return std::move(result);
  }

private:
  Status open() {
    auto file = MappedFile::open(path);
    if (!file)
      return file.takeError();
    result->file = std::move(*file);
    return decode();
  }

  Status decode() {
    auto model = onnx::decodeModel({result->data(), own()}, path);
    if (!model)
      return model.takeError();
    result->model = std::make_shared<onnx::Model>(std::move(*model));
    return {};
  }

  /// Bytes of the ONNX file itself.
  size_t own() const { return result->parts().front().bytes; }

  Error outside(const std::string &tensor, const std::string &why,
                const std::string &help) const {
    return {ExitCode::ModelNotSupported,
            "TZ0122",
            "a weight's data in another file cannot be read",
            path + ": '" + inOneLine(tensor) + "'",
            why,
            help};
  }

  template <typename Visit> Status forEachTensor(Visit visit) {
    for (Tensor &tensor : result->model->initializers)
      if (Status status = visit(tensor, tensor.name); !status)
        return status;
    for (onnx::Node &node : result->model->nodes)
      if (Tensor *tensor = onnx::tensorOfConstant(node))
        if (Status status = visit(*tensor, node.outputs.front()); !status)
          return status;
    return {};
  }

  /// Whether it names a file below the model's folder.
  static bool isInside(const std::string &location) {
    if (location.empty() || location.front() == '/' ||
        location.find('\0') != location.npos ||
        location.find('\\') != location.npos)
      return false;
    for (size_t at = 0; at <= location.size();) {
      size_t end = std::min(location.find('/', at), location.size());
      if (location.substr(at, end - at) == "..")
        return false;
      at = end + 1;
    }
    return true;
  }

  Status openOthers() {
    std::set<std::string> names;
    Status status = forEachTensor([&](Tensor &tensor, std::string_view name) {
      if (tensor.location.empty())
        return Status();
      if (!isInside(tensor.location))
        return Status(outside(
            std::string(name),
            "it lies in '" + inOneLine(tensor.location) +
                "', which is not below the model's folder",
            "files beside the model are read; save it again with its data "
            "in one of them"));
      names.insert(tensor.location);
      return Status();
    });
    if (!status || names.empty())
      return status;
    size_t slash = path.rfind('/');
    std::string folder = slash == path.npos ? "."
                         : slash == 0       ? "/"
                                            : path.substr(0, slash);
    others.push_back(path.substr(slash == path.npos ? 0 : slash + 1));
    others.insert(others.end(), names.begin(), names.end());
    auto all = MappedFile::openBeside(path, folder, others);
    if (!all)
      return all.takeError();
    result->model.reset();
    result->file = std::move(*all);
    return decode();
  }

  Status placeExternal(Tensor &tensor, std::string_view name) {
    size_t number = 1;
    while (number < others.size() && others[number] != tensor.location)
      ++number;
    if (number >= others.size())
      return outside(std::string(name), "the model changed while it was read",
                     "run the same command again");
    const FilePart &part = result->parts()[number];
    uint64_t bytes = tensor.elements * onnx::elementBytes(tensor.element);
    if (tensor.externalLength && tensor.externalBytes != bytes)
      return outside(std::string(name),
                     "it says " + std::to_string(tensor.externalBytes) +
                         " bytes, its shape takes " + std::to_string(bytes),
                     "export the model again");
    if (tensor.externalOffset > part.bytes ||
        bytes > part.bytes - tensor.externalOffset)
      return outside(std::string(name), part.path + " ends before it",
                     "the file may be cut short; fetch it again");
    tensor.content = {result->data() + part.offset + tensor.externalOffset,
                      size_t(bytes)};
    tensor.mapped = true;
    return {};
  }

  Status listTensors() {
    return forEachTensor([&](Tensor &tensor, std::string_view name) -> Status {
      if (!tensor.location.empty() && tensor.why.empty())
        if (Status status = placeExternal(tensor, name); !status)
          return status;
      if (!onnx::isWeight(tensor, name))
        return {};
      ModelTensor entry;
      entry.name = name;
      entry.format = findBlockFormat(onnx::elementWord(tensor.element))->format;
      for (int64_t dim : tensor.dims)
        entry.dims.insert(entry.dims.begin(), uint64_t(dim));
      entry.offset = uint64_t(tensor.content.data() - result->data());
      entry.bytes = tensor.content.size();
      if (!result->addTensor(std::move(entry)))
        return Error{ExitCode::ModelNotSupported,
                     "TZ0121",
                     "this is not a well-formed ONNX file",
                     path,
                     "two tensors are called '" + inOneLine(std::string(name)) +
                         "'",
                     "export the model again"};
      return {};
    });
  }

  /// Of all bytes of the file that are no weight's.
  Hash128 hashGraph() const {
    std::vector<std::pair<uint64_t, uint64_t>> gaps;
    for (const ModelTensor &tensor : result->tensorTable)
      if (tensor.offset < own())
        gaps.emplace_back(tensor.offset, tensor.offset + tensor.bytes);
    std::sort(gaps.begin(), gaps.end());
    std::string hashes;
    uint64_t at = 0;
    gaps.emplace_back(own(), own());
    for (auto [begin, end] : gaps) {
      if (begin > at)
        hashes += hash128(result->data() + at, begin - at).hex();
      at = std::max(at, end);
    }
    return hash128(hashes.data(), hashes.size());
  }

  Status finish() {
    const onnx::Model &model = *result->model;
    MetadataWriter to;
    to.string("general.architecture", "onnx");
    to.string("general.name", model.graphName);
    to.string("onnx.graph", hashGraph().hex());
    to.string("onnx.producer", model.producer);
    to.number("onnx.ir_version", uint32_t(model.irVersion));
    for (auto [domain, version] : model.opsets)
      to.number("onnx.opset." + (domain.empty() ? std::string("ai.onnx")
                                                : std::string(domain)),
                uint32_t(version));
    return result->finish(to);
  }

  const std::string &path;
  std::unique_ptr<ModelFile> result;
  std::vector<std::string> others; ///< this file's name and those it needs
};

Expected<std::unique_ptr<ModelFile>> openOnnx(const std::string &path) {
  return OnnxReader(path).run();
}

} // namespace terrazzo::formats
