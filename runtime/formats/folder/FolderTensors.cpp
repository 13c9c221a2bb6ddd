// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See FolderTensors.h.
#include "formats/folder/FolderTensors.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace terrazzo::formats {

namespace {

constexpr std::string_view outputName = "output.weight";
/// No norm's vector is longer.
constexpr uint64_t longestVector = 1u << 20;

std::optional<BlockFormat> formatOf(std::string_view type) {
  if (type == "F32")
    return BlockFormat::F32;
  if (type == "F16")
    return BlockFormat::F16;
  if (type == "BF16")
    return BlockFormat::BF16;
  return std::nullopt;
}

Error unsupported(const std::string &where, const std::string &why) {
  return {ExitCode::ModelNotSupported,
          "TZ0120",
          "a tensor of the model is not supported",
          where,
          why,
          "the model may be of a variant that is not supported yet"};
}

float halfToFloat(uint16_t bits) {
  constexpr uint32_t signBit = 0x8000, exponentBits = 0x1F,
                     fractionBits = 0x3FF;
  constexpr int bias = 15, fraction = 10;
  int exponent = int(bits >> fraction & exponentBits);
  float value = float(bits & fractionBits);
  if (exponent == int(exponentBits))
    value = bits & fractionBits ? std::numeric_limits<float>::quiet_NaN()
                                : std::numeric_limits<float>::infinity();
  else
    value = exponent ? std::ldexp(value + float(1 << fraction),
                                  exponent - bias - fraction)
                     : std::ldexp(value, 1 - bias - fraction);
  return bits & signBit ? -value : value;
}

/// Value number `index` of F32, F16 or BF16.
float valueAt(const uint8_t *data, BlockFormat format, uint64_t index) {
  if (format == BlockFormat::F32)
    return readLittleEndian<float>(data + index * sizeof(float));
  auto bits = readLittleEndian<uint16_t>(data + index * sizeof(uint16_t));
  return format == BlockFormat::F16
             ? halfToFloat(bits)
             : std::bit_cast<float>(uint32_t(bits) << 16);
}

} // namespace

FolderTensors::FolderTensors(const ModelFamily &family, ConfigReader &config)
    : family(family), config(config) {
  if (family.unusedPositions)
    unusedRows = family.unusedPositions(config);
  tied = family.kind == ModelKind::Decoder &&
         config.flag("tie_word_embeddings", family.tied);
}

Status FolderTensors::add(const SafeTensor &tensor, const FilePart &part) {
  auto target = tensorTarget(family, tensor.name);
  std::string where = part.path + ": '" + inOneLine(tensor.name) + "'";
  if (!target)
    return unsupported(where, std::string("models of the kind '") +
                                  family.modelType +
                                  "' have none of that name");
  // Some writers keep both names of a table.
  if (target->names.empty() || (tied && target->names.front() == outputName))
    return {};
  auto format = formatOf(tensor.type);
  if (!format)
    return unsupported(where, "it is of " + tensor.type +
                                  "; F32, F16 and BF16 are "
                                  "read");
  ModelTensor entry;
  entry.format = *format;
  entry.dims.assign(tensor.shape.rbegin(), tensor.shape.rend());
  entry.offset = part.offset + tensor.offset;
  entry.bytes = tensor.bytes;
  if (entry.dims.empty() || entry.dims.size() > 4 || entry.bytes == 0)
    return unsupported(where,
                       "1 to 4 dimensions, none of them 0, are possible");
  // The kernel of a convolution is the matrix that its windows meet.
  if (entry.dims.size() == 3) {
    entry.dims[1] *= entry.dims[0];
    entry.dims.erase(entry.dims.begin());
  }
  if (target->plusOne &&
      (entry.dims.size() != 1 || entry.dims[0] > longestVector))
    return unsupported(where, "a norm has one dimension, of 2^20 at most");
  if (target->names.front() == "position_embd.weight" && !dropUnused(entry))
    return unsupported(where, "it has no rows for positions");
  if (target->plusOne)
    plusOne.push_back(tensors.size());
  return addParts(entry, *target, where);
}

Status FolderTensors::addParts(const ModelTensor &whole,
                               const TensorTarget &target,
                               const std::string &where) {
  ModelTensor entry = whole;
  uint64_t parts = target.names.size();
  if (entry.dims.back() % parts != 0)
    return unsupported(where, "it has " + std::to_string(entry.dims.back()) +
                                  " rows, which are no " +
                                  std::to_string(parts) + " equal parts");
  entry.dims.back() /= parts;
  entry.bytes /= parts;
  for (const std::string &name : target.names) {
    if (!addNamed(entry, name))
      return unsupported(where, "another tensor serves as '" + name + "' too");
    entry.offset += entry.bytes;
  }
  return {};
}

bool FolderTensors::addNamed(ModelTensor entry, const std::string &name) {
  if (!known.insert(name).second)
    return false;
  entry.name = names.emplace_back(name);
  tensors.push_back(std::move(entry));
  return true;
}

bool FolderTensors::dropUnused(ModelTensor &table) const {
  if (table.dims.size() != 2 || table.dims[1] <= unusedRows)
    return false;
  uint64_t skipped = table.rowBytes() * unusedRows;
  table.dims[1] -= unusedRows;
  table.offset += skipped;
  table.bytes -= skipped;
  return true;
}

Status FolderTensors::make(const uint8_t *data, uint64_t begin) {
  if (family.kind == ModelKind::Decoder && !tied && !known.contains(outputName))
    config.refuse("tie_word_embeddings",
                  "there is no 'lm_head.weight', which is needed unless it is "
                  "true");
  auto append = [&](ModelTensor &entry, const std::vector<float> &values) {
    entry.format = BlockFormat::F32;
    entry.offset = begin + behind.size();
    entry.bytes = values.size() * sizeof(float);
    behind.resize(behind.size() + entry.bytes);
    std::memcpy(behind.data() + behind.size() - entry.bytes, values.data(),
                entry.bytes);
  };
  for (size_t index : plusOne) {
    ModelTensor &entry = tensors[index];
    std::vector<float> values(entry.dims[0]);
    for (uint64_t i = 0; i < entry.dims[0]; ++i)
      values[i] = 1 + valueAt(data + entry.offset, entry.format, i);
    append(entry, values);
  }
  std::vector<float> factors =
      family.ropeFactors ? family.ropeFactors(config) : std::vector<float>();
  if (!factors.empty()) {
    ModelTensor entry;
    entry.dims = {factors.size()};
    append(entry, factors);
    addNamed(std::move(entry), "rope_freqs.weight");
  }
  return config.status();
}

} // namespace terrazzo::formats
