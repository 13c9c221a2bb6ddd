// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The code of one variant in memory: its segments mapped from the package,
// executable or readable, never writable.
#pragma once

#include "package/Package.h"

namespace terrazzo::exec {

/// The one kernel ABI. `bindings`: 64-byte-aligned, in the kernel's order;
/// `sizes`: as the launch has them, rows of caches last; `scratch`: this
/// worker's, 64-byte-aligned.
using KernelFunction = void (*)(void *const *bindings, const int64_t *sizes,
                                int64_t workgroupBegin, int64_t workgroupEnd,
                                void *scratch);

class CodeImage {
public:
  /// Of a package that PackageFile::open has checked.
  static Expected<CodeImage> load(const PackageFile &file,
                                  const package::Variant &variant);
  CodeImage() = default;
  CodeImage(CodeImage &&other) noexcept {
    *this = static_cast<CodeImage &&>(other);
  }
  CodeImage &operator=(CodeImage &&other) noexcept;
  ~CodeImage();

  KernelFunction kernel(const package::Entry &entry) const {
    return reinterpret_cast<KernelFunction>(base + entry.address());
  }

private:
  uint8_t *base = nullptr;
  uint64_t bytes = 0;
};

} // namespace terrazzo::exec
