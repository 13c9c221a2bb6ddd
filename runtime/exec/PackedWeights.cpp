// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/PackedWeights.h"
#include "formats/Hash.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace terrazzo::exec {

namespace {

constexpr uint64_t stripeBytes = uint64_t(4) << 20;
constexpr char magic[8] = {'T', 'Z', 'P', 'A', 'C', 'K', '0', '1'};
constexpr const char *temporaryPrefix = ".writing-";

struct Header {
  char magic[8];
  char key[32];
  uint64_t payloadBytes;
  uint64_t stripes;
};

uint64_t stripesOf(uint64_t bytes) {
  return (bytes + stripeBytes - 1) / stripeBytes;
}

/// Bytes before the payload: header and one checksum for each stripe.
uint64_t frontBytes(uint64_t payload) {
  uint64_t bytes = sizeof(Header) + stripesOf(payload) * sizeof(uint64_t);
  return (bytes + 4095) / 4096 * 4096;
}

Error diskError(const std::string &where, int number) {
  Error error;
  error.code = "TZ0710";
  error.what = "packed weights cannot be kept";
  error.where = where;
  error.why = strerror(number);
  error.help = "they are packed again at each start until there is room, or "
               "set TERRAZZO_CACHE_DIR";
  return error;
}

bool readAt(int file, uint8_t *place, uint64_t bytes, uint64_t offset) {
  while (bytes > 0) {
    ssize_t count = ::pread(file, place, bytes, off_t(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    place += count;
    bytes -= uint64_t(count);
    offset += uint64_t(count);
  }
  return true;
}

bool writeAt(int file, const uint8_t *from, uint64_t bytes, uint64_t offset) {
  while (bytes > 0) {
    ssize_t count = ::pwrite(file, from, bytes, off_t(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    from += count;
    bytes -= uint64_t(count);
    offset += uint64_t(count);
  }
  return true;
}

/// Reads and checks stripes in all workers, one after the other as they come
/// free.
struct StripeReader {
  int file;
  uint8_t *memory;
  uint64_t bytes;
  uint64_t front;
  const uint64_t *checksums;
  std::atomic<uint64_t> next{0};
  std::atomic<bool> good{true};

  static void work(void *context, const machine::Part &) {
    auto &self = *static_cast<StripeReader *>(context);
    for (;;) {
      uint64_t begin = self.next.fetch_add(1) * stripeBytes;
      if (begin >= self.bytes || !self.good)
        return;
      uint64_t count = std::min(stripeBytes, self.bytes - begin);
      // In parts that stay in a core's cache until they are hashed.
      if (!readAt(self.file, self.memory + begin, count, self.front + begin) ||
          formats::hash64(self.memory + begin, count) !=
              self.checksums[begin / stripeBytes])
        self.good = false;
    }
  }
};

} // namespace

std::string packedKey(const package::Package &package,
                      const package::Variant &variant,
                      const std::string &content) {
  std::string text = content + '\n';
  auto add = [&](const flatbuffers::String *part) {
    text += part ? part->str() : std::string();
    text += '\n';
  };
  add(variant.packer_version());
  text += std::to_string(variant.packed_bytes()) + '\n';
  for (uint32_t i = 0; variant.packed() && i < variant.packed()->size(); ++i) {
    const package::Packed &packed = *variant.packed()->Get(i);
    add(packed.layout());
    text += std::to_string(packed.offset()) + ' ' +
            std::to_string(packed.bytes()) + '\n';
    for (uint32_t w = 0; packed.weights() && w < packed.weights()->size();
         ++w) {
      const package::Weight &weight =
          *package.weights()->Get(packed.weights()->Get(w));
      add(weight.name());
      add(weight.type());
      text += std::to_string(weight.offset()) + ' ' +
              std::to_string(weight.bytes()) + '\n';
    }
  }
  return formats::hash128(text.data(), text.size()).hex();
}

std::string packedPath(const std::string &cacheFolder, const std::string &key) {
  return cacheFolder + "/packed/" + key + ".weights";
}

bool readPacked(const std::string &path, const std::string &key, Block &memory,
                machine::Team &team) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return false;
  uint64_t payload = memory.size(), front = frontBytes(payload);
  std::vector<uint64_t> checksums(stripesOf(payload));
  Header header;
  struct stat facts;
  bool good =
      ::fstat(file, &facts) == 0 &&
      uint64_t(facts.st_size) == front + payload &&
      readAt(file, reinterpret_cast<uint8_t *>(&header), sizeof(header), 0) &&
      memcmp(header.magic, magic, sizeof(magic)) == 0 &&
      key.size() == sizeof(header.key) &&
      memcmp(header.key, key.data(), sizeof(header.key)) == 0 &&
      header.payloadBytes == payload && header.stripes == checksums.size() &&
      readAt(file, reinterpret_cast<uint8_t *>(checksums.data()),
             checksums.size() * sizeof(uint64_t), sizeof(header));
  if (good) {
    StripeReader reader{file, memory.data(), payload, front, checksums.data()};
    team.run(1, StripeReader::work, &reader);
    good = reader.good;
  }
  ::close(file);
  return good;
}

Status makeFolders(const std::string &folder) {
  for (size_t at = 1; at != std::string::npos;) {
    at = folder.find('/', at + 1);
    std::string part = folder.substr(0, at);
    if (::mkdir(part.c_str(), 0777) != 0 && errno != EEXIST)
      return diskError(part, errno);
  }
  return {};
}

Status writePacked(const std::string &path, const std::string &key,
                   const Block &memory) {
  std::string folder = path.substr(0, path.rfind('/'));
  if (Status status = makeFolders(folder); !status)
    return status;
  removeAbandoned(folder);
  std::string temporary =
      folder + "/" + temporaryPrefix + std::to_string(::getpid()) + "-XXXXXX";
  int file = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0)
    return diskError(folder, errno);
  uint64_t payload = memory.size(), front = frontBytes(payload);
  std::vector<uint64_t> checksums(stripesOf(payload));
  for (size_t i = 0; i < checksums.size(); ++i)
    checksums[i] =
        formats::hash64(memory.data() + i * stripeBytes,
                        std::min(stripeBytes, payload - i * stripeBytes));
  Header header;
  memcpy(header.magic, magic, sizeof(magic));
  memcpy(header.key, key.data(), sizeof(header.key));
  header.payloadBytes = payload;
  header.stripes = checksums.size();
  int number = ::posix_fallocate(file, 0, off_t(front + payload));
  errno = number;
  bool good = number == 0 && writeAt(file, memory.data(), payload, front) &&
              writeAt(file, reinterpret_cast<const uint8_t *>(checksums.data()),
                      checksums.size() * sizeof(uint64_t), sizeof(header)) &&
              writeAt(file, reinterpret_cast<const uint8_t *>(&header),
                      sizeof(header), 0) &&
              ::rename(temporary.c_str(), path.c_str()) == 0;
  number = errno;
  ::close(file);
  if (good)
    return {};
  ::unlink(temporary.c_str());
  return diskError(path, number);
}

void removeAbandoned(const std::string &folder) {
  DIR *entries = ::opendir(folder.c_str());
  if (!entries)
    return;
  while (dirent *entry = ::readdir(entries)) {
    size_t length = strlen(temporaryPrefix);
    if (strncmp(entry->d_name, temporaryPrefix, length) != 0)
      continue;
    pid_t writer = pid_t(strtol(entry->d_name + length, nullptr, 10));
    if (writer > 0 && ::kill(writer, 0) != 0 && errno == ESRCH)
      ::unlink((folder + "/" + entry->d_name).c_str());
  }
  ::closedir(entries);
}

} // namespace terrazzo::exec
