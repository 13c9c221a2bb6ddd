// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Families.h.
#include "formats/folder/families/Families.h"

namespace terrazzo::formats {

namespace {

/// Heads of other tasks, and tables that code can count.
constexpr const char *unneededNames[] = {
    "embeddings.position_ids",
    "pooler.",
    "cls.",
    "lm_head.",
    "classifier",
    "qa_outputs.",
    "pre_classifier.",
    "vocab_transform.",
    "vocab_layer_norm.",
    "vocab_projector.",
    "head.",
    "decoder.",
};

/// `pattern` with '#' for a number; the number, or nothing.
std::optional<std::string> matchNumber(std::string_view pattern,
                                       std::string_view name) {
  size_t hash = pattern.find('#');
  if (hash == pattern.npos)
    return pattern == name ? std::optional<std::string>("") : std::nullopt;
  std::string_view rest = pattern.substr(hash + 1);
  if (name.size() <= hash + rest.size() || !name.ends_with(rest) ||
      name.substr(0, hash) != pattern.substr(0, hash))
    return std::nullopt;
  std::string number(name.substr(hash, name.size() - hash - rest.size()));
  constexpr size_t mostDigits = 6;
  bool good = number.size() <= mostDigits &&
              number.find_first_not_of("0123456789") == number.npos;
  return good ? std::optional(number) : std::nullopt;
}

/// "blk.#.a,blk.#.b" as names with the number and the last part.
std::vector<std::string> partsOf(std::string_view pattern,
                                 const std::string &number,
                                 const std::string &last) {
  std::vector<std::string> names(1);
  for (char c : pattern) {
    if (c == ',')
      names.emplace_back();
    else
      names.back() += c == '#' ? number : std::string(1, c);
  }
  for (std::string &name : names)
    name += last;
  return names;
}

template <typename Body> void eachFamily(Body body) {
  for (auto families :
       {bertFamilies(), nomicBertFamilies(), modernBertFamilies(),
        llamaFamilies(), qwenFamilies(), gemma3Families(), whisperFamilies()})
    for (const ModelFamily &family : families)
      body(family);
}

} // namespace

const ModelFamily *findFamily(const std::string &modelType) {
  const ModelFamily *found = nullptr;
  eachFamily([&](const ModelFamily &family) {
    if (modelType == family.modelType)
      found = &family;
  });
  return found;
}

std::string familyNames() {
  std::string names;
  eachFamily([&](const ModelFamily &family) {
    names += (names.empty() ? "" : ", ") + std::string(family.modelType);
  });
  return names;
}

std::span<const char *const> unneededOfEncoders() { return unneededNames; }

std::optional<TensorTarget> tensorTarget(const ModelFamily &family,
                                         std::string_view name) {
  for (const char *beginning : family.unneeded)
    if (name.starts_with(beginning))
      return TensorTarget();
  for (std::string_view prefix : family.prefixes)
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
      break;
    }
  for (const char *beginning : family.unneeded)
    if (name.starts_with(beginning))
      return TensorTarget();
  size_t dot = name.rfind('.');
  if (dot == name.npos)
    return std::nullopt;
  std::string_view last = name.substr(dot + 1);
  // The first releases called a norm's vectors so.
  last = last == "gamma" ? "weight" : last == "beta" ? "bias" : last;
  constexpr std::string_view more = "1+";
  for (auto [from, to] : family.tensors)
    if (auto number = matchNumber(from, name.substr(0, dot))) {
      std::string_view pattern = to;
      bool plusOne = pattern.starts_with(more);
      if (plusOne)
        pattern.remove_prefix(more.size());
      return TensorTarget{partsOf(pattern, *number, "." + std::string(last)),
                          plusOne};
    }
  return std::nullopt;
}

} // namespace terrazzo::formats
