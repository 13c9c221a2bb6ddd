// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ModelSampling.h.
#include "text/ModelSampling.h"

#include <cstdio>

namespace terrazzo::text {

using formats::GgufType;
using formats::GgufValue;
using formats::ModelFile;

static constexpr std::string_view prefix = "general.sampling.";

namespace {

class Reader {
public:
  explicit Reader(const ModelFile &file) : file(file) {}

  Expected<ModelSampling> run() {
    SamplerOptions &options = sampling.options;
    double topK = options.topK, last = double(sampling.repeatLast);
    take("temp", options.temperature);
    take("top_k", topK);
    take("top_p", options.topP);
    take("min_p", options.minP);
    take("penalty_repeat", options.repeatPenalty);
    take("penalty_last_n", last);
    if (status && !(topK >= -1 && topK <= INT32_MAX))
      status = outOfRange("top_k is " + decimal(topK));
    if (status && !(last >= -1 && last <= INT32_MAX))
      status = outOfRange("penalty_last_n is " + decimal(last));
    if (status)
      if (Status checked = checkSamplerOptions(options); !checked)
        status = outOfRange(checked.error().what + ": " + checked.error().why);
    if (!status)
      return status.takeError();
    options.topK = topK < 0 ? 0 : uint32_t(topK);
    sampling.repeatLast = int64_t(last);
    if (!taken.empty())
      sampling.notes.push_back("sampling as the model's file has it: " + taken);
    noteOthers();
    return std::move(sampling);
  }

private:
  static std::string decimal(double value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%g", value);
    return text;
  }

  Error outOfRange(std::string why) const {
    return {ExitCode::ModelNotSupported,
            "TZ0221",
            "a sampling setting of the model's file is out of range",
            file.path() + ": " + std::string(prefix) + "*",
            std::move(why),
            "the file is badly made"};
  }

  template <typename T> void take(const char *name, T &value) {
    std::string key = std::string(prefix) + name;
    if (!status || !file.find(key))
      return;
    auto number = file.getFloat(key);
    if (!number)
      return void(status = number.takeError());
    value = T(*number);
    taken += (taken.empty() ? "" : ", ") + std::string(name) + " " +
             decimal(*number);
  }

  /// Settings that the sampler does not have; those that are off ask nothing.
  void noteOthers() {
    for (const GgufValue &entry : file.metadata()) {
      if (!entry.key.starts_with(prefix))
        continue;
      std::string_view name = entry.key.substr(prefix.size());
      bool known = name == "temp" || name == "top_k" || name == "top_p" ||
                   name == "min_p" || name == "penalty_repeat" ||
                   name == "penalty_last_n";
      bool off = entry.type != GgufType::String &&
                 entry.type != GgufType::Array && entry.number() == 0;
      // Parameters of a method that is off.
      bool parameter = name == "xtc_threshold" || name == "mirostat_tau" ||
                       name == "mirostat_eta";
      if (!known && !off && !parameter)
        sampling.notes.push_back(
            "the model's file asks for " + std::string(entry.key) + " = " +
            entry.describe() + ", which is not supported and left out");
    }
  }

  const ModelFile &file;
  ModelSampling sampling;
  std::string taken;
  Status status;
};

} // namespace

Expected<ModelSampling> readModelSampling(const ModelFile &file) {
  return Reader(file).run();
}

} // namespace terrazzo::text
