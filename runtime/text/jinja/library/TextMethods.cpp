// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Methods of strings that make one string: case, stripping, padding.
#include "support/Utf8.h"
#include "text/jinja/Interpreter.h"
#include "text/jinja/values/Unicode.h"

#include <algorithm>

namespace terrazzo::text::jinja {
namespace {

const Text &self(const Bound &bound) { return bound.self.text(); }

template <Case To> Value mapMethod(const Bound &bound) {
  return mapCase(self(bound), To);
}
Value capitalizeMethod(const Bound &bound) { return capitalize(self(bound)); }
Value titleMethod(const Bound &bound) { return titleCase(self(bound)); }

template <bool Left, bool Right> Value stripMethod(const Bound &bound) {
  return strip(self(bound), bound[0], Left, Right);
}

Value removePrefix(const Bound &bound) {
  const Text &text = self(bound), &affix = bound.text(0);
  bool has = text.view().starts_with(affix.view());
  return slice(text, has ? affix.bytes.size() : 0, text.bytes.size());
}
Value removeSuffix(const Bound &bound) {
  const Text &text = self(bound), &affix = bound.text(0);
  bool has = text.view().ends_with(affix.view());
  return slice(text, 0, text.bytes.size() - (has ? affix.bytes.size() : 0));
}

Value replaceMethod(const Bound &bound) {
  return replaced(self(bound), bound.text(0), bound.text(1),
                  bound.integer(2, -1));
}

Value padded(const Bound &bound, bool left, bool right) {
  int64_t missing = bound.integer(0, 0) - lengthOf(bound.self);
  TextPtr fill =
      bound.has(1) ? (bound.text(1), bound[1].textPtr()) : ownText(" ");
  if (lengthOf(Value(fill)) != 1)
    failRun("the fill of a string is one character");
  if (missing <= 0)
    return slice(self(bound), 0, self(bound).bytes.size());
  // Python's rule for what cannot be halved.
  int64_t before = !left    ? 0
                   : !right ? missing
                            : missing / 2 + (missing & bound.integer(0, 0) & 1);
  TextBuilder out;
  out.add(*repeated(*fill, before));
  out.add(self(bound));
  out.add(*repeated(*fill, missing - before));
  return out.take();
}
Value center(const Bound &bound) { return padded(bound, true, true); }
Value leftJustify(const Bound &bound) { return padded(bound, false, true); }
Value rightJustify(const Bound &bound) { return padded(bound, true, false); }

Value zeroFill(const Bound &bound) {
  int64_t missing = bound.integer(0, 0) - lengthOf(bound.self);
  const Text &text = self(bound);
  bool sign = text.view().starts_with('+') || text.view().starts_with('-');
  TextBuilder out;
  out.add(text, 0, sign);
  out.add(*repeated(*ownText("0"), missing));
  return out.add(text, sign, text.bytes.size()).take();
}

Value expandTabs(const Bound &bound) {
  int64_t size = bound.integer(0, 8), column = 0;
  const Text &text = self(bound);
  TextBuilder out;
  for (size_t i = 0; i < text.bytes.size();) {
    size_t length =
        std::max<size_t>(decodeUtf8(text.view().substr(i)).length, 1);
    char c = text.bytes[i];
    if (c == '\t') {
      int64_t spaces = size > 0 ? size - column % size : 0;
      out.add(*repeated(*ownText(" "), spaces));
      column += spaces;
    } else {
      out.add(text, i, i + length);
      column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
    i += length;
  }
  return out.take();
}

Value format(const Bound &bound) {
  return formatBraces(bound.interpreter, self(bound), bound.all, nullptr);
}
Value formatMap(const Bound &bound) {
  return formatBraces(bound.interpreter, self(bound), {}, &bound[0]);
}

constexpr Entry methods[] = {
    {"upper", "", mapMethod<Case::Upper>},
    {"lower", "", mapMethod<Case::Lower>},
    {"casefold", "", mapMethod<Case::Fold>},
    {"swapcase", "", mapMethod<Case::Swap>},
    {"capitalize", "", capitalizeMethod},
    {"title", "", titleMethod},
    {"strip", "/chars=", stripMethod<true, true>},
    {"lstrip", "/chars=", stripMethod<true, false>},
    {"rstrip", "/chars=", stripMethod<false, true>},
    {"removeprefix", "/prefix", removePrefix},
    {"removesuffix", "/suffix", removeSuffix},
    {"replace", "/old new count=", replaceMethod},
    {"center", "/width fillchar=", center},
    {"ljust", "/width fillchar=", leftJustify},
    {"rjust", "/width fillchar=", rightJustify},
    {"zfill", "/width", zeroFill},
    {"expandtabs", "tabsize=", expandTabs},
    {"format", "*", format},
    {"format_map", "/mapping", formatMap},
};

} // namespace

Table textMethods() { return methods; }

} // namespace terrazzo::text::jinja
