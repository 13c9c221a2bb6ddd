// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-dedupe-kernels: kernels whose generic text, without names and locations,
// is the same are one kernel.
#include "Remarks.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_DEDUPEKERNELS
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

/// What `kernel` is, its own name left out.
std::string structureOf(plan::KernelOp kernel) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << kernel.getTarget() << kernel->getAttr(kKernelMaxSizeAttr);
  FunctionOpInterface function = kernel.getFunction();
  StringAttr name = function.getNameAttr();
  function.setName("kernel");
  OpPrintingFlags flags;
  flags.printGenericOpForm().enableDebugInfo(false).useLocalScope();
  function->print(stream, flags);
  function.setName(name.getValue());
  return text;
}

struct DedupeKernels : impl::DedupeKernelsBase<DedupeKernels> {
  using Base::Base;

  void runOnOperation() override {
    llvm::StringMap<plan::KernelOp> first;
    llvm::DenseMap<StringAttr, StringAttr> kept;
    llvm::MapVector<plan::KernelOp, int> copies;
    for (auto kernel :
         llvm::make_early_inc_range(getOperation().getOps<plan::KernelOp>())) {
      auto [same, isNew] = first.try_emplace(structureOf(kernel), kernel);
      ++copies[same->second];
      if (isNew)
        continue;
      kept[kernel.getSymNameAttr()] = same->second.getSymNameAttr();
      kernel.erase();
    }
    getOperation().walk([&](plan::LaunchOp launch) {
      if (StringAttr name = kept.lookup(launch.getKernelAttr().getAttr()))
        launch.setKernelAttr(FlatSymbolRefAttr::get(name));
    });
    for (auto [kernel, count] : copies)
      remarkDecision(kernel->getLoc(), getArgument(), Decision::Passed, [&] {
        return llvm::formatv("@{0} serves {1} launch sites",
                             plan::KernelOp(kernel).getSymName(), count)
            .str();
      });
  }
};

} // namespace
} // namespace terrazzo
