// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The content hash of a model's file: what packages are looked up by, and
// packed weights are kept under. Two models of the same settings share names,
// shapes and offsets of all tensors; only this tells them apart.
//
// It is memoised by the file's identity (device, inode, size, and times of
// change), so a file is read once; not while its last change is less than two
// seconds ago.
#pragma once

#include "formats/ModelFile.h"

namespace terrazzo::exec {

/// 32 hexadecimal digits, from the memo below `cacheFolder` (empty: there is
/// none) or from the bytes of the file.
std::string modelHash(const formats::ModelFile &model,
                      const std::string &cacheFolder);

} // namespace terrazzo::exec
