// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vendor's assembler as a process: PTX in, a cubin and what it says about
// registers, spills and static memory out.
#include "TzNvidia/Nvidia.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace terrazzo::tz_nvidia {

static std::string readFile(const Twine &path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

namespace {

/// A folder that goes away with what is in it.
struct Folder {
  SmallString<128> path;
  std::error_code error = sys::fs::createUniqueDirectory("terrazzo", path);
  ~Folder() {
    if (!error)
      sys::fs::remove_directories(path);
  }
  std::string file(StringRef name) const {
    SmallString<128> joined(path);
    sys::path::append(joined, name);
    return joined.str().str();
  }
};

} // namespace

/// The exit code; what it printed goes to `output`.
static int execute(const Folder &folder, ArrayRef<StringRef> command,
                   std::string &output) {
  std::string out = folder.file("output");
  std::string error;
  int code = sys::ExecuteAndWait(
      command.front(), command, std::nullopt,
      {StringRef(""), StringRef(out), StringRef(out)}, 0, 0, &error);
  output = error.empty() ? readFile(out) : error;
  return code;
}

static Ptxas find() {
  Ptxas ptxas;
  std::string wish;
  if (const char *variable = std::getenv("TERRAZZO_PTXAS"))
    wish = variable;
  if (wish == "0")
    return ptxas;
  if (wish.empty() || wish == "1") {
    auto found = sys::findProgramByName("ptxas");
    wish = found ? *found : "";
  }
  Folder folder;
  if (wish.empty() || folder.error ||
      execute(folder, {wish, "--version"}, ptxas.version) != 0 ||
      execute(folder, {wish, "--help"}, ptxas.help) != 0)
    return ptxas;
  ptxas.version = StringRef(ptxas.version).rtrim().rsplit('\n').second.str();
  ptxas.path = wish;
  return ptxas;
}

const Ptxas &Ptxas::get() {
  static const Ptxas ptxas = find();
  return ptxas;
}

bool Ptxas::knows(const Architecture &architecture) const {
  return !path.empty() &&
         StringRef(help).contains(("'" + architecture.name + "'").str());
}

/// The number before or behind `pattern`'s only group, 0 when there is none.
static uint32_t numberIn(StringRef text, StringRef pattern) {
  SmallVector<StringRef> parts;
  uint32_t number = 0;
  if (Regex(pattern).match(text, &parts))
    parts[1].getAsInteger(10, number);
  return number;
}

char NoRoom::ID = 0;

Error Ptxas::assemble(CodeObject &object,
                      const Architecture &architecture) const {
  Folder folder;
  if (folder.error)
    return make_error<NoRoom>(folder.error.message());
  std::string input = folder.file("kernel.ptx"),
              output = folder.file("kernel.cubin"), text;
  {
    std::error_code error;
    raw_fd_ostream stream(input, error);
    if (!error)
      stream << object.ptx;
    stream.close();
    if (stream.has_error()) {
      error = stream.error();
      stream.clear_error();
    }
    if (error)
      return make_error<NoRoom>(input + ": " + error.message());
  }
  std::string arch = ("-arch=" + architecture.name).str();
  int code = execute(folder, {path, arch, "-v", input, "-o", output}, text);
  if (code != 0)
    return createStringError("TZ0446: " + path + " refuses the kernel's PTX: " +
                             StringRef(text).trim());
  object.cubin = readFile(output);
  object.assembled = true;
  object.registers = numberIn(text, "Used ([0-9]+) registers");
  object.spillBytes = numberIn(text, "([0-9]+) bytes spill stores") +
                      numberIn(text, "([0-9]+) bytes spill loads");
  object.staticShared = numberIn(text, "([0-9]+) bytes smem");
  return Error::success();
}

} // namespace terrazzo::tz_nvidia
