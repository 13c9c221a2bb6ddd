// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "KernelHarness.h"
#include "device/DeviceCatalogue.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "support/Error.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Dialect/Tile/Tile.h"
#include "terrazzo/Target/PluginRegistry.h"
#include "terrazzo/Transforms/Passes.h"
#include <chrono>
#include <cstring>
#include <sys/mman.h>

using namespace mlir;

namespace terrazzo::test {

static std::string lastError;
const std::string &CompiledKernel::error() { return lastError; }

static PluginRegistry &plugins() {
  static PluginRegistry registry;
  return registry;
}

static std::unique_ptr<MLIRContext> createContext(StringRef target) {
  if (Status status = plugins().loadById(target.split(':').first); !status) {
    lastError = status.error().format();
    return nullptr;
  }
  DialectRegistry dialects;
  dialects.insert<tz::TzDialect, plan::PlanDialect, tile::TileDialect>();
  plugins().appendDialects(dialects);
  auto context =
      std::make_unique<MLIRContext>(dialects, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  context->getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
    lastError += diagnostic.str() + "\n";
    return success();
  });
  return context;
}

/// Maps an image as the runtime would: read-only data and code, nothing
/// writable.
static void *mapImage(const Artifact &artifact, size_t &bytes) {
  bytes = 0;
  for (const Segment &segment : artifact.segments)
    bytes = std::max<size_t>(bytes, segment.address + segment.memorySize);
  void *base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED)
    return nullptr;
  for (const Segment &segment : artifact.segments)
    std::memcpy(static_cast<char *>(base) + segment.address,
                segment.bytes.data(), segment.bytes.size());
  mprotect(base, bytes, PROT_READ | PROT_EXEC);
  return base;
}

/// Devices stay open, past the end of main too: opening one is slow, many
/// kernels are tried, and a plugin's own objects may go before ours.
static std::shared_ptr<exec::Device> openDevice(StringRef name) {
  static auto &opened =
      *new std::map<std::string, std::shared_ptr<exec::Device>>;
  std::shared_ptr<exec::Device> &device = opened[name.str()];
  if (!device) {
    auto found = exec::DeviceCatalogue::read().open(name.str());
    if (found)
      device = std::move(*found);
    else
      lastError = found.error().format();
  }
  return device;
}

