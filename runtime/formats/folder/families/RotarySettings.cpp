// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See RotarySettings.h.
#include "formats/folder/families/RotarySettings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace terrazzo::formats {

namespace {

/// Members of one object, which is refused at its first fault.
class Parameters {
public:
  Parameters(ConfigReader &config, const char *key, const Json &object)
      : config(config), key(key), object(object) {}

  /// Of the object, which must be of a known kind and have nothing else.
  std::string kind() {
    if (!object.is_object()) {
      config.refuse(key, "an object is needed");
      return "default";
    }
    // Older files call it "type".
    for (const char *name : {"rope_type", "type"})
      if (auto found = object.find(name); found != object.end()) {
        if (found->is_string())
          return found->get<std::string>();
        config.refuse(key, std::string("its '") + name + "' is no text");
      }
    return "default";
  }

  double real(const char *name, double least, double otherwise) {
    auto found = object.is_object() ? object.find(name) : object.end();
    if (object.is_object() && found == object.end() && otherwise >= least)
      return otherwise;
    if (object.is_object() && found != object.end() && found->is_number() &&
        std::isfinite(found->get<double>()) && found->get<double>() >= least)
      return found->get<double>();
    config.refuse(key, std::string("its '") + name + "' must be at least " +
                           std::to_string(least));
    return std::max(least, 1.0);
  }

  template <size_t n> void only(const std::array<const char *, n> &known) {
    if (object.is_object())
      for (const auto &[name, value] : object.items())
        if (std::find(known.begin(), known.end(), name) == known.end())
          config.refuse(key, "its '" + inOneLine(name) + "' is not supported");
  }

private:
  ConfigReader &config;
  const char *key;
  const Json &object;
};

constexpr double none = -1; // no default
constexpr uint32_t widest = 1u << 16;

/// Llama 3.1 (the reference is transformers' modeling_rope_utils): long waves
/// are stretched, short ones are not, and between them it goes over.
std::vector<float> llama3Factors(Parameters &parameters, double base,
                                 uint32_t rotated) {
  double factor = parameters.real("factor", 1, none),
         low = parameters.real("low_freq_factor", 1e-6, none),
         high = parameters.real("high_freq_factor", 1e-6, none),
         context = parameters.real("original_max_position_embeddings", 1, none);
  std::vector<float> factors;
  for (uint32_t i = 0; i < rotated; i += 2) {
    double wave =
        2 * std::numbers::pi * std::pow(base, double(i) / double(rotated));
    double smooth = high > low ? (context / wave - low) / (high - low) : 1;
    double divisor = wave < context / high ? 1
                     : wave > context / low
                         ? factor
                         : 1 / ((1 - smooth) / factor + smooth);
    factors.push_back(float(divisor));
  }
  return factors;
}

} // namespace

RotarySettings rotarySettings(ConfigReader &config, const char *key,
                              const Json &object, double usualBase,
                              uint32_t rotated) {
  Parameters parameters(config, key, object);
  RotarySettings settings;
  settings.base = parameters.real("rope_theta", 1, usualBase);
  std::string kind = parameters.kind();
  if (kind == "default") {
    parameters.only(std::array{"rope_type", "type", "rope_theta"});
  } else if (kind == "linear") {
    settings.factor = parameters.real("factor", 1, none);
    parameters.only(std::array{"rope_type", "type", "rope_theta", "factor"});
  } else if (kind == "llama3" && rotated > widest) {
    config.refuse(key, "'llama3' is supported with heads of 2^16 at most");
  } else if (kind == "llama3") {
    settings.factors = llama3Factors(parameters, settings.base, rotated);
    parameters.only(std::array{"rope_type", "type", "rope_theta", "factor",
                               "low_freq_factor", "high_freq_factor",
                               "original_max_position_embeddings"});
  } else {
    config.refuse(key, "the kinds 'default', 'linear' and 'llama3' are "
                       "supported");
  }
  return settings;
}

RotarySettings rotarySettings(ConfigReader &config, double usualBase,
                              uint32_t rotated) {
  double base = config.real("rope_theta", usualBase);
  if (base < 1)
    config.refuse("rope_theta", "at least 1 is needed");
  for (const char *key : {"rope_parameters", "rope_scaling"})
    if (const Json *object = config.find(key))
      return rotarySettings(config, key, *object, std::max(base, 1.0), rotated);
  RotarySettings settings;
  settings.base = std::max(base, 1.0);
  return settings;
}

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

} // namespace terrazzo::formats
