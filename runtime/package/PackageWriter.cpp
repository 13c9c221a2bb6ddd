// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "package/Package.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace terrazzo::exec {

namespace {

Error writeError(const std::string &path, const char *step, int number) {
  Error error;
  error.code = "TZ0701";
  error.exit = number == ENOMEM ? ExitCode::OutOfMemory : ExitCode::Failure;
  error.what = "the package cannot be written";
  error.where = path;
  error.why = std::string(step) + ": " + strerror(number);
  error.help = number == ENOSPC || number == EDQUOT
                   ? "free some disk space, or write it elsewhere"
                   : "choose another place for the output";
  return error;
}

/// Sets offsets and sizes of all segments; answers the bytes of all code.
Expected<uint64_t> placeSegments(PackageT &package, const PackageCode &code) {
  Error error;
  error.code = "TZ0702";
  error.exit = ExitCode::Internal;
  error.what = "the package's code does not fit its segments";
  if (code.size() != package.variants.size())
    return error;
  uint64_t offset = 0;
  for (size_t v = 0; v < code.size(); ++v) {
    std::vector<package::SegmentT *> segments;
    for (package::VariantT *part = package.variants[v].get(); part;
         part = part->host.get())
      for (auto &segment : part->segments)
        segments.push_back(segment.get());
    if (code[v].size() != segments.size())
      return error;
    for (size_t s = 0; s < segments.size(); ++s) {
      segments[s]->offset = offset;
      segments[s]->file_bytes = code[v][s].size();
      if (segments[s]->memory_bytes < segments[s]->file_bytes)
        segments[s]->memory_bytes = segments[s]->file_bytes;
      offset += wholePages(code[v][s].size());
    }
  }
  return offset;
}

Status writeAll(int file, const std::string &bytes, const std::string &path) {
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t count = ::write(file, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return writeError(path, "write", count < 0 ? errno : ENOSPC);
    done += size_t(count);
  }
  return {};
}

} // namespace

Expected<std::string> serializePackage(PackageT &package,
                                       const PackageCode &code) {
  auto codeBytes = placeSegments(package, code);
  if (!codeBytes)
    return codeBytes.takeError();
  flatbuffers::FlatBufferBuilder builder(1 << 20);
  builder.FinishSizePrefixed(package::Package::Pack(builder, &package),
                             package::PackageIdentifier());
  std::string bytes(reinterpret_cast<const char *>(builder.GetBufferPointer()),
                    builder.GetSize());
  bytes.resize(wholePages(bytes.size()), '\0');
  bytes.reserve(bytes.size() + *codeBytes);
  for (const auto &segments : code)
    for (const std::string &segment : segments) {
      bytes += segment;
      bytes.resize(wholePages(bytes.size()), '\0');
    }
  return bytes;
}

Status writePackage(PackageT &package, const PackageCode &code,
                    const std::string &path) {
  auto bytes = serializePackage(package, code);
  if (bytes)
    return writePackage(*bytes, path);
  Error error = bytes.takeError();
  error.where = path;
  return error;
}

Status writePackage(const std::string &bytes, const std::string &path) {
  // Renaming would put a file in the place of a device.
  struct stat facts;
  if (::stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode))
    return writeError(path, "replace what is not a regular file", EEXIST);
  std::string temporary = path + ".XXXXXX";
  int file = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0)
    return writeError(path, "create", errno);
  Status status = writeAll(file, bytes, path);
  // mkostemp makes private files; a package is meant to be passed on.
  mode_t mask = ::umask(0);
  ::umask(mask);
  if (status && (::fchmod(file, 0666 & ~mask) != 0 || ::fsync(file) != 0))
    status = writeError(path, "flush", errno);
  ::close(file);
  if (status && ::rename(temporary.c_str(), path.c_str()) != 0)
    status = writeError(path, "rename", errno);
  if (!status)
    ::unlink(temporary.c_str());
  return status;
}

} // namespace terrazzo::exec
