// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Object code on disk, by content: $TERRAZZO_CACHE_DIR/emu (else
// $XDG_CACHE_HOME/terrazzo/emu, else ~/.cache/terrazzo/emu). Files are written
// under another name and renamed; damaged ones count as absent.
// TERRAZZO_EMU_CACHE=0 turns it off.
#pragma once

#include <llvm/Support/MemoryBuffer.h>

#include <string>

namespace terrazzo::emu {

class ObjectCache {
public:
  static ObjectCache &instance();
  std::unique_ptr<llvm::MemoryBuffer> read(const std::string &key);
  void write(const std::string &key, llvm::StringRef bytes);

private:
  std::string folder() const;
  std::string path(const std::string &key) const;
};

} // namespace terrazzo::emu
