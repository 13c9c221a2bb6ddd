// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo inspect: what is in a model or a package.
#include "Output.h"
#include "open/OpenPackage.h"
#include "options/Flags.h"
#include "verbs/Verbs.h"

#include "formats/ModelFile.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <map>
#include <memory>

using namespace terrazzo;
using formats::GgufValue;
using formats::ModelFile;
using formats::ModelTensor;
using nlohmann::ordered_json;

namespace {

struct Totals {
  uint64_t parameters = 0;
  uint64_t bytes = 0;
  struct Kind {
    uint64_t tensors = 0;
    uint64_t parameters = 0;
    uint64_t bytes = 0;
  };
  std::map<std::string, Kind> kinds;
};

Totals sumUp(const ModelFile &file) {
  Totals totals;
  for (const ModelTensor &tensor : file.tensors()) {
    auto &kind =
        totals.kinds[std::string(formats::blockFormatInfo(tensor.format).name)];
    ++kind.tensors;
    kind.parameters += tensor.elements();
    kind.bytes += tensor.bytes;
    totals.parameters += tensor.elements();
    totals.bytes += tensor.bytes;
  }
  return totals;
}

ordered_json scalarToJson(const GgufValue &value) {
  using formats::GgufType;
  switch (value.type) {
  case GgufType::String:
    return value.string();
  case GgufType::Bool:
    return value.boolean();
  case GgufType::Array:
    return {{"type", formats::ggufTypeName(value.array.elementType)},
            {"count", value.array.count}};
  case GgufType::Float32:
  case GgufType::Float64:
    return value.number();
  case GgufType::UInt64:
    return value.unsignedInteger();
  default:
    return value.integer();
  }
}

std::string architectureOf(const ModelFile &file) {
  const GgufValue *value = file.find("general.architecture");
  return value && value->type == formats::GgufType::String
             ? std::string(value->string())
             : "unknown";
}

ordered_json modelToJson(const ModelFile &file) {
  Totals totals = sumUp(file);
  ordered_json kinds = ordered_json::object();
  for (const auto &[name, kind] : totals.kinds)
    kinds[name] = {{"tensors", kind.tensors},
                   {"parameters", kind.parameters},
                   {"bytes", kind.bytes}};
  ordered_json metadata = ordered_json::object();
  for (const GgufValue &value : file.metadata())
    metadata[std::string(value.key)] = scalarToJson(value);
  ordered_json tensors = ordered_json::array();
  for (const ModelTensor &tensor : file.tensors())
    tensors.push_back({{"name", tensor.name},
                       {"type", formats::blockFormatInfo(tensor.format).name},
                       {"dims", tensor.dims},
                       {"offset", tensor.offset},
                       {"bytes", tensor.bytes}});
  return {{"kind", "model"},
          {"format", file.onnxModel()  ? "onnx"
                     : file.isFolder() ? "safetensors"
                                       : "gguf"},
          {"version", file.version()},
          {"architecture", architectureOf(file)},
          {"parameters", totals.parameters},
          {"file_bytes", file.fileBytes()},
          {"tensor_bytes", totals.bytes},
          {"bytes_per_type", std::move(kinds)},
          {"metadata", std::move(metadata)},
          {"tensors", std::move(tensors)}};
}

std::string megabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f MB", double(bytes) / 1e6);
  return text;
}

std::string pad(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string modelToText(const ModelFile &file) {
  Totals totals = sumUp(file);
  size_t files = std::count_if(
      file.parts().begin(), file.parts().end(),
      [](const formats::FilePart &part) { return part.memory < 0; });
  std::string form =
      file.onnxModel() ? "ONNX"
      : file.isFolder()
          ? "a folder of " + std::to_string(files) +
                (files == 1 ? " safetensors file" : " safetensors files") +
                ", under GGUF's names"
          : "GGUF version " + std::to_string(file.version());
  std::string text = file.path() + ": " + form + ", architecture " +
                     architectureOf(file) + "\n" +
                     std::to_string(totals.parameters) + " parameters in " +
                     std::to_string(file.tensors().size()) + " tensors, " +
                     megabytes(totals.bytes) + " of data, " +
                     megabytes(file.header().size()) + " of header\n\nTypes\n";
  for (const auto &[name, kind] : totals.kinds)
    text += "  " + pad(name, 10) + pad(std::to_string(kind.tensors), 6) +
            " tensors " + pad(megabytes(kind.bytes), 12) + "\n";
  text += "\nMetadata\n";
  for (const GgufValue &value : file.metadata()) {
    std::string line = value.describe();
    // A template's lines stay in one line of the table.
    for (char &c : line)
      c = c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
    text += "  " + pad(std::string(value.key), 44) + " " + line + "\n";
  }
  text += "\nTensors\n";
  for (const ModelTensor &tensor : file.tensors()) {
    std::string dims;
    for (uint64_t dim : tensor.dims)
      dims += (dims.empty() ? "" : " x ") + std::to_string(dim);
    text += "  " + pad(std::string(tensor.name), 36) + " " +
            pad(std::string(formats::blockFormatInfo(tensor.format).name), 8) +
            " " + dims + "\n";
  }
  return text;
}

/// Whether the file's identifier is that of a package (after the size prefix
/// and the root's offset).
bool isPackage(const std::string &path) {
  auto file = formats::MappedFile::open(path);
  if (!file || (*file)->size() < 12)
    return false;
  std::string_view head(reinterpret_cast<const char *>((*file)->data()), 12);
  return head.substr(8, 4) == "TZP1" || head.substr(4, 4) == "TZP1";
}

/// What is made of a module, as of a package.
int inspectModule(const std::string &path, CommonOptions common) {
  common.model = path;
  Notes notes(common.quiet, common.why);
  auto opened = openPackage(common, notes);
  if (!opened)
    return report(opened.error());
  return inspectPackage(opened->package, common);
}

int runInspect(const std::string &path, const CommonOptions &common) {
  if (isModule(path))
    return inspectModule(path, common);
  if (path.ends_with(".tzp") || isPackage(path)) {
    auto file = exec::PackageFile::open(path);
    return file ? inspectPackage(*file, common) : report(file.error());
  }
  auto file = ModelFile::open(path);
  if (!file)
    return report(file.error());
  if (common.json)
    return report(writeJson(modelToJson(**file)));
  return report(writeResult(modelToText(**file)));
}

} // namespace

void addInspectVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand(
      "inspect", "what is in a model or a package, the signatures of a module");
  auto path = std::make_shared<std::string>();
  addOutputOptions(*verb, common);
  addName(*verb, "file,-m,--model", *path, "a model, a module or a package",
          "FILE")
      ->required();
  verb->callback(
      [=, &common, &exitCode] { exitCode = runInspect(*path, common); });
}
