// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the C interfaces share: devices by name, structs of older callers, and
// errors as codes and text. Nothing is thrown across them.
#pragma once

#include "device/DeviceCatalogue.h"
#include "support/Error.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>

namespace terrazzo::interface {

inline std::string textOf(const char *text) { return text ? text : ""; }

/// The device of that name; null for the processor: null, "" or "cpu".
inline Expected<std::shared_ptr<exec::Device>> deviceNamed(const char *name) {
  std::string wanted = textOf(name);
  if (wanted.empty() || wanted == "cpu")
    return std::shared_ptr<exec::Device>();
  return exec::DeviceCatalogue::read().open(wanted);
}

/// The caller's struct as far as it goes, zeros behind it.
template <typename T> T widened(const T &given) {
  T full;
  memset(static_cast<void *>(&full), 0, sizeof(full));
  memcpy(static_cast<void *>(&full), &given,
         std::min(given.struct_size, sizeof(full)));
  return full;
}

/// Fills in what the caller's struct has room for; 2 when it has none.
template <typename T> int narrowed(const T &full, T *to) {
  if (!to || to->struct_size < sizeof(size_t))
    return int(ExitCode::Usage);
  size_t known = to->struct_size;
  memcpy(static_cast<void *>(to), &full, std::min(known, sizeof(full)));
  to->struct_size = known;
  return 0;
}

/// Copies an error's text as far as there is room, and answers its exit code.
inline int told(const Error &error, char *text, size_t bytes) {
  std::string all = error.format();
  if (text && bytes > 0) {
    size_t count = std::min(all.size(), bytes - 1);
    memcpy(text, all.data(), count);
    text[count] = '\0';
  }
  return int(error.exit);
}

/// Runs `body`, which answers a Status; what it throws becomes one.
template <typename Body> Status guarded(Body body) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return Error{ExitCode::OutOfMemory, "TZ0003", "out of memory", "", "", ""};
  } catch (const std::exception &thrown) {
    return Error{ExitCode::Internal,         "TZ0599",
                 "an internal error",        "",
                 std::string(thrown.what()), "please report this"};
  }
}

} // namespace terrazzo::interface
