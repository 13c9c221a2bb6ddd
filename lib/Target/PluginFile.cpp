// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "PluginFile.h"
#include "support/Error.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;
using namespace llvm::object;

namespace terrazzo {
namespace {

Error refuse(StringRef path, std::string what, std::string why,
             std::string help) {
  return {ExitCode::TargetUnavailable,
          "TZ0402",
          std::move(what),
          path.str(),
          std::move(why),
          std::move(help)};
}

Error malformed(StringRef path, llvm::Error error) {
  return refuse(path, "the file is no plugin: it cannot be read as a library",
                toString(std::move(error)),
                "a plugin is a shared library for this machine, built with "
                "terrazzo_add_backend");
}

/// Out-of-line functions that exist once in a process. Their mangled names
/// begin so in any release; a plugin may only refer to them.
struct Marker {
  StringLiteral prefix;
  StringLiteral owner;
};
constexpr Marker markers[] = {
    {"_ZN4mlir11MLIRContextC", "MLIR"},
    {"_ZN4mlir9Operation6create", "MLIR"},
    {"_ZN4mlir14DialectRegistry", "MLIR"},
    {"_ZN4llvm2cl6Option11addArgument", "LLVM"},
    {"_ZN4llvm11LLVMContextC", "LLVM"},
    {"_ZN8terrazzo2tz9TzDialect10initialize", "Terrazzo"},
};

/// Names of the libraries that a library asks the loader for.
template <typename ELFT>
llvm::Expected<std::vector<std::string>>
neededLibraries(const ELFObjectFile<ELFT> &object) {
  const ELFFile<ELFT> &file = object.getELFFile();
  auto entries = file.dynamicEntries();
  if (!entries)
    return entries.takeError();
  uint64_t tableAddress = 0, tableSize = 0;
  for (const auto &entry : *entries) {
    if (entry.d_tag == ELF::DT_STRTAB)
      tableAddress = entry.d_un.d_ptr;
    else if (entry.d_tag == ELF::DT_STRSZ)
      tableSize = entry.d_un.d_val;
  }
  std::vector<std::string> names;
  auto table = file.toMappedAddr(tableAddress);
  if (!table)
    return table.takeError();
  const char *begin = reinterpret_cast<const char *>(*table);
  const char *end =
      reinterpret_cast<const char *>(file.base()) + file.getBufSize();
  if (begin > end || tableSize > static_cast<uint64_t>(end - begin))
    return createStringError("the table of dynamic strings leaves the file");
  StringRef strings(begin, tableSize);
  for (const auto &entry : *entries) {
    if (entry.d_tag != ELF::DT_NEEDED)
      continue;
    StringRef name = strings.substr(entry.d_un.d_val);
    names.push_back(name.substr(0, name.find('\0')).str());
  }
  return names;
}

/// The owner of the first marker that the library defines strongly, and the
/// symbol's name; weak definitions are the copies of inline functions that any
/// user of the headers has.
llvm::Expected<std::pair<StringRef, std::string>>
foreignDefinition(const ELFObjectFileBase &object) {
  auto scan =
      [&](auto range) -> llvm::Expected<std::pair<StringRef, std::string>> {
    for (const ELFSymbolRef symbol : range) {
      auto flags = symbol.getFlags();
      if (!flags)
        return flags.takeError();
      if (*flags & (SymbolRef::SF_Undefined | SymbolRef::SF_Weak))
        continue;
      auto name = symbol.getName();
      if (!name)
        return name.takeError();
      for (const Marker &marker : markers)
        if (name->starts_with(marker.prefix))
          return std::pair<StringRef, std::string>(marker.owner, name->str());
    }
    return std::pair<StringRef, std::string>();
  };
  auto found = scan(object.getDynamicSymbolIterators());
  if (!found || !found->first.empty())
    return found;
  return scan(object.symbols());
}

} // namespace

Status checkPluginFile(StringRef path) {
  auto binary = ObjectFile::createObjectFile(path);
  if (!binary)
    return malformed(path, binary.takeError());
  auto *object = dyn_cast<ELF64LEObjectFile>(binary->getBinary());
  if (!object || object->getELFFile().getHeader().e_type != ELF::ET_DYN)
    return malformed(
        path, createStringError("expected a 64-bit little-endian ELF library"));
  auto needed = neededLibraries(*object);
  if (!needed)
    return malformed(path, needed.takeError());
  auto foreign = foreignDefinition(*object);
  if (!foreign)
    return malformed(path, foreign.takeError());
  if (!foreign->first.empty())
    return refuse(path,
                  "the plugin brings its own copy of " + foreign->first.str(),
                  "it defines " + foreign->second,
                  "link it to the shared library instead of archives; "
                  "terrazzo_add_backend does");
  for (StringRef library : {"libMLIR.so", "libTerrazzo.so"}) {
    if (none_of(*needed, [&](const std::string &name) {
          return StringRef(name).starts_with(library);
        }))
      return refuse(path, "the file does not need " + library.str(),
                    "a plugin is linked to the shared libMLIR and libTerrazzo",
                    "build it with terrazzo_add_backend");
  }
  return {};
}

} // namespace terrazzo
