// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All kernels of a variant into one image: lld links a shared object without
// imports, whose load segments are what the package carries. An import, a
// dynamic relocation or writable data is an error: the runtime only maps the
// image.
#include "TzCpu/Cpu.h"
#include "lld/Common/Driver.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "terrazzo/Target/UserError.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace mlir;

namespace terrazzo::tz_cpu {

static constexpr uint64_t kPage = 4096;

static UserError noRoom(StringRef where, const std::string &why) {
  return noTemporaryFile((where + ": " + why).str());
}

static FailureOr<std::string> link(Location loc, ArrayRef<std::string> inputs,
                                   StringRef output) {
  // lld keeps its state in globals.
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<const char *> arguments = {"ld.lld",
                                         "-shared",
                                         "-Bsymbolic",
                                         "--no-undefined",
                                         "-z",
                                         "noseparate-code",
                                         "-z",
                                         "max-page-size=4096",
                                         "-z",
                                         "norelro",
                                         "--build-id=none",
                                         "--hash-style=gnu",
                                         "--gc-sections",
                                         "--threads=1",
                                         "-o"};
  std::string out = output.str();
  arguments.push_back(out.c_str());
  for (const std::string &input : inputs)
    arguments.push_back(input.c_str());
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  lld::Result result =
      lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0) {
    // Of the linker's complaints only these are about the output.
    for (const char *reason : {"No space left on device", "File too large"})
      if (StringRef(messages).contains(reason))
        return emitUserError(loc, noRoom(output, std::string(reason)));
    emitError(loc) << "TZ0433: the kernels' image does not link: " << messages;
    return failure();
  }
  auto buffer = llvm::MemoryBuffer::getFile(out, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer) {
    emitError(loc) << "TZ0434: cannot read the linked image: "
                   << buffer.getError().message();
    return failure();
  }
  return (*buffer)->getBuffer().str();
}

/// Load segments and entries of a linked image.
static FailureOr<Artifact> readImage(Location loc, StringRef bytes,
                                     ArrayRef<Object> objects) {
  auto file = llvm::object::ELF64LEFile::create(bytes);
  if (!file) {
    emitError(loc) << llvm::toString(file.takeError());
    return failure();
  }
  Artifact artifact;
  auto headers = file->program_headers();
  if (!headers) {
    emitError(loc) << llvm::toString(headers.takeError());
    return failure();
  }
  for (const auto &header : *headers) {
    if (header.p_type != llvm::ELF::PT_LOAD)
      continue;
    // The dynamic section is the only writable part that a linker makes for
    // itself; nothing of ours may be in it.
    if (header.p_flags & llvm::ELF::PF_W)
      continue;
    uint64_t from = header.p_vaddr / kPage * kPage, pad = header.p_vaddr - from;
    Segment segment;
    segment.address = from;
    segment.executable = header.p_flags & llvm::ELF::PF_X;
    segment.bytes = std::string(pad, '\0') +
                    bytes.substr(header.p_offset, header.p_filesz).str();
    segment.memorySize = (segment.bytes.size() + kPage - 1) / kPage * kPage;
    artifact.segments.push_back(std::move(segment));
  }
  llvm::StringMap<uint64_t> symbols;
  auto sections = file->sections();
  if (!sections) {
    emitError(loc) << llvm::toString(sections.takeError());
    return failure();
  }
  for (const auto &section : *sections) {
    bool relocations = section.sh_type == llvm::ELF::SHT_RELA ||
                       section.sh_type == llvm::ELF::SHT_REL;
    bool data = (section.sh_flags & llvm::ELF::SHF_WRITE) &&
                section.sh_type != llvm::ELF::SHT_DYNAMIC;
    if ((relocations || data) && section.sh_size != 0) {
      emitError(loc) << "TZ0435: the kernels' image has "
                     << (relocations ? "dynamic relocations" : "writable data")
                     << "; kernels must have neither";
      return failure();
    }
    if (section.sh_type != llvm::ELF::SHT_SYMTAB)
      continue;
    auto table = file->symbols(&section);
    auto names = file->getStringTableForSymtab(section);
    if (!table || !names)
      continue;
    for (const auto &symbol : *table)
      if (auto name = symbol.getName(*names))
        symbols[*name] = symbol.st_value;
  }
  for (const Object &object : objects) {
    auto entry = symbols.find(object.kernel);
    if (entry == symbols.end()) {
      emitError(loc) << "TZ0436: kernel '" << object.kernel
                     << "' is not in its image";
      return failure();
    }
    artifact.entries.push_back({object.kernel, entry->second});
  }
  return artifact;
}

FailureOr<Artifact> linkImage(MLIRContext *context, ArrayRef<Object> objects,
                              const Dump &dump) {
  Location loc = UnknownLoc::get(context);
  std::vector<llvm::FileRemover> removers;
  removers.reserve(objects.size() + 1);
  auto createFile = [&](StringRef suffix,
                        StringRef content) -> FailureOr<std::string> {
    SmallString<128> path;
    int descriptor;
    if (std::error_code error = llvm::sys::fs::createTemporaryFile(
            "terrazzo", suffix, descriptor, path)) {
      SmallString<128> folder;
      llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
      return emitUserError(loc, noRoom(folder, error.message()));
    }
    removers.emplace_back(path);
    llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream << content;
    stream.flush();
    if (stream.has_error()) {
      std::error_code error = stream.error();
      stream.clear_error();
      return emitUserError(loc, noRoom(path, error.message()));
    }
    return std::string(path);
  };
  std::vector<std::string> inputs;
  for (const Object &object : objects) {
    FailureOr<std::string> path = createFile("o", object.bytes);
    if (failed(path))
      return failure();
    inputs.push_back(*path);
  }
  FailureOr<std::string> output = createFile("so", "");
  if (failed(output))
    return failure();
  FailureOr<std::string> image = link(loc, inputs, *output);
  if (failed(image))
    return failure();
  return readImage(loc, *image, objects);
}

} // namespace terrazzo::tz_cpu
