// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Encoders.h.
#include "formats/folder/Encoders.h"

namespace terrazzo::formats {

namespace {

/// Heads of other tasks, and tables that code can count.
constexpr const char *unneeded[] = {
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
  for (auto families : {bertFamilies(), nomicBertFamilies(),
                        modernBertFamilies(), whisperFamilies()})
    for (const EncoderFamily &family : families)
      body(family);
}

} // namespace

double rotaryBase(ConfigReader &config, const Json &parameters, double usual) {
  bool plain = parameters.is_object() &&
               parameters.value("rope_type", Json("default")) == "default";
  Json base = plain ? parameters.value("rope_theta", Json(usual)) : Json();
  if (base.is_number() && base.get<double>() >= 1)
    return base.get<double>();
  config.refuse("rope_parameters", "the 'rope_type' 'default' with a "
                                   "'rope_theta' of at least 1 is supported");
  return usual;
}

const EncoderFamily *findEncoderFamily(const std::string &modelType) {
  const EncoderFamily *found = nullptr;
  eachFamily([&](const EncoderFamily &family) {
    if (modelType == family.modelType)
      found = &family;
  });
  return found;
}

std::string encoderFamilies() {
  std::string names;
  eachFamily([&](const EncoderFamily &family) {
    names += (names.empty() ? "" : ", ") + std::string(family.modelType);
  });
  return names;
}

std::optional<std::vector<std::string>>
encoderTensorNames(const EncoderFamily &family, std::string_view name) {
  // Models with a head for a task keep the encoder under its own name.
  if (std::string_view prefix = family.prefix; name.starts_with(prefix))
    name.remove_prefix(prefix.size());
  for (const char *beginning : unneeded)
    if (name.starts_with(beginning))
      return std::vector<std::string>();
  size_t dot = name.rfind('.');
  if (dot == name.npos)
    return std::nullopt;
  std::string_view last = name.substr(dot + 1);
  // The first releases called a norm's vectors so.
  last = last == "gamma" ? "weight" : last == "beta" ? "bias" : last;
  for (auto [from, to] : family.tensors)
    if (auto number = matchNumber(from, name.substr(0, dot)))
      return partsOf(to, *number, "." + std::string(last));
  return std::nullopt;
}

} // namespace terrazzo::formats