std::unique_ptr<CompiledKernel>
CompiledKernel::compile(StringRef function, StringRef where, int64_t maxSize) {
  lastError.clear();
  auto [targetName, deviceName] = where.split('@');
  auto kernel = std::make_unique<CompiledKernel>();
  kernel->context = createContext(targetName);
  if (!kernel->context)
    return nullptr;
  MLIRContext *context = kernel->context.get();
  kernel->original = parseSourceString<ModuleOp>(function, context);
  FailureOr<Attribute> target = resolveTarget(
      context, targetName, [&] { return emitError(UnknownLoc::get(context)); });
  if (!kernel->original || failed(target))
    return nullptr;
  auto start = std::chrono::steady_clock::now();
  const TargetBackend *backend = getBackend(*target);
  OpBuilder builder(context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToStart(module->getBody());
  auto op = plan::KernelOp::create(builder, builder.getUnknownLoc(), "kernel",
                                   *target);
  op.getBody().front().push_back(kernel->original->clone());
  FailureOr<codegen::KernelForm> form =
      codegen::analyseKernel(cast<tz::FuncOp>(op.getFunction().getOperation()));
  if (failed(form))
    return nullptr;
  int64_t rows = form->fixedRows();
  bool fixed = !ShapedType::isDynamic(rows);
  if (fixed)
    maxSize = std::max<int64_t>(rows, 1);
  kernel->sizeCount = form->sizes.names().size();
  FailureOr<plan::KernelConfigAttr> config = backend->configure(op, maxSize);
  if (failed(config))
    return nullptr;
  if (fixed)
    config = configForRows(*config, rows);
  kernel->config = *config;
  ModuleOp inner = op.getModule();
  inner->setAttr("plan.config", *config);
  inner->setAttr("plan.max_size", builder.getI64IntegerAttr(maxSize));
  PassManager manager(context);
  backend->buildLower(manager, *target);
  if (failed(manager.run(inner)))
    return nullptr;
  FailureOr<Object> object = backend->serialize(inner, "kernel", *target, {});
  if (failed(object))
    return nullptr;
  FailureOr<Artifact> linked = backend->link(*object, *target, {});
  if (failed(linked))
    return nullptr;
  kernel->artifact = std::move(*linked);
  kernel->compileSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (!deviceName.empty())
    return kernel->load(targetName, deviceName) ? std::move(kernel) : nullptr;
  kernel->image = mapImage(kernel->artifact, kernel->imageBytes);
  kernel->entry =
      reinterpret_cast<Entry>(static_cast<char *>(kernel->image) +
                              kernel->artifact.entries.front().second);
  return kernel;
}

bool CompiledKernel::load(StringRef target, StringRef deviceName) {
  device = openDevice(deviceName);
  if (!device)
    return false;
  std::vector<terrazzo_code_segment> segments;
  for (const Segment &segment : artifact.segments)
    segments.push_back({sizeof(terrazzo_code_segment), segment.address,
                        segment.bytes.data(), segment.bytes.size(),
                        segment.executable, 0});
  std::string name = target.str();
  terrazzo_load_args args = {sizeof(args), name.c_str(), segments.data(),
                             segments.size()};
  auto result = device->load(args);
  if (!result) {
    lastError = result.error().format();
    return false;
  }
  loaded = *result;
  address = artifact.entries.front().second;
  return true;
}

CompiledKernel::~CompiledKernel() {
  if (loaded)
    device->unload(loaded);
  if (image)
    munmap(image, imageBytes);
}

tz::FuncOp CompiledKernel::function() {
  return original->lookupSymbol<tz::FuncOp>("kernel");
}

bool CompiledKernel::runOnDevice(ArrayRef<void *> bindings,
                                 ArrayRef<size_t> bytes, const int64_t *sizes,
                                 int64_t workgroups) {
  std::vector<exec::DeviceBlock> blocks;
  std::vector<terrazzo_memory> addresses;
  auto good = [](auto &&status) {
    if (!status)
      lastError = status.error().format();
    return static_cast<bool>(status);
  };
  for (auto [host, size] : llvm::zip(bindings, bytes)) {
    auto block = exec::DeviceBlock::allocate(
        *device, std::max<size_t>(size, 64), "a binding");
    if (!good(block) ||
        (size && !good(device->copyIn(block->address(), host, size))))
      return false;
    addresses.push_back(block->address());
    blocks.push_back(std::move(*block));
  }
  terrazzo_launch_args args = {sizeof(args),
                               loaded,
                               address,
                               addresses.data(),
                               addresses.size(),
                               sizes,
                               sizeCount + 1,
                               workgroups,
                               static_cast<uint64_t>(config.getScratch())};
  if (!good(device->launch(args)))
    return false;
  for (auto [host, size, block] : llvm::zip(bindings, bytes, addresses))
    if (size && !good(device->copyOut(host, block, size)))
      return false;
  return true;
}

int64_t CompiledKernel::workgroups(int64_t tokens) const {
  int64_t count = config.getFactor();
  for (int64_t tile : config.getTiles())
    if (tile)
      count *= (tokens + tile - 1) / tile;
  return count;
}

SmallVector<int64_t> CompiledKernel::sizes(int64_t tokens,
                                           int64_t cacheRows) const {
  SmallVector<int64_t> all(sizeCount, tokens);
  all.push_back(cacheRows);
  return all;
}

bool CompiledKernel::run(ArrayRef<void *> bindings, ArrayRef<size_t> bytes,
                         int64_t tokens, int64_t cacheRows, int workers) {
  SmallVector<int64_t> sizes = this->sizes(tokens, cacheRows);
  int64_t all = workgroups(tokens);
  if (device)
    return runOnDevice(bindings, bytes, sizes.data(), all);
  // Scratch starts as garbage: a kernel must not rely on zeros.
  std::vector<char> scratch(config.getScratch() + 64, char(0x7f));
  void *aligned = reinterpret_cast<void *>(
      (reinterpret_cast<uintptr_t>(scratch.data()) + 63) / 64 * 64);
  for (int64_t worker = 0; worker < workers; ++worker)
    entry(bindings.data(), sizes.data(), all * worker / workers,
          all * (worker + 1) / workers, aligned);
  return true;
}

} // namespace terrazzo::test
