// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chooses the architecture a model names and has it build the module.
#include "Architecture.h"
#include "Onnx/ImportOnnx.h"
#include "formats/GgufSettings.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace terrazzo {
namespace {

struct Architecture {
  StringRef name; ///< as `general.architecture` gives it
  BuildArchitecture build;
};

constexpr Architecture kArchitectures[] = {
    {"llama", buildLlama},
    {"gemma3", buildGemma3},
    {"qwen2", buildQwen2},
    {"qwen3", buildQwen3},
    {"bert", buildBert},
    {"nomic-bert", buildNomicBert},
    {"modern-bert", buildModernBert},
    {"whisper", buildWhisper},
};

const Architecture *findArchitecture(StringRef name) {
  for (const Architecture &architecture : kArchitectures)
    if (architecture.name == name)
      return &architecture;
  return nullptr;
}

} // namespace

std::vector<StringRef> importableArchitectures() {
  std::vector<StringRef> names;
  for (const Architecture &architecture : kArchitectures)
    names.push_back(architecture.name);
  return names;
}

/// What the verifier finds first, with the operation's place; empty: nothing.
static std::string faultOf(ModuleOp module) {
  std::string text;
  ScopedDiagnosticHandler handler(
      module.getContext(), [&](Diagnostic &diagnostic) {
        if (!text.empty())
          return success();
        if (auto name = dyn_cast<NameLoc>(diagnostic.getLocation()))
          text = "'" + escaped(name.getName().strref()) + "': ";
        text += diagnostic.str();
        return success();
      });
  if (succeeded(verify(module)))
    return {};
  return text.empty() ? "it does not verify" : text;
}

/// A module of one of the architectures.
static Expected<OwningOpRef<ModuleOp>>
buildArchitecture(const formats::ModelFile &file, StringRef path,
                  MLIRContext *context, const ImportOptions &options) {
  Expected<std::string_view> name = file.getString("general.architecture");
  if (!name)
    return name.takeError();
  const Architecture *architecture = findArchitecture(StringRef(*name));
  if (!architecture)
    return Error{ExitCode::ModelNotSupported,
                 "TZ0301",
                 "the architecture '" + escaped(*name) + "' is not supported",
                 path.str(),
                 "supported are: " +
                     llvm::join(importableArchitectures(), ", "),
                 "convert a model of a supported architecture"};
  Metadata metadata(file, path, architecture->name);
  GraphBuilder graph(context, file, path, options);
  Facts facts = architecture->build(graph, metadata);
  metadata.refuseUnknown();
  if (!metadata.ok())
    return metadata.takeError();
  return graph.finish(architecture->name, facts);
}

Expected<OwningOpRef<ModuleOp>> importModel(const formats::ModelFile &file,
                                            StringRef path,
                                            MLIRContext *context,
                                            const ImportOptions &options) {
  auto module = file.onnxModel()
                    ? onnx::importOnnx(file, path, context, options)
                    : buildArchitecture(file, path, context, options);
  std::string fault;
  if (module)
    fault = faultOf(**module);
  if (!fault.empty() && file.onnxModel())
    return Error{ExitCode::ModelNotSupported,
                 "TZ0333",
                 "a node of the model cannot be compiled",
                 path.str(),
                 fault,
                 "does onnx.checker.check_model accept the model?"};
  if (!fault.empty())
    return Error{ExitCode::Internal,
                 "TZ0399",
                 "the imported module does not verify",
                 path.str(),
                 fault,
                 "please report this, with the file's name"};
  if (module) {
    // What the module is made for, in case it meets another file's weights.
    std::vector<std::string> settings = formats::settingsOf(file);
    std::vector<StringRef> lines(settings.begin(), settings.end());
    (**module)->setAttr("tz.settings", Builder(context).getStrArrayAttr(lines));
  }
  return module;
}

Expected<OwningOpRef<ModuleOp>> importModel(StringRef path,
                                            MLIRContext *context,
                                            const ImportOptions &options) {
  auto file = formats::ModelFile::open(path.str());
  if (!file)
    return file.takeError();
  return importModel(**file, path, context, options);
}

} // namespace terrazzo
