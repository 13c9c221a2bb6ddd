// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo inspect for a package: what it was made from, and its kernels,
// programs and placement per variant.
#include "Output.h"
#include "package/Count.h"
#include "verbs/Verbs.h"

#include "package/Describe.h"
#include "package/Extents.h"
#include "package/Package.h"

#include <nlohmann/json.hpp>

using namespace terrazzo;
using nlohmann::ordered_json;
using package::count;

namespace {

std::string text(const flatbuffers::String *string) {
  return string ? string->str() : "";
}

ordered_json texts(
    const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>> *list) {
  ordered_json all = ordered_json::array();
  for (size_t i = 0; i < count(list); ++i)
    all.push_back(text(list->Get(unsigned(i))));
  return all;
}

ordered_json numbers(const flatbuffers::Vector<uint32_t> *list) {
  ordered_json all = ordered_json::array();
  for (size_t i = 0; i < count(list); ++i)
    all.push_back(list->Get(unsigned(i)));
  return all;
}

ordered_json variantToJson(const package::Variant &variant) {
  ordered_json kernels = ordered_json::array();
  for (size_t i = 0; i < count(variant.entries()); ++i) {
    const package::Entry *entry = variant.entries()->Get(unsigned(i));
    kernels.push_back({{"name", text(entry->kernel())},
                       {"scratch_bytes", entry->scratch_bytes()},
                       {"facts", texts(entry->facts())}});
  }
  ordered_json programs = ordered_json::array();
  for (size_t i = 0; i < count(variant.programs()); ++i) {
    const package::Program *program = variant.programs()->Get(unsigned(i));
    programs.push_back({{"name", text(program->name())},
                        {"max_sizes", numbers(program->max_sizes())},
                        {"arena_bytes", program->arena_bytes()},
                        {"commands", count(program->commands())}});
  }
  uint64_t codeBytes = 0;
  for (size_t i = 0; i < count(variant.segments()); ++i)
    codeBytes += variant.segments()->Get(unsigned(i))->file_bytes();
  ordered_json facts = {{"target", text(variant.target())},
                        {"code_bytes", codeBytes},
                        {"packed_bytes", variant.packed_bytes()},
                        {"kernels", std::move(kernels)},
                        {"programs", std::move(programs)}};
  if (variant.host())
    facts["host"] = variantToJson(*variant.host());
  return facts;
}

template <typename Values>
ordered_json valuesToJson(const package::Function &function,
                          const Values *values) {
  ordered_json all = ordered_json::array();
  for (size_t i = 0; i < count(values); ++i) {
    const package::Value &value = *values->Get(unsigned(i));
    ordered_json shape = ordered_json::array();
    for (size_t d = 0; d < count(value.dims()); ++d) {
      const package::Dim &dim = *value.dims()->Get(unsigned(d));
      if (dim.extent() < 0)
        shape.push_back(dim.value());
      else
        shape.push_back(package::extentText(function, uint32_t(dim.extent())));
    }
    all.push_back({{"name", text(value.name())},
                   {"type", text(value.type())},
                   {"shape", std::move(shape)}});
  }
  return all;
}

ordered_json functionsToJson(const package::Package &root) {
  ordered_json all = ordered_json::array();
  for (size_t i = 0; i < count(root.functions()); ++i) {
    const package::Function &function = *root.functions()->Get(unsigned(i));
    all.push_back({{"name", text(function.name())},
                   {"signature", package::describe(function)},
                   {"arguments", valuesToJson(function, function.arguments())},
                   {"results", valuesToJson(function, function.results())}});
  }
  return all;
}

ordered_json packageToJson(const exec::PackageFile &file) {
  const package::Package &root = file.root();
  const package::Manifest *manifest = root.manifest();
  ordered_json variants = ordered_json::array();
  for (size_t i = 0; i < count(root.variants()); ++i)
    variants.push_back(variantToJson(*root.variants()->Get(unsigned(i))));
  uint64_t parameters = 0;
  ordered_json tensors = ordered_json::array();
  for (size_t i = 0; i < count(root.weights()); ++i) {
    const package::Weight *weight = root.weights()->Get(unsigned(i));
    uint64_t elements = 1;
    std::vector<uint64_t> dims;
    for (size_t d = 0; d < count(weight->dims()); ++d) {
      dims.push_back(weight->dims()->Get(unsigned(d)));
      elements *= dims.back();
    }
    parameters += elements;
    tensors.push_back({{"name", text(weight->name())},
                       {"type", text(weight->type())},
                       {"dims", dims},
                       {"offset", weight->offset()},
                       {"bytes", weight->bytes()}});
  }
  return {{"kind", "package"},
          {"architecture", text(manifest->architecture())},
          {"parameters", parameters},
          {"model", text(manifest->model_name())},
          {"producer", text(manifest->producer())},
          {"file_bytes", file.fileBytes()},
          {"placement", texts(root.placement())},
          {"functions", functionsToJson(root)},
          {"variants", std::move(variants)},
          {"tensors", std::move(tensors)}};
}

std::string string(const ordered_json &value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// "sizes up to 4 and 128, "
std::string sizesToText(const ordered_json &sizes) {
  std::string out;
  for (const ordered_json &size : sizes)
    out += (out.empty() ? "sizes up to " : " and ") + string(size);
  return out.empty() ? out : out + ", ";
}

/// A variant, or what runs beside its device.
std::string partToText(const ordered_json &part) {
  std::string out = string(part["target"]) + ": " + string(part["code_bytes"]) +
                    " bytes of code, " + string(part["packed_bytes"]) +
                    " bytes of packed weights\n";
  for (const ordered_json &program : part["programs"])
    out += "  program " + string(program["name"]) + ": " +
           sizesToText(program["max_sizes"]) + string(program["commands"]) +
           " commands, arena of " + string(program["arena_bytes"]) + " bytes\n";
  for (const ordered_json &kernel : part["kernels"]) {
    out += "  kernel " + string(kernel["name"]) + ": " +
           string(kernel["scratch_bytes"]) + " bytes of scratch";
    for (const ordered_json &fact : kernel["facts"])
      out += ", " + string(fact);
    out += "\n";
  }
  return out;
}

std::string packageToText(const ordered_json &facts) {
  std::string out = "package made by " + string(facts["producer"]) + " from " +
                    string(facts["model"]) +
                    (facts["architecture"] == ""
                         ? ""
                         : ", architecture " + string(facts["architecture"])) +
                    "\n" + string(facts["parameters"]) + " parameters in " +
                    std::to_string(facts["tensors"].size()) + " weights\n";
  for (const ordered_json &line : facts["placement"])
    out += string(line) + "\n";
  for (const ordered_json &function : facts["functions"])
    out += "function " + string(function["signature"]) + "\n";
  for (const ordered_json &variant : facts["variants"]) {
    out += "\nVariant " + partToText(variant);
    if (variant.contains("host"))
      out += "Beside it " + partToText(variant["host"]);
  }
  return out;
}

} // namespace

int inspectPackage(const exec::PackageFile &file, const CommonOptions &common) {
  ordered_json facts = packageToJson(file);
  if (common.json)
    return report(writeJson(facts));
  return report(writeResult(packageToText(facts)));
}
