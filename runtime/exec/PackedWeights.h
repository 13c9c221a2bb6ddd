// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights in the layout that a variant wants: filled by the package's program
// `prepare`, kept in one file of the cache for each set of (content of the
// weights' file in use, layouts, packer version), and read into anonymous
// memory of huge pages. What the package was compiled from plays no part.
//
// The file is allocated before it is written and gets its name when it is
// complete; each stripe of it carries a checksum. So two processes, a killed
// writer, a full disk, and a file cut short or damaged by a crash all end in
// the same place: the weights are packed again, in memory only if need be.
//
//   page 0    magic, version, stripe size, payload bytes, key, checksums ...
//   page n    payload
#pragma once

#include "exec/Memory.h"
#include "machine/Team.h"
#include "package/Package.h"

namespace terrazzo::exec {

/// The key of a variant's packed weights, 32 hexadecimal digits; `content` is
/// the hash of the file they are packed from (ModelHash.h).
std::string packedKey(const package::Package &package,
                      const package::Variant &variant,
                      const std::string &content);

/// Where the file of `key` lies below the cache folder.
std::string packedPath(const std::string &cacheFolder, const std::string &key);

/// Reads a file into `memory` (of the variant's packed_bytes); false when there
/// is none that is whole.
bool readPacked(const std::string &path, const std::string &key, Block &memory,
                machine::Team &team);

/// Writes `memory` as a file. A failure costs only the next start's time.
Status writePacked(const std::string &path, const std::string &key,
                   const Block &memory);

/// Removes what writers that no longer live left behind in `folder`.
void removeAbandoned(const std::string &folder);

/// Makes a folder and its parents.
Status makeFolders(const std::string &folder);

} // namespace terrazzo::exec
