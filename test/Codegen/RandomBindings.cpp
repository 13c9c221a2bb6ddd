// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RandomBindings.h"
#include "terrazzo/Codegen/PackedRows.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <map>
#include <unistd.h>

using namespace mlir;

namespace terrazzo::test {

void *RandomBindings::hold(std::vector<char> bytes) {
  // A cache line of slack before and after, as the runtime's own buffers are
  // aligned.
  auto owned = std::make_unique<std::vector<char>>(bytes.size() + 8192);
  char *aligned = reinterpret_cast<char *>(
      (reinterpret_cast<uintptr_t>(owned->data()) + 63) / 64 * 64);
  std::memcpy(aligned, bytes.data(), bytes.size());
  memory.push_back(std::move(owned));
  return aligned;
}

/// Before memory that nobody may read. Callers' arrays end where they end, so
/// kernels read nothing behind an argument.
void *RandomBindings::holdAtTheEnd(const std::vector<char> &content) {
  size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  size_t bytes = llvm::alignTo(content.size(), 64);
  auto guarded =
      std::make_unique<GuardedPages>(llvm::alignTo(bytes, page), page);
  char *start = guarded->end() - bytes;
  std::memcpy(start, content.data(), content.size());
  guardedMemory.push_back(std::move(guarded));
  return start;
}

static std::string typeText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static CompiledKernel *packer(RankedTensorType packed, StringRef target) {
  // Never destroyed: a device's driver ends before the statics of a program.
  static auto &kernels =
      *new std::map<std::string, std::unique_ptr<CompiledKernel>>;
  auto plain =
      RankedTensorType::get(packed.getShape(), packed.getElementType());
  std::string from = typeText(plain), to = typeText(packed);
  auto &kernel = kernels[to + target.str()];
  if (!kernel)
    kernel = CompiledKernel::compile(
        "tz.func @kernel(%w: " + from + ") -> " + to +
            " { %p = tz.convert_layout %w : " + from + " -> " + to +
            " tz.return %p : " + to + " }",
        target, 1);
  return kernel.get();
}

void RandomBindings::addWeight(RankedTensorType type, StringRef target,
                               bool &ok) {
  auto packedBytes = static_cast<size_t>(codegen::PackedRows(type).bytes());
  std::vector<char> content = randomWeight(type, random, 1.0);
  void *stored = hold(content);
  values.push_back(reference::Weight{
      type, ArrayRef(static_cast<uint8_t *>(stored), content.size())});
  void *packed = hold(std::vector<char>(packedBytes, 0x55));
  bind(packed, packedBytes);
  CompiledKernel *kernel = packer(type, target);
  ok &= kernel != nullptr;
  if (kernel)
    ok &= kernel->run({stored, packed}, {content.size(), packedBytes}, 1, 1, 2);
}

void RandomBindings::addCache(tz::CacheType type, int64_t rowsBefore,
                              int64_t cacheRows) {
  std::normal_distribution<float> normal;
  auto cache = std::make_unique<std::vector<uint16_t>>(
      type.getHeads() * cacheRows * type.getDim() + 64, floatToHalf(123.0f));
  reference::Value value = reference::makeCache(type.getHeads(), type.getDim());
  std::vector<double> &rows =
      std::get<std::shared_ptr<reference::Cache>>(value)->values;
  for (int64_t row = 0; row < rowsBefore; ++row)
    for (int64_t head = 0; head < type.getHeads(); ++head)
      for (int64_t d = 0; d < type.getDim(); ++d) {
        uint16_t half = floatToHalf(normal(random));
        (*cache)[(head * cacheRows + row) * type.getDim() + d] = half;
        rows.push_back(halfToFloat(half));
      }
  values.push_back(value);
  bind(cache->data(), cache->size() * 2);
  caches.push_back(cache.get());
  cacheMemory.push_back(std::move(cache));
}

bool RandomBindings::create(tz::FuncOp function, StringRef target,
                            int64_t tokens, int64_t position, int64_t cacheRows,
                            uint32_t seed) {
  random.seed(seed);
  bool ok = true, appends = false;
  function.walk([&](tz::CacheAppendOp) { appends = true; });
  int64_t vocabulary = 0;
  function.walk([&](tz::EmbeddingOp op) {
    vocabulary = cast<RankedTensorType>(op.getWeight().getType()).getShape()[0];
  });
  std::normal_distribution<float> normal;
  for (Type type : function.getArgumentTypes()) {
    if (auto cache = dyn_cast<tz::CacheType>(type)) {
      addCache(cache, appends ? position : position + tokens, cacheRows);
      continue;
    }
    auto tensor = cast<RankedTensorType>(type);
    if (tensor.getEncoding()) {
      addWeight(tensor, target, ok);
      continue;
    }
    SmallVector<int64_t> shape(tensor.getShape());
    for (int64_t &dim : shape)
      dim = ShapedType::isDynamic(dim) ? tokens : dim;
    int64_t count = 1;
    for (int64_t dim : shape)
      count *= dim;
    std::vector<char> content(count * 4);
    if (tensor.getElementType().isInteger(32)) {
      std::vector<int32_t> integers;
      for (int64_t i = 0; i < count; ++i)
        integers.push_back(
            shape.empty() ? position
            : vocabulary  ? static_cast<int64_t>(random()) % vocabulary
                          // Bounds of rows, within and without.
                          : static_cast<int64_t>(random()) % (tokens + 8) - 4);
      std::memcpy(content.data(), integers.data(), content.size());
      values.push_back(reference::makeIntegers(shape, integers));
    } else {
      std::vector<double> numbers;
      for (int64_t i = 0; i < count; ++i) {
        float number = normal(random);
        std::memcpy(&content[i * 4], &number, 4);
        numbers.push_back(number);
      }
      values.push_back(
          reference::makeTensor(reference::Tensor(shape, numbers)));
    }
    bind(holdAtTheEnd(content), content.size());
  }
  results.resize(function.getNumResults());
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    if (isa<tz::CacheType>(type))
      continue;
    // What lies behind the last element must stay as it is.
    constexpr int64_t behind = 80;
    int64_t elements = behind;
    for (int64_t whole = 1;
         int64_t dim : cast<RankedTensorType>(type).getShape())
      elements = behind + (whole *= ShapedType::isDynamic(dim) ? tokens : dim);
    results[i].assign(elements, 777.0f);
    bind(results[i].data(), results[i].size() * 4);
  }
  return ok;
}

} // namespace terrazzo::test
