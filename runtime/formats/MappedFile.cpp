// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See MappedFile.h.
#include "formats/MappedFile.h"

#include "formats/FaultGuard.h"
#include "formats/Hash.h"
#include "machine/Limits.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace terrazzo::formats {

FileIdentity::FileIdentity(const struct stat &facts)
    : device(facts.st_dev), inode(facts.st_ino), bytes(uint64_t(facts.st_size)),
      modified{facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec},
      changed{facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec} {}

/// A folder's files that say what a model is, in the order of their names.
static std::vector<std::string> modelFilesIn(const std::string &folder) {
  std::vector<std::string> paths;
  std::error_code ignored;
  std::filesystem::directory_iterator entry(folder, ignored), end;
  for (; !ignored && entry != end; entry.increment(ignored)) {
    std::string name = entry->path().filename();
    std::error_code unknown;
    if (name.ends_with(".json") || name.ends_with(".jinja") ||
        name.ends_with(".safetensors"))
      paths.push_back(entry->path());
    else if (std::filesystem::is_directory(entry->path(), unknown))
      paths.push_back(entry->path() / "config.json");
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// Of several files: its times are the latest of theirs, its inode stands for
/// all of them.
static FileIdentity identityOfAll(const std::vector<std::string> &paths) {
  FileIdentity all;
  std::string texts;
  for (const std::string &path : paths) {
    struct stat facts;
    if (::stat(path.c_str(), &facts) != 0)
      continue;
    FileIdentity file(facts);
    texts += path + " " + file.text() + "\n";
    all.bytes += file.bytes;
    for (auto [latest, own] : {std::pair(all.modified, file.modified),
                               std::pair(all.changed, file.changed)})
      if (std::pair(own[0], own[1]) > std::pair(latest[0], latest[1]))
        std::copy(own, own + 2, latest);
  }
  all.inode = hash64(texts.data(), texts.size());
  return all;
}

FileIdentity FileIdentity::of(const std::string &path) {
  struct stat facts;
  if (::stat(path.c_str(), &facts) != 0)
    return {};
  return S_ISDIR(facts.st_mode) ? identityOfAll(modelFilesIn(path))
                                : FileIdentity(facts);
}

std::string FileIdentity::text() const {
  auto time = [](const int64_t (&value)[2]) {
    return std::to_string(value[0]) + "." + std::to_string(value[1]);
  };
  return std::to_string(device) + " " + std::to_string(inode) + " " +
         std::to_string(bytes) + " " + time(modified) + " " + time(changed);
}

bool FileIdentity::isYoung() const {
  constexpr int64_t youngSeconds = 2;
  int64_t now = ::time(nullptr);
  return modified[0] + youngSeconds > now || changed[0] + youngSeconds > now;
}

static Error openError(const std::string &path, const std::string &why,
                       const std::string &help = "") {
  return {ExitCode::Failure, "TZ0101", "cannot read the file", path, why, help};
}

namespace {

struct Descriptor {
  ~Descriptor() {
    if (number >= 0)
      ::close(number);
  }
  int number = -1;
  struct stat facts;
};

/// Opens a regular file.
Status openRegular(const std::string &path, Descriptor &file) {
  // Without O_NONBLOCK a named pipe would wait for a writer forever.
  file.number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file.number < 0)
    return openError(path, std::strerror(errno),
                     errno == ENOENT ? "check the path given with -m" : "");
  if (::fstat(file.number, &file.facts) != 0)
    return openError(path, std::strerror(errno));
  if (!S_ISREG(file.facts.st_mode))
    return openError(path,
                     S_ISDIR(file.facts.st_mode) ? "it is a folder"
                                                 : "it is not a regular file",
                     "name the model file itself");
  return {};
}

Error mapError(const std::string &path, uint64_t bytes) {
  return errno == ENOMEM ? machine::noRoomToMap(path, bytes)
                         : openError(path, std::strerror(errno));
}

} // namespace

/// A file without a name that holds `content`; negative when there is no room.
static int fileInMemory(std::span<const uint8_t> content) {
  int file = ::memfd_create("terrazzo", MFD_CLOEXEC);
  for (size_t done = 0; file >= 0 && done < content.size();) {
    ssize_t count = ::write(file, content.data() + done, content.size() - done);
    if (count > 0) {
      done += size_t(count);
      continue;
    }
    ::close(file);
    file = -1;
  }
  return file;
}

Expected<std::unique_ptr<MappedFile>>
MappedFile::open(const std::string &path) {
  Descriptor opened;
  if (Status status = openRegular(path, opened); !status)
    return status.takeError();
  std::unique_ptr<MappedFile> file(new MappedFile);
  file->filePath = path;
  file->origin = FileIdentity(opened.facts);
  file->bytes = file->mappedBytes = size_t(opened.facts.st_size);
  file->files.push_back({path, 0, file->bytes});
  if (file->bytes == 0)
    return file;
  void *mapped =
      ::mmap(nullptr, file->bytes, PROT_READ, MAP_SHARED, opened.number, 0);
  if (mapped == MAP_FAILED)
    return mapError(path, file->bytes);
  file->base = static_cast<const uint8_t *>(mapped);
  file->slot = registerFaultRange(mapped, file->bytes, path.c_str());
  return file;
}

FileIdentity MappedFile::identityNow() const {
  if (!beside)
    return FileIdentity::of(filePath);
  std::vector<std::string> paths;
  for (const FilePart &part : files)
    paths.push_back(part.path);
  return identityOfAll(paths);
}

Expected<std::unique_ptr<MappedFile>>
MappedFile::openAll(const std::string &folder,
                    const std::vector<std::string> &names,
                    std::span<const uint8_t> behind, uint64_t begin) {
  std::unique_ptr<MappedFile> all(new MappedFile);
  all->filePath = folder;
  all->origin = FileIdentity::of(folder);
  if (Status status = all->mapAll(folder, names, behind, begin); !status)
    return status.takeError();
  return all;
}

Expected<std::unique_ptr<MappedFile>>
MappedFile::openBeside(const std::string &path, const std::string &folder,
                       const std::vector<std::string> &names) {
  std::unique_ptr<MappedFile> all(new MappedFile);
  all->filePath = path;
  all->beside = true;
  if (Status status = all->mapAll(folder, names); !status)
    return status.takeError();
  all->origin = all->identityNow();
  return all;
}

Status MappedFile::mapAll(const std::string &folder,
                          const std::vector<std::string> &names,
                          std::span<const uint8_t> behind, uint64_t begin) {
  std::vector<Descriptor> opened(names.size());
  uint64_t page = uint64_t(::sysconf(_SC_PAGESIZE)), end = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    FilePart part{folder + "/" + names[i], end, 0};
    if (Status status = openRegular(part.path, opened[i]); !status)
      return status;
    part.bytes = uint64_t(opened[i].facts.st_size);
    bytes = part.offset + part.bytes;
    end = (bytes + page - 1) / page * page;
    files.push_back(std::move(part));
  }
  if (!behind.empty()) {
    FilePart part{"", std::max(begin, end), behind.size(),
                  fileInMemory(behind)};
    if (part.memory < 0)
      return mapError(folder, part.bytes);
    bytes = part.offset + part.bytes;
    end = (bytes + page - 1) / page * page;
    files.push_back(std::move(part));
  }
  mappedBytes = end + page;
  void *room = ::mmap(nullptr, mappedBytes, PROT_READ,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED)
    return mapError(folder, mappedBytes);
  auto *whole = static_cast<uint8_t *>(room);
  base = whole;
  for (size_t i = 0; i < files.size(); ++i)
    if (const FilePart &part = files[i];
        part.bytes && ::mmap(whole + part.offset, part.bytes, PROT_READ,
                             MAP_SHARED | MAP_FIXED,
                             part.memory < 0 ? opened[i].number : part.memory,
                             0) == MAP_FAILED)
      return mapError(part.path, part.bytes);
  slot = registerFaultRange(room, mappedBytes, folder.c_str());
  return {};
}

MappedFile::~MappedFile() {
  unregisterFaultRange(slot);
  if (base)
    ::munmap(const_cast<uint8_t *>(base), mappedBytes);
  for (const FilePart &part : files)
    if (part.memory >= 0)
      ::close(part.memory);
}

bool MappedFile::intact() const { return !faultRangeHit(slot); }

} // namespace terrazzo::formats
