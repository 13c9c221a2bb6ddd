// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strings of the template language: UTF-8, and which of their bytes are
// foreign, that is, came from the conversation and not from the template.
// Whatever builds a string from others does so through a TextBuilder, which
// keeps that knowledge. Every byte derived from a foreign one (its uppercase,
// its escape) is foreign.
#pragma once

#include "text/TextSpan.h"
#include "text/jinja/values/Failure.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::text::jinja {

/// Longest string or list that a template may build.
inline constexpr size_t largestSize = 64 << 20;
/// All values of a template at a time.
inline constexpr size_t largestMemory = size_t(512) << 20;

/// Counts the bytes of the values that live on this thread, so that no
/// template exhausts the memory.
class Charge {
public:
  explicit Charge(size_t bytes);
  ~Charge();
  Charge(const Charge &) = delete;
  Charge &operator=(const Charge &) = delete;

private:
  size_t bytes;
};

struct Text {
  std::string bytes;
  TextSpans foreign;
  bool markup = false; ///< of the filters `e` and `safe`
  Charge charge;

  Text(std::string bytes, TextSpans foreign, bool markup = false)
      : bytes(std::move(bytes)), foreign(std::move(foreign)), markup(markup),
        charge(this->bytes.size() + this->foreign.size() * sizeof(TextSpan)) {}
  std::string_view view() const { return bytes; }
  bool isForeign(size_t byte) const;
};
using TextPtr = std::shared_ptr<const Text>;

class TextBuilder {
public:
  /// The template's own.
  TextBuilder &own(std::string_view bytes) { return add(bytes, false); }
  TextBuilder &add(std::string_view bytes, bool foreign);
  TextBuilder &add(const Text &text) { return add(text, 0, text.bytes.size()); }
  TextBuilder &add(const Text &text, size_t begin, size_t end);
  size_t size() const { return bytes.size(); }
  std::string_view view() const { return bytes; }
  /// All foreign when `text` is so anywhere.
  TextBuilder &like(const Text &text, std::string_view bytes) {
    return add(bytes, !text.foreign.empty());
  }
  TextPtr take(bool markup = false);
  const TextSpans &spans() const { return foreign; }

private:
  void mark(size_t begin, size_t end);

  std::string bytes;
  TextSpans foreign;
};

/// The bytes from `begin` to `end`.
TextPtr slice(const Text &text, size_t begin, size_t end);
TextPtr ownText(std::string_view bytes);

} // namespace terrazzo::text::jinja
