// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "BundleWriter.h"
#include "terrazzo/Codegen/PackedRows.h"
#include "terrazzo/Reference/Interpreter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace mlir;
using namespace terrazzo::test;

namespace terrazzo::bench {

static std::string typeText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static std::string fileName(const std::string &target, size_t number,
                            StringRef end) {
  std::string name = target;
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  return name + "-" + std::to_string(number) + end.str();
}

static bool write(const std::string &path, StringRef bytes) {
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (!error)
    out << bytes;
  out.close();
  if (!error && !out.has_error())
    return true;
  llvm::errs() << path << ": cannot be written\n";
  return false;
}

BundleWriter::Kernel *BundleWriter::compile(const std::string &text,
                                            int64_t maxSize) {
  Kernel &kernel = kernels[std::to_string(maxSize) + text];
  if (kernel.compiled)
    return &kernel;
  kernel.compiled = CompiledKernel::compile(text, target, maxSize);
  if (!kernel.compiled) {
    llvm::errs() << CompiledKernel::error();
    return nullptr;
  }
  std::string code;
  for (const Segment &segment : kernel.compiled->code().segments) {
    code.resize(
        std::max<size_t>(code.size(), segment.address + segment.bytes.size()));
    code.replace(segment.address, segment.bytes.size(), segment.bytes);
  }
  kernel.file = fileName(target, kernels.size(), ".code");
  return write(folder + "/" + kernel.file, code) ? &kernel : nullptr;
}

llvm::json::Object BundleWriter::describe(const Kernel &kernel,
                                          const std::string &name,
                                          int64_t tokens, int64_t position,
                                          int64_t cacheRows) {
  const CompiledKernel &compiled = *kernel.compiled;
  return llvm::json::Object{
      {"name", name},
      {"target", target},
      {"code", kernel.file},
      {"entry", int64_t(compiled.code().entries.front().second)},
      {"workgroups", compiled.workgroups(tokens)},
      {"scratch", compiled.scratch()},
      {"position", position},
      {"sizes", llvm::json::Array(compiled.sizes(tokens, cacheRows))}};
}

llvm::json::Object BundleWriter::binding(const void *bytes, size_t size) {
  data.resize((data.size() + 63) / 64 * 64);
  llvm::json::Object result{{"bytes", int64_t(size)},
                            {"at", int64_t(data.size())}};
  data.append(static_cast<const char *>(bytes), size);
  return result;
}

void BundleWriter::expect(llvm::json::Object &binding, StringRef element,
                          const std::vector<double> &numbers, double budget) {
  data.resize((data.size() + 63) / 64 * 64);
  binding["element"] = element;
  binding["expected_at"] = int64_t(data.size());
  binding["count"] = int64_t(numbers.size());
  binding["budget"] = budget;
  data.append(reinterpret_cast<const char *>(numbers.data()),
              numbers.size() * sizeof(double));
}

void BundleWriter::push(llvm::json::Object entry) {
  cases.push_back(std::move(entry));
  data.clear();
}

/// A cache as the kernel sees it, [head][row][dim].
static std::vector<double> cacheNumbers(const reference::Cache &cache,
                                        int64_t cacheRows, size_t elements) {
  std::vector<double> numbers(elements, std::nan(""));
  for (int64_t row = 0; row < cache.rows(); ++row)
    for (int64_t head = 0; head < cache.heads; ++head)
      for (int64_t d = 0; d < cache.dim; ++d)
        numbers[(head * cacheRows + row) * cache.dim + d] =
            cache.values[(row * cache.heads + head) * cache.dim + d];
  return numbers;
}

/// The packing of the weight of argument `index`, byte for byte.
bool BundleWriter::addPacking(const RandomBindings &bindings, Type weight,
                              size_t index, const std::string &name) {
  auto packed = cast<RankedTensorType>(weight);
  bool &done = packings[typeText(packed)];
  if (done)
    return true;
  auto plain =
      RankedTensorType::get(packed.getShape(), packed.getElementType());
  std::string from = typeText(plain), to = typeText(packed);
  Kernel *kernel = compile("tz.func @kernel(%w: " + from + ") -> " + to +
                               " { %p = tz.convert_layout %w : " + from +
                               " -> " + to + " tz.return %p : " + to + " }",
                           1);
  if (!kernel)
    return false;
  ArrayRef<uint8_t> stored =
      std::get<reference::Weight>(bindings.values[index]).bytes;
  size_t size = bindings.bytes[index];
  const auto *bytes = static_cast<const uint8_t *>(bindings.bindings[index]);
  llvm::json::Object entry = describe(*kernel, "packing for " + name, 1, 0, 1);
  llvm::json::Array all;
  all.push_back(binding(stored.data(), stored.size()));
  llvm::json::Object result = binding(std::string(size, '\x55').data(), size);
  expect(result, "u8", std::vector<double>(bytes, bytes + size), 0);
  all.push_back(std::move(result));
  entry["bindings"] = std::move(all);
  entry["data"] = fileName(target, cases.size(), ".bin");
  done = write(folder + "/" + entry["data"].getAsString()->str(), data);
  push(std::move(entry));
  return done;
}

bool BundleWriter::add(const CheckCase &check) {
  Kernel *kernel = compile(check.text, check.maxSize);
  if (!kernel)
    return false;
  tz::FuncOp function = kernel->compiled->function();
  int64_t cacheRows = check.position + check.tokens + 3;
  RandomBindings random;
  if (!random.create(function, packer, check.tokens, check.position, cacheRows,
                     7)) {
    llvm::errs() << CompiledKernel::error();
    return false;
  }
  for (auto [i, value] : llvm::enumerate(random.values))
    if (std::holds_alternative<reference::Weight>(value) &&
        !addPacking(random, function.getArgumentTypes()[i], i, check.name))
      return false;
  reference::Interpreter interpreter;
  auto want = interpreter.call(function, random.values);
  if (!want) {
    llvm::errs() << want.error().format();
    return false;
  }
  llvm::json::Object entry =
      describe(*kernel, check.name, check.tokens, check.position, cacheRows);
  llvm::json::Array bindings;
  size_t next = 0;
  auto nextBinding = [&] {
    ++next;
    return binding(random.bindings[next - 1], random.bytes[next - 1]);
  };
  for (const reference::Value &value : random.values) {
    llvm::json::Object argument = nextBinding();
    if (auto *cache = std::get_if<std::shared_ptr<reference::Cache>>(&value))
      expect(argument, "f16",
             cacheNumbers(**cache, cacheRows, random.bytes[next - 1] / 2),
             std::max(check.budget, 1e-3));
    bindings.push_back(std::move(argument));
  }
  for (size_t i = 0; i < random.results.size(); ++i) {
    if (random.results[i].empty())
      continue;
    std::vector<double> numbers = reference::asTensor((*want)[i]).values;
    numbers.resize(random.results[i].size(), std::nan(""));
    llvm::json::Object result = nextBinding();
    expect(result, "f32", numbers, check.budget);
    bindings.push_back(std::move(result));
  }
  entry["bindings"] = std::move(bindings);
  entry["data"] = fileName(target, cases.size(), ".bin");
  bool good = write(folder + "/" + entry["data"].getAsString()->str(), data);
  push(std::move(entry));
  return good;
}

/// Bytes of an argument or result; `weight` is raised by those of a weight.
static int64_t bytesOf(Type type, int64_t tokens, int64_t cacheRows,
                       int64_t &weight) {
  if (auto cache = dyn_cast<tz::CacheType>(type))
    return cache.getHeads() * cacheRows * cache.getDim() * 2;
  auto tensor = cast<RankedTensorType>(type);
  if (tensor.getEncoding()) {
    int64_t bytes = codegen::PackedRows(tensor).bytes();
    weight += bytes;
    return bytes;
  }
  int64_t count = 1;
  for (int64_t dim : tensor.getShape())
    count *= ShapedType::isDynamic(dim) ? tokens : dim;
  return count * 4;
}

bool BundleWriter::add(const TimeCase &timed) {
  Kernel *kernel = compile(timed.text, timed.maxSize);
  if (!kernel)
    return false;
  tz::FuncOp function = kernel->compiled->function();
  int64_t cacheRows = timed.position + timed.tokens, weight = 0, moved = 0;
  llvm::json::Object entry =
      describe(*kernel, timed.name, timed.tokens, timed.position, cacheRows);
  llvm::json::Array bindings;
  auto add = [&](Type type) {
    int64_t bytes = bytesOf(type, timed.tokens, cacheRows, weight);
    moved += bytes;
    llvm::json::Object binding{{"bytes", bytes}};
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && tensor.getElementType().isInteger(32))
      binding["integer"] = timed.position;
    bindings.push_back(std::move(binding));
  };
  for (Type type : function.getArgumentTypes())
    add(type);
  for (Type type : function.getResultTypes())
    if (!isa<tz::CacheType>(type))
      add(type);
  entry["bindings"] = std::move(bindings);
  entry["kind"] = timed.kind;
  entry["shape"] = llvm::json::Array(timed.shape);
  entry["operations"] = timed.operations;
  entry["moved_bytes"] = moved;
  entry["weight_bytes"] = weight;
  push(std::move(entry));
  return true;
}

} // namespace terrazzo::bench
