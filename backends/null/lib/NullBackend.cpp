// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What core asks a backend, answered in the smallest way that keeps the
// contract of TargetBackend.h.
#include "TzNull/Null.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace terrazzo;

namespace tz_null {
namespace {

constexpr uint64_t pageBytes = 4096;

class NullBackend : public TargetBackend {
public:
  using TargetBackend::TargetBackend;

  FailureOr<Attribute> resolve(StringRef arch, DictionaryAttr options,
                               EmitErrorFn emitError) const override {
    if (!arch.empty() && arch != "paper")
      return emitError() << "null has no architecture '" << arch
                         << "'; it knows: paper";
    return Attribute(TargetAttr::get(getContext(), "paper"));
  }

  plan::TargetSpecAttr spec(Attribute target) const override {
    MLIRContext *context = getContext();
    auto cache = plan::LevelAttr::get(context, "desk", 1 << 20, 1'000'000'000,
                                      /*shared=*/1);
    auto memory = plan::LevelAttr::get(context, "drawer", int64_t{1} << 34,
                                       1'000'000'000, /*shared=*/0);
    auto unit = plan::UnitAttr::get(context, "f32_f32", {1, 1, 1}, 1);
    return plan::TargetSpecAttr::get(context, {cache, memory}, {unit});
  }

  std::string cacheKey(Attribute target) const override {
    return TERRAZZO_PLUGIN_VERSION;
  }

  void getDependentDialects(DialectRegistry &registry) const override {}

  FailureOr<tz::PackedLayout> weightLayout(RankedTensorType type,
                                           ArrayRef<WeightUse> uses,
                                           Attribute target) const override {
    return tz::PackedLayout();
  }

  FailureOr<plan::KernelConfigAttr> configure(plan::KernelOp kernel,
                                              int64_t maxSize) const override {
    return plan::KernelConfigAttr::get(kernel.getContext(), /*factor=*/1,
                                       /*tiles=*/{}, /*scratch=*/0,
                                       /*options=*/DictionaryAttr());
  }

  void buildLower(OpPassManager &manager, Attribute target) const override {}

  FailureOr<Object> serialize(ModuleOp kernel, StringRef name, Attribute target,
                              const Dump &dump) const override {
    Object object{name.str(), ""};
    llvm::raw_string_ostream stream(object.bytes);
    kernel.print(stream);
    stream << "\n";
    if (dump && failed(write(kernel, dump, name, object.bytes)))
      return failure();
    return object;
  }

  FailureOr<Artifact> link(ArrayRef<Object> objects, Attribute target,
                           const Dump &dump) const override {
    Artifact artifact;
    Segment segment;
    for (const Object &object : objects) {
      artifact.entries.emplace_back(object.kernel, segment.bytes.size());
      segment.bytes += object.bytes;
    }
    segment.memorySize = llvm::alignTo(segment.bytes.size(), pageBytes);
    artifact.segments.push_back(std::move(segment));
    return artifact;
  }

private:
  static LogicalResult write(ModuleOp kernel, const Dump &dump, StringRef name,
                             StringRef text) {
    SmallString<256> path(dump.directory);
    llvm::sys::path::append(path, name + ".null.mlir");
    std::error_code error;
    llvm::raw_fd_ostream file(path, error);
    if (error)
      return kernel.emitError()
             << "cannot write " << path << ": " << error.message();
    file << text;
    return success();
  }
};

} // namespace

void addBackend(NullDialect &dialect) { dialect.addInterfaces<NullBackend>(); }

} // namespace tz_null
