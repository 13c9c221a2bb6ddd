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

/// What the check wants to know of a library.
struct Library {
  std::vector<std::string> needed;
  /// The first marker that it defines strongly, and under which name; weak
  /// definitions are the copies of inline functions that any user of the
  /// headers has.
  const Marker *foreign = nullptr;
  std::string foreignName;
};

/// Reads an ELF file of 64 bits in this machine's byte order. Every access is
/// checked, since a damaged file must end in an error.
class Reader {
public:
  explicit Reader(StringRef bytes) : bytes(bytes) {}

  /// The library, or why the file is none.
  std::optional<std::string> read(Library &library) {
    auto header = at<ELF64LE::Ehdr>(0);
    if (!header || !header->checkMagic())
      return "it is no ELF file";
    if (header->getFileClass() != ELF::ELFCLASS64 ||
        header->getDataEncoding() != ELF::ELFDATA2LSB)
      return "it is not for this kind of machine";
    if (header->e_type != ELF::ET_DYN)
      return "it is an ELF file, but no shared library";
    if (!readNeeded(*header, library) || !readSymbols(*header, library))
      return "it is damaged: a table lies outside of the file";
    return std::nullopt;
  }

private:
  template <typename T> std::optional<T> at(uint64_t offset) const {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T))
      return std::nullopt;
    T value;
    std::memcpy(static_cast<void *>(&value), bytes.data() + offset, sizeof(T));
    return value;
  }

  /// Entry `index` of the table at `table`.
  template <typename T>
  std::optional<T> entry(uint64_t table, uint64_t index) const {
    if (table > bytes.size() || index > bytes.size() / sizeof(T))
      return std::nullopt;
    return at<T>(table + index * sizeof(T));
  }

  std::optional<StringRef> stringAt(uint64_t table, uint64_t offset) const {
    if (table > bytes.size() || offset > bytes.size() - table)
      return std::nullopt;
    StringRef rest = bytes.drop_front(table + offset);
    size_t end = rest.find('\0');
    if (end == StringRef::npos)
      return std::nullopt;
    return rest.take_front(end);
  }

  /// Where the byte that is loaded to `address` lies in the file.
  std::optional<uint64_t> fileOffset(const ELF64LE::Ehdr &header,
                                     uint64_t address) const {
    for (unsigned i = 0; i < header.e_phnum; ++i) {
      auto segment = entry<ELF64LE::Phdr>(header.e_phoff, i);
      if (!segment)
        return std::nullopt;
      if (segment->p_type == ELF::PT_LOAD && address >= segment->p_vaddr &&
          address - segment->p_vaddr < segment->p_filesz)
        return segment->p_offset + (address - segment->p_vaddr);
    }
    return std::nullopt;
  }

  bool readNeeded(const ELF64LE::Ehdr &header, Library &library) const {
    SmallVector<uint64_t> names;
    uint64_t strings = 0;
    for (unsigned i = 0; i < header.e_phnum; ++i) {
      auto segment = entry<ELF64LE::Phdr>(header.e_phoff, i);
      if (!segment)
        return false;
      if (segment->p_type != ELF::PT_DYNAMIC)
        continue;
      for (uint64_t j = 0;; ++j) {
        auto dynamic = entry<ELF64LE::Dyn>(segment->p_offset, j);
        if (!dynamic)
          return false;
        if (dynamic->d_tag == ELF::DT_NULL)
          break;
        if (dynamic->d_tag == ELF::DT_NEEDED)
          names.push_back(dynamic->d_un.d_val);
        if (dynamic->d_tag == ELF::DT_STRTAB)
          strings = dynamic->d_un.d_ptr;
      }
    }
    if (names.empty())
      return true;
    std::optional<uint64_t> table = fileOffset(header, strings);
    for (uint64_t name : names) {
      auto text = table ? stringAt(*table, name) : std::nullopt;
      if (!text)
        return false;
      library.needed.push_back(text->str());
    }
    return true;
  }

  bool readSymbols(const ELF64LE::Ehdr &header, Library &library) const {
    for (unsigned i = 0; i < header.e_shnum; ++i) {
      auto section = entry<ELF64LE::Shdr>(header.e_shoff, i);
      if (!section)
        return false;
      if (section->sh_type != ELF::SHT_DYNSYM &&
          section->sh_type != ELF::SHT_SYMTAB)
        continue;
      auto strings = entry<ELF64LE::Shdr>(header.e_shoff, section->sh_link);
      if (!strings)
        return false;
      for (uint64_t j = 0; j < section->sh_size / sizeof(ELF64LE::Sym); ++j) {
        auto symbol = entry<ELF64LE::Sym>(section->sh_offset, j);
        auto name = symbol ? stringAt(strings->sh_offset, symbol->st_name)
                           : std::nullopt;
        if (!name)
          return false;
        if (symbol->st_shndx == ELF::SHN_UNDEF ||
            symbol->getBinding() == ELF::STB_WEAK)
          continue;
        for (const Marker &marker : markers)
          if (!library.foreign && name->starts_with(marker.prefix)) {
            library.foreign = &marker;
            library.foreignName = name->str();
          }
      }
    }
    return true;
  }

  StringRef bytes;
};

} // namespace

Status checkPluginFile(StringRef path) {
  const char *isPlugin = "a plugin is a shared library for this machine, built "
                         "with terrazzo_add_backend";
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return refuse(path, "the file cannot be read", buffer.getError().message(),
                  isPlugin);
  Library library;
  if (auto why = Reader((*buffer)->getBuffer()).read(library))
    return refuse(path, "the file is no plugin", *why, isPlugin);
  if (library.foreign)
    return refuse(path,
                  "the plugin brings its own copy of " +
                      library.foreign->owner.str(),
                  "it defines " + library.foreignName,
                  "link it to the shared library instead of archives; "
                  "terrazzo_add_backend does");
  for (StringRef name : {"libMLIR.so", "libTerrazzo.so"}) {
    if (none_of(library.needed, [&](const std::string &needed) {
          return StringRef(needed).starts_with(name);
        }))
      return refuse(path, "the file does not need " + name.str(),
                    "a plugin is linked to the shared libMLIR and libTerrazzo",
                    "build it with terrazzo_add_backend");
  }
  return {};
}

} // namespace terrazzo
