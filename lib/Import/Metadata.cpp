// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Metadata.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

namespace terrazzo {

/// No size of a model is larger; products of two stay far from overflow.
constexpr int64_t kLargest = int64_t(1) << 30;

template <typename T>
T Metadata::missing(llvm::StringRef key, std::optional<T> otherwise) {
  if (!otherwise)
    faults.push_back("'" + full(key) + "' is missing");
  return otherwise.value_or(T(1));
}

int64_t Metadata::count(llvm::StringRef key, std::optional<int64_t> otherwise) {
  const formats::GgufValue *value = file.find(full(key));
  if (value && !formats::isInteger(value->type)) {
    faults.push_back("'" + full(key) + "' is of type " +
                     std::string(formats::ggufTypeName(value->type)) +
                     ", one whole number for all layers is supported");
    return 1;
  }
  // What is derived from a faulty setting is no fault of its own.
  if (!value && otherwise && !ok())
    return 1;
  int64_t result = value ? value->integer() : missing(key, otherwise);
  if (result <= 0 || result > kLargest) {
    faults.push_back("'" + full(key) + "' is " + std::to_string(result) +
                     ", outside 1 to 2^30");
    return 1;
  }
  return result;
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

static bool isNumber(formats::GgufType type) {
  return formats::isInteger(type) || type == formats::GgufType::Float32 ||
         type == formats::GgufType::Float64;
}

double Metadata::real(llvm::StringRef key, std::optional<double> otherwise) {
  const formats::GgufValue *value = file.find(full(key));
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
  const formats::GgufValue *value = file.find(full(key));
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

void Metadata::refuse(llvm::StringRef key, const llvm::Twine &reason) {
  faults.push_back(("'" + full(key) + "': " + reason).str());
}

void Metadata::require(bool holds, const llvm::Twine &reason) {
  if (!holds && ok())
    faults.push_back(("it must hold that " + reason).str());
}

Error Metadata::takeError() {
  return {ExitCode::ModelNotSupported,
          "TZ0302",
          "the settings of this '" + architecture +
              "' model cannot be compiled",
          path,
          llvm::join(faults, "\n      "),
          "the file may be damaged, or of a variant of this architecture that "
          "is not supported yet"};
}

} // namespace terrazzo
