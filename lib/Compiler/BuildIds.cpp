// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "BuildIds.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <cstring>
#include <link.h>

namespace terrazzo {
namespace {

/// The build id among the notes of one mapped segment, as hexadecimal digits.
std::string buildIdIn(const char *notes, size_t bytes) {
  auto rounded = [](size_t size) { return (size + 3) / 4 * 4; };
  while (bytes >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes, sizeof(header));
    size_t name = sizeof(header), content = name + rounded(header.n_namesz);
    size_t end = content + rounded(header.n_descsz);
    if (end > bytes)
      return {};
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(notes + name, "GNU", 4) == 0)
      return llvm::toHex(llvm::StringRef(notes + content, header.n_descsz),
                         /*LowerCase=*/true);
    notes += end;
    bytes -= end;
  }
  return {};
}

int visit(dl_phdr_info *info, size_t, void *result) {
  llvm::StringRef name = llvm::sys::path::filename(info->dlpi_name);
  if (name.empty())
    name = "program";
  bool ours = name == "program" || name.starts_with("libTerrazzo.so") ||
              name.starts_with("libterrazzo-");
  for (int i = 0; ours && i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) &header = info->dlpi_phdr[i];
    if (header.p_type != PT_NOTE)
      continue;
    std::string id = buildIdIn(
        reinterpret_cast<const char *>(info->dlpi_addr + header.p_vaddr),
        header.p_memsz);
    if (id.empty())
      continue;
    static_cast<std::vector<std::string> *>(result)->push_back(name.str() +
                                                               "=" + id);
    break;
  }
  return 0;
}

} // namespace

std::vector<std::string> compilerBuildIds() {
  std::vector<std::string> result;
  dl_iterate_phdr(visit, &result);
  std::sort(result.begin(), result.end());
  // The vdso has an empty name like the program; the program comes first.
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

} // namespace terrazzo
