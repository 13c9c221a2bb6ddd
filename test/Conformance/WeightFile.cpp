// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "WeightFile.h"
#include "../Runtime/Formats/GgufWriter.h"
#include "../Support/RandomWeights.h"
#include "formats/BlockFormat.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
#include <fstream>

using namespace mlir;

namespace terrazzo::conformance {

/// The format's number in a GGUF file.
static uint32_t ggufType(Type element) {
  std::string word = element.isBF16()  ? "bf16"
                     : element.isF16() ? "f16"
                                       : "f32";
  if (auto block = dyn_cast<tz::BlockType>(element))
    word = tz::stringifyBlockFormat(block.getFormat()).str();
  return static_cast<uint32_t>(formats::findBlockFormat(word)->format);
}

static std::vector<char> contentOf(tz::WeightOp weight, uint64_t seed) {
  StringRef name = weight.getTensor();
  std::mt19937 random(
      static_cast<uint32_t>(llvm::xxh3_64bits(name) ^ (seed * 2654435761u)));
  auto type = cast<RankedTensorType>(weight.getType());
  if (name.starts_with("positive"))
    return test::positiveWeight(type, random);
  double size = name.starts_with("product")
                    ? 1 / std::sqrt(double(type.getShape().back()))
                    : 1;
  return test::randomWeight(type, random, size);
}

Status writeWeights(ModuleOp module, const std::string &path, uint64_t seed) {
  test::GgufWriter writer;
  writer.string("general.architecture", "conformance");
  for (auto weight : module.getOps<tz::WeightOp>()) {
    auto type = cast<RankedTensorType>(weight.getType());
    std::vector<uint64_t> dims(type.getShape().rbegin(),
                               type.getShape().rend());
    std::vector<char> content = contentOf(weight, seed);
    writer.tensor(weight.getTensor(), ggufType(type.getElementType()), dims,
                  std::string(content.begin(), content.end()));
  }
  std::ofstream(path, std::ios::binary) << writer.bytes();
  auto file = formats::ModelFile::open(path);
  if (!file)
    return file.takeError();
  for (auto weight : module.getOps<tz::WeightOp>())
    weight.setOffset((*file)->findTensor(weight.getTensor())->offset);
  return {};
}

} // namespace terrazzo::conformance
