// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CodeCheck.h"

#include <cstring>

namespace terrazzo::nvidia {

namespace {

/// A NUL-padded text that ends inside its field; false: it does not.
bool takeName(const char *field, size_t bytes, std::string &name) {
  size_t length = strnlen(field, bytes);
  name.assign(field, length);
  return length < bytes;
}

bool takeBytes(std::string_view all, uint64_t offset, uint64_t bytes,
               std::string_view &part) {
  if (offset > all.size() || bytes > all.size() - offset)
    return false;
  part = all.substr(offset, bytes);
  return true;
}

/// The same for one that a NUL follows and that holds none.
bool takeText(std::string_view all, uint64_t offset, uint64_t bytes,
              std::string_view &part) {
  std::string_view ended;
  if (bytes >= all.size() || !takeBytes(all, offset, bytes + 1, ended))
    return false;
  part = ended.substr(0, bytes);
  return ended.back() == 0 && part.find('\0') == std::string_view::npos;
}

bool checkKernel(std::string_view bytes, const KernelRecord &record,
                 CheckedKernel &kernel, std::string &why) {
  constexpr uint32_t warp = 32, mostThreads = 1024, mostBindings = 480;
  if (!takeText(bytes, record.nameOffset, record.nameBytes, kernel.name) ||
      kernel.name.empty())
    why = "a kernel's name lies outside of it";
  else if (!takeText(bytes, record.ptxOffset, record.ptxBytes, kernel.ptx))
    why = "a kernel's PTX lies outside of it";
  else if (record.cubinOffset && !takeBytes(bytes, record.cubinOffset,
                                            record.cubinBytes, kernel.cubin))
    why = "a kernel's machine code lies outside of it";
  else if (kernel.ptx.empty() && kernel.cubin.empty())
    why = "a kernel has no code";
  else if (record.threads == 0 || record.threads % warp ||
           record.threads > mostThreads)
    why =
        "a kernel's blocks have " + std::to_string(record.threads) + " threads";
  else if (record.bindingCount > mostBindings)
    why = "a kernel has " + std::to_string(record.bindingCount) + " bindings";
  kernel.threads = record.threads;
  kernel.bindingCount = record.bindingCount;
  return why.empty();
}

} // namespace

bool checkCode(std::string_view bytes, CheckedCode &code, std::string &why) {
  BlobHeader header;
  if (bytes.size() < sizeof(header)) {
    why = "it ends inside its header";
    return false;
  }
  memcpy(&header, bytes.data(), sizeof(header));
  std::string plugin;
  if (memcmp(header.magic, kBlobMagic, sizeof(header.magic)) != 0) {
    why = "it does not begin like code of this kind";
    return false;
  }
  if (!takeName(header.plugin, sizeof(header.plugin), plugin) ||
      !takeName(header.arch, sizeof(header.arch), code.architecture) ||
      plugin != "nvidia") {
    why = "it is another plugin's";
    return false;
  }
  constexpr uint32_t version = 1;
  if (header.version != version) {
    why = "its version is " + std::to_string(header.version) + ", not 1";
    return false;
  }
  // A segment may be padded behind the code.
  if (header.bytes > bytes.size() || header.bytes < sizeof(header) ||
      header.kernelCount >
          (header.bytes - sizeof(header)) / sizeof(KernelRecord)) {
    why = "it ends early";
    return false;
  }
  bytes = bytes.substr(0, header.bytes);
  code.kernels.resize(header.kernelCount);
  for (uint32_t i = 0; i < header.kernelCount; ++i) {
    KernelRecord record;
    memcpy(&record, bytes.data() + sizeof(header) + i * sizeof(record),
           sizeof(record));
    if (!checkKernel(bytes, record, code.kernels[i], why))
      return false;
  }
  return true;
}

int kernelAt(const CheckedCode &code, uint64_t entry) {
  if (entry < sizeof(BlobHeader) ||
      (entry - sizeof(BlobHeader)) % sizeof(KernelRecord))
    return -1;
  uint64_t index = (entry - sizeof(BlobHeader)) / sizeof(KernelRecord);
  return index < code.kernels.size() ? int(index) : -1;
}

} // namespace terrazzo::nvidia
