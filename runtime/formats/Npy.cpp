// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "formats/Npy.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace terrazzo::formats {

namespace {

constexpr std::string_view npyMagic = "\x93NUMPY";
constexpr size_t npyPrefix = 10, npyAlignment = 64;

/// Reads the header's literal: a dictionary of three known keys.
class HeaderReader {
public:
  explicit HeaderReader(std::string_view text) : rest(text) {}

  /// Empty, or what is wrong.
  std::string read(NpyFile &file) {
    bool descr = false, order = false, shape = false;
    if (!take("{"))
      return "its header is no dictionary";
    while (!take("}")) {
      std::string key;
      if (!quoted(key) || !take(":"))
        return "its header is no dictionary of names";
      bool good = true;
      if (key == "descr" && !descr)
        good = descr = quoted(file.type);
      else if (key == "shape" && !shape)
        good = shape = tuple(file.shape);
      else if (key == "fortran_order" && !order && take("True"))
        return "it is in Fortran's order; save it with numpy.ascontiguousarray";
      else if (key == "fortran_order" && !order)
        good = order = take("False");
      else
        return "its header has the key '" + key + "', or has it twice";
      if (!good)
        return "its header's '" + key + "' cannot be understood";
      if (!take(",") && rest.substr(0, 1) != "}")
        return "its header's end is missing";
    }
    return descr && order && shape ? std::string()
                                   : "its header has no type, order or shape";
  }

private:
  void skip() {
    while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\n'))
      rest.remove_prefix(1);
  }
  bool take(std::string_view word) {
    skip();
    if (!rest.starts_with(word))
      return false;
    rest.remove_prefix(word.size());
    skip();
    return true;
  }
  bool quoted(std::string &text) {
    skip();
    char quote = rest.empty() ? ' ' : rest[0];
    size_t end = quote == '\'' || quote == '"' ? rest.find(quote, 1)
                                               : std::string_view::npos;
    if (end == std::string_view::npos)
      return false;
    text = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    skip();
    return true;
  }
  bool tuple(std::vector<uint64_t> &numbers) {
    if (!take("("))
      return false;
    while (!take(")")) {
      constexpr size_t mostDigits = 15, mostDims = 32;
      size_t digits = 0;
      uint64_t number = 0;
      for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9';
           ++digits)
        number = number * 10 + uint64_t(rest[digits] - '0');
      if (digits == 0 || digits > mostDigits || numbers.size() == mostDims)
        return false;
      numbers.push_back(number);
      rest.remove_prefix(digits);
      skip();
      if (!take(",") && rest.substr(0, 1) != ")")
        return false;
    }
    return true;
  }

  std::string_view rest;
};

/// Bytes of an element by NumPy's word, "<f4"; 0 for what is no number.
uint64_t bytesOf(const std::string &type) {
  if (type.size() != 3 || type[2] < '1' || type[2] > '8' ||
      (type[0] != '<' && type[0] != '|') ||
      std::string_view("fiub").find(type[1]) == std::string_view::npos)
    return 0;
  return uint64_t(type[2] - '0');
}

std::string readArray(NpyFile &array) {
  std::string_view all(reinterpret_cast<const char *>(array.file->data()),
                       array.file->size());
  constexpr size_t longPrefix = 12;
  if (!all.starts_with(npyMagic) || all.size() < longPrefix)
    return "it does not begin as an .npy file does";
  auto byte = [&](size_t at) { return uint64_t(uint8_t(all[at])); };
  bool isLong = byte(6) > 1;
  if (byte(6) < 1 || byte(6) > 3)
    return "its version " + std::to_string(byte(6)) + " is not known";
  uint64_t length = byte(8) | byte(9) << 8;
  if (isLong)
    length |= byte(10) << 16 | byte(11) << 24;
  uint64_t start = (isLong ? longPrefix : npyPrefix) + length;
  if (start > all.size())
    return "it ends within its header";
  std::string fault =
      HeaderReader(all.substr(start - length, length)).read(array);
  if (!fault.empty())
    return fault;
  uint64_t bytes = bytesOf(array.type);
  if (bytes == 0)
    return "its type '" + array.type + "' is no number of this machine's order";
  for (uint64_t size : array.shape) {
    if (size > 0 && bytes > all.size() / size)
      return "it is shorter than its shape says";
    bytes *= size;
  }
  if (bytes != all.size() - start)
    return "its shape needs " + std::to_string(bytes) + " bytes, and " +
           std::to_string(all.size() - start) + " are there";
  array.data = array.file->data() + start;
  array.bytes = bytes;
  return {};
}

} // namespace

Expected<NpyFile> NpyFile::open(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  NpyFile array;
  array.file = std::move(*file);
  if (std::string fault = readArray(array); !fault.empty())
    return Error{ExitCode::Usage,
                 "TZ0116",
                 "the file is no array that can be read",
                 path,
                 std::move(fault),
                 "numpy.save writes one"};
  return array;
}

NpyWriter::~NpyWriter() {
  if (file >= 0)
    ::close(file);
}

Error NpyWriter::failure(int number) const {
  Error error;
  error.code = "TZ0712";
  error.what = "the array cannot be written";
  error.where = name;
  error.why = strerror(number);
  error.help = "check the path and the room on its disk";
  return error;
}

Status NpyWriter::open(const std::string &path, const std::string &type,
                       std::span<const uint64_t> shape) {
  name = path;
  file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    return failure(errno);
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < shape.size(); ++i)
    header += (i ? " " : "") + std::to_string(shape[i]) +
              (i + 1 < shape.size() || shape.size() == 1 ? "," : "");
  header += "), }";
  size_t size =
      (npyPrefix + header.size() + npyAlignment) / npyAlignment * npyAlignment;
  header.append(size - npyPrefix - 1 - header.size(), ' ');
  header += '\n';
  std::string start(npyMagic);
  start += '\x01';
  start += '\x00';
  start += char(header.size() & 255);
  start += char(header.size() >> 8);
  start += header;
  return writeBytes(start.data(), start.size());
}

Status NpyWriter::write(const void *elements, uint64_t bytes) {
  return writeBytes(static_cast<const char *>(elements), bytes);
}

Status NpyWriter::writeBytes(const char *bytes, uint64_t count) {
  while (count > 0) {
    ssize_t written = ::write(file, bytes, count);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return failure(errno);
    bytes += written;
    count -= uint64_t(written);
  }
  return {};
}

Status NpyWriter::close() {
  int closing = std::exchange(file, -1);
  if (closing >= 0 && ::close(closing) != 0)
    return failure(errno);
  return {};
}

} // namespace terrazzo::formats
