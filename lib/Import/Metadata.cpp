// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Metadata.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

namespace terrazzo {

/// No size of a model is larger; products of two stay far from overflow.
constexpr int64_t kLargest = int64_t(1) << 30;

std::string escaped(llvm::StringRef raw) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::printEscapedString(raw.take_front(100), stream);
  return text;
}

static bool isNumber(formats::GgufType type) {
  return formats::isInteger(type) || type == formats::GgufType::Float32 ||
         type == formats::GgufType::Float64;
}

template <typename T>
T Metadata::missing(llvm::StringRef key, std::optional<T> otherwise) {
  if (!otherwise)
    faults.push_back("'" + full(key) + "' is missing");
  return otherwise.value_or(T(1));
}

const formats::GgufValue *Metadata::find(llvm::StringRef key) {
  known.insert(key);
  return file.find(full(key));
}

/// The number that `value` holds for all layers; nothing when there is none.
static std::optional<int64_t> wholeNumber(const formats::GgufValue &value) {
  if (formats::isInteger(value.type))
    return value.fitsUnsigned() && value.unsignedInteger() > INT64_MAX
               ? INT64_MAX
               : value.integer();
  bool list = value.type == formats::GgufType::Array &&
              formats::isInteger(value.array.elementType) &&
              value.array.count > 0;
  if (!list)
    return std::nullopt;
  for (uint64_t i = 1; i < value.array.count; ++i)
    if (value.array.integer(i) != value.array.integer(0))
      return std::nullopt;
  return value.array.integer(0);
}

int64_t Metadata::count(llvm::StringRef key, std::optional<int64_t> otherwise) {
  const formats::GgufValue *value = find(key);
  std::optional<int64_t> number;
  if (value && !(number = wholeNumber(*value))) {
    faults.push_back("'" + full(key) + "' is of type " +
                     std::string(formats::ggufTypeName(value->type)) +
                     ", one whole number for all layers is supported");
    return 1;
  }
  // What is derived from a faulty setting is no fault of its own.
  if (!value && otherwise && !ok())
    return 1;
  int64_t result = value ? *number : missing(key, otherwise);
  if (result <= 0 || result > kLargest) {
    faults.push_back("'" + full(key) + "' is " + std::to_string(result) +
                     ", outside 1 to 2^30");
    return 1;
  }
  return result;
}

int64_t Metadata::countOrZero(llvm::StringRef key,
                              std::optional<int64_t> otherwise) {
  const formats::GgufValue *value = find(key);
  std::optional<int64_t> number = value ? wholeNumber(*value) : otherwise;
  return number == 0 ? 0 : count(key, otherwise);
}

double Metadata::ropeFactor() {
  double old = real("rope.scale_linear", 1.0);
  double factor = real("rope.scaling.factor", old);
  std::string type = text("rope.scaling.type", "linear");
  if (type != "none" && type != "linear")
    refuse("rope.scaling.type",
           "'" + type + "' is not supported, only 'none' and 'linear'");
  // How YaRN (arXiv 2309.00071) mixes frequencies, without which these say
  // nothing; its factor on the magnitude counts for every type.
  withoutEffect({"rope.scaling.original_context_length",
                 "rope.scaling.finetuned", "rope.scaling.yarn_log_multiplier",
                 "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow"});
  supportsOnly("rope.scaling.attn_factor", 1);
  supportsOnly("rope.scaling.yarn_attn_factor", 1);
  supportsOnly("rope.scaling.yarn_ext_factor", 0, {-1});
  return type == "none" || factor == 0 ? 1.0 : factor;
}

int64_t Metadata::layers() {
  int64_t result = count("block_count");
  int64_t tensors = file.tensors().size();
  if (result <= tensors)
    return result;
  faults.push_back("'" + full("block_count") + "' is " +
                   std::to_string(result) + ", but the file has only " +
                   std::to_string(tensors) + " tensors");
  return 1;
}

double Metadata::real(llvm::StringRef key, std::optional<double> otherwise) {
  const formats::GgufValue *value = find(key);
  if (!value)
    return missing(key, otherwise);
  double number = isNumber(value->type) ? value->number() : -1.0;
  if (!std::isfinite(number) || number < 0) {
    faults.push_back("'" + full(key) +
                     "' is not a finite number of at least 0");
    return 1.0;
  }
  return number;
}

std::string Metadata::text(llvm::StringRef key, llvm::StringRef otherwise) {
  const formats::GgufValue *value = find(key);
  if (!value)
    return otherwise.str();
  if (value->type == formats::GgufType::String)
    return std::string(value->string());
  faults.push_back("'" + full(key) + "' is not a string");
  return otherwise.str();
}

int64_t Metadata::tokens() const {
  const formats::GgufValue *value = file.find("tokenizer.ggml.tokens");
  bool list = value && value->type == formats::GgufType::Array;
  return list ? static_cast<int64_t>(value->array.count) : 0;
}

void Metadata::withoutEffect(llvm::ArrayRef<llvm::StringRef> keys) {
  for (llvm::StringRef key : keys)
    known.insert(key);
}

void Metadata::supportsOnly(llvm::StringRef key, double neutral,
                            llvm::ArrayRef<double> others) {
  const formats::GgufValue *value = find(key);
  if (!value)
    return;
  bool truth = value->type == formats::GgufType::Bool;
  if (truth || isNumber(value->type)) {
    double number = truth ? value->boolean() : value->number();
    // A file holds the nearest float32 of what a paper says.
    auto same = [&](double wanted) {
      return static_cast<float>(number) == static_cast<float>(wanted);
    };
    if (same(neutral) || llvm::any_of(others, same))
      return;
  }
  refuse(key, "it is " + escaped(value->describe()) + ", and only " +
                  (truth ? (neutral ? "true" : "false")
                         : llvm::formatv("{0}", neutral).str()) +
                  " is supported");
}

void Metadata::refuseUnknown() {
  std::string prefix = architecture + ".";
  for (const formats::GgufValue &value : file.metadata()) {
    llvm::StringRef key(value.key);
    if (!key.consume_front(prefix) || known.contains(key))
      continue;
    unknownKeys = true;
    refuse(escaped(key), "it is " + escaped(value.describe()) +
                             ", and what it means is not known");
  }
}

void Metadata::refuse(llvm::StringRef key, const llvm::Twine &reason) {
  faults.push_back(("'" + full(key) + "': " + reason).str());
}

void Metadata::require(bool holds, const llvm::Twine &reason) {
  if (!holds && ok())
    faults.push_back(("it must hold that " + reason).str());
}

Error Metadata::takeError() {
  return {ExitCode::ModelNotSupported,
          unknownKeys ? "TZ0304" : "TZ0302",
          "the settings of this '" + architecture +
              "' model cannot be compiled",
          path,
          llvm::join(faults, "\n      "),
          "the file may be damaged, or of a variant of this architecture that "
          "is not supported yet"};
}

} // namespace terrazzo
