// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-configure-kernels: every kernel receives its backend's config, which is
// checked here so that a mistake is blamed on the plugin that made it.
#include "Remarks.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Dialect/Tz/Sizes.h"
#include "terrazzo/Target/TargetBackend.h"
#include "terrazzo/Transforms/Passes.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_CONFIGUREKERNELS
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

/// Why `config` breaks the contract of TargetBackend::configure; empty: it
/// does not.
StringRef faultOf(plan::KernelConfigAttr config, size_t sizes) {
  if (!config)
    return "gave no config";
  if (config.getFactor() < 0)
    return "gave a negative workgroup factor";
  if (config.getTiles().size() > sizes)
    return "gave more tiles than the kernel has sizes";
  if (llvm::any_of(config.getTiles(), [](int64_t tile) { return tile < 0; }))
    return "gave a negative tile";
  if (config.getScratch() < 0)
    return "asked for negative scratch";
  return {};
}

struct ConfigureKernels : impl::ConfigureKernelsBase<ConfigureKernels> {
  using Base::Base;

  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<plan::KernelOp>())
      if (failed(configure(kernel)))
        return signalPassFailure();
  }

  /// Fixed rows count as a size until configForRows takes them away.
  static size_t sizesOf(plan::KernelOp kernel) {
    auto func = dyn_cast<tz::FuncOp>(kernel.getFunction().getOperation());
    FailureOr<tz::Sizes> sizes =
        func ? tz::Sizes::infer(func) : FailureOr<tz::Sizes>(failure());
    size_t count = succeeded(sizes) ? sizes->names().size() : 0;
    return std::max<size_t>(count, kernel->hasAttr(kKernelRowsAttr) ? 1 : 0);
  }

  LogicalResult configure(plan::KernelOp kernel) {
    const TargetBackend *backend = getBackend(kernel.getTarget());
    if (!backend)
      return kernel.emitOpError("has the target ")
             << kernel.getTarget() << ", whose plugin is not loaded";
    auto limit = kernel->getAttrOfType<IntegerAttr>(kKernelMaxSizeAttr);
    FailureOr<plan::KernelConfigAttr> config =
        backend->configure(kernel, limit ? limit.getInt() : 1);
    if (failed(config))
      return kernel.emitOpError("was refused by the backend of ")
             << kernel.getTarget();
    if (StringRef fault = faultOf(*config, sizesOf(kernel)); !fault.empty())
      return kernel.emitOpError("the plugin behind ")
             << kernel.getTarget() << " " << fault;
    if (auto rows = kernel->getAttrOfType<IntegerAttr>(kKernelRowsAttr))
      config = configForRows(*config, rows.getInt());
    kernel.setConfigAttr(*config);
    remarkDecision(kernel.getLoc(), getArgument(), Decision::Passed, [&] {
      std::string text;
      llvm::raw_string_ostream(text)
          << "@" << kernel.getSymName() << " is cut as " << *config;
      return text;
    });
    return success();
  }
};

} // namespace

plan::KernelConfigAttr configForRows(plan::KernelConfigAttr config,
                                     int64_t rows) {
  SmallVector<int64_t> tiles(config.getTiles());
  if (tiles.empty() || tiles[0] == 0)
    return config;
  int64_t count = llvm::divideCeil(rows, tiles[0]);
  tiles[0] = 0;
  return plan::KernelConfigAttr::get(
      config.getContext(), config.getFactor() * std::max<int64_t>(count, 1),
      tiles, config.getScratch(), config.getOptions());
}

} // namespace terrazzo
