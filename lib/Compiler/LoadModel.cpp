// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "LoadModel.h"
#include "TextNesting.h"
#include "formats/FaultGuard.h"
#include "formats/Hash.h"
#include "formats/ModelFile.h"
#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Parser/Parser.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "terrazzo/Import/Import.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace terrazzo {
namespace {

/// Reads a module that was written by --emit tz, or by hand.
Expected<LoadedModel> readModule(StringRef path, MLIRContext *context) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return Error{ExitCode::ModelNotSupported, "TZ0501",
                 "cannot read the model",     path.str(),
                 buffer.getError().message(), "check the path"};
  LoadedModel model;
  model.name = llvm::sys::path::filename(path);
  model.hash =
      llvm::utohexstr(llvm::xxh3_64bits((*buffer)->getBuffer()), true, 16);
  // The parser goes by what the file holds, whatever its name is.
  std::string tooDeep;
  if (!isBytecode(**buffer))
    tooDeep = findTooDeep((*buffer)->getBuffer());
  if (!tooDeep.empty())
    return Error{ExitCode::ModelNotSupported,
                 "TZ0501",
                 "the file is no valid tz module",
                 path.str(),
                 std::move(tooDeep),
                 "write it flatter"};
  // Locations go into the package, which has no paths of this machine.
  auto source = std::make_shared<llvm::SourceMgr>();
  source->AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy((*buffer)->getBuffer(), model.name),
      llvm::SMLoc());
  model.module = parseSourceFile<ModuleOp>(source, context);
  if (!model.module)
    return Error{ExitCode::ModelNotSupported,
                 "TZ0501",
                 "the file is no valid tz module",
                 path.str(),
                 "",
                 "its first fault is reported above"};
  if (model.module->getOps<tz::FuncOp>().empty())
    return Error{ExitCode::ModelNotSupported,
                 "TZ0501",
                 "the file is no valid tz module",
                 path.str(),
                 "it has no function",
                 "give a module with a tz.func"};
  return model;
}

} // namespace

Expected<LoadedModel> loadModel(StringRef path, MLIRContext *context) {
  if (path.ends_with(".mlir") || path.ends_with(".mlirbc"))
    return readModule(path, context);
  // A file that is cut short is an error of the file, no crash.
  formats::installFaultGuard(formats::FaultPolicy::Substitute);
  auto file = formats::ModelFile::open(path.str());
  if (!file)
    return file.takeError();
  auto module = importModel(**file, path, context);
  if (!module)
    return module.takeError();
  if (Status status = (*file)->intact(); !status)
    return status.takeError();
  return LoadedModel{std::move(*module), llvm::sys::path::filename(path).str(),
                     formats::hashHeader(**file).hex()};
}

} // namespace terrazzo
