// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Text.h.
#include "text/jinja/values/Text.h"

#include <algorithm>

namespace terrazzo::text::jinja {

// Signed: a template may be read on one thread and end on another.
static thread_local ptrdiff_t living = 0;

Charge::Charge(size_t bytes) : bytes(bytes) {
  if (living + ptrdiff_t(bytes) > ptrdiff_t(largestMemory))
    failRun("the template's values take too much memory");
  living += ptrdiff_t(bytes);
}

Charge::~Charge() { living -= ptrdiff_t(bytes); }

bool Text::isForeign(size_t byte) const {
  auto behind = std::upper_bound(
      foreign.begin(), foreign.end(), byte,
      [](size_t place, const TextSpan &span) { return place < span.end; });
  return behind != foreign.end() && behind->begin <= byte;
}

void TextBuilder::mark(size_t begin, size_t end) {
  if (begin == end)
    return;
  if (!foreign.empty() && foreign.back().end == begin)
    foreign.back().end = end;
  else
    foreign.push_back({begin, end});
}

TextBuilder &TextBuilder::add(std::string_view part, bool isForeign) {
  if (part.size() > largestSize - bytes.size())
    failRun("a string became too long");
  if (isForeign)
    mark(bytes.size(), bytes.size() + part.size());
  bytes.append(part);
  return *this;
}

TextBuilder &TextBuilder::add(const Text &text, size_t begin, size_t end) {
  size_t base = bytes.size();
  add(text.view().substr(begin, end - begin), false);
  auto span = std::upper_bound(
      text.foreign.begin(), text.foreign.end(), begin,
      [](size_t place, const TextSpan &other) { return place < other.end; });
  for (; span != text.foreign.end() && span->begin < end; ++span)
    mark(base + std::max(span->begin, begin) - begin,
         base + std::min(span->end, end) - begin);
  return *this;
}

TextPtr TextBuilder::take(bool markup) {
  return std::make_shared<const Text>(std::move(bytes), std::move(foreign),
                                      markup);
}

TextPtr slice(const Text &text, size_t begin, size_t end) {
  return TextBuilder().add(text, begin, end).take();
}

TextPtr ownText(std::string_view bytes) {
  return std::make_shared<const Text>(std::string(bytes), TextSpans());
}

} // namespace terrazzo::text::jinja
