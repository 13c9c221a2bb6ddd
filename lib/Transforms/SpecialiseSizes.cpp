// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-specialise-sizes: @trunk becomes @trunk_1, @trunk_8, ... with
// tz.max_tokens = 1, 8, ...; types are untouched.
#include "Remarks.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Transforms/Passes.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_SPECIALISESIZES
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

struct FunctionSizes {
  StringRef name;
  SmallVector<int64_t> sizes;
};

/// Reads "trunk:1,8;head:1"; nothing when the text is not of this form.
std::optional<SmallVector<FunctionSizes>> parseSizes(StringRef text) {
  SmallVector<FunctionSizes> all;
  SmallVector<StringRef> parts;
  text.split(parts, ';', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    auto [name, list] = part.split(':');
    FunctionSizes function{name, {}};
    SmallVector<StringRef> numbers;
    list.split(numbers, ',');
    for (StringRef number : numbers)
      if (number.getAsInteger(10, function.sizes.emplace_back()) ||
          function.sizes.back() <= 0)
        return std::nullopt;
    all.push_back(function);
  }
  return all;
}

struct SpecialiseSizes : impl::SpecialiseSizesBase<SpecialiseSizes> {
  using Base::Base;

  void runOnOperation() override {
    std::optional<SmallVector<FunctionSizes>> all = parseSizes(sizes);
    if (!all) {
      getOperation().emitError("tz-specialise-sizes: '")
          << sizes << "' is not of the form name:size,size;name:size";
      return signalPassFailure();
    }
    for (const FunctionSizes &function : *all)
      if (auto func = getOperation().lookupSymbol<tz::FuncOp>(function.name))
        specialise(func, function.sizes);
  }

  void specialise(tz::FuncOp func, ArrayRef<int64_t> sizes) {
    OpBuilder builder(func);
    for (int64_t size : sizes) {
      auto clone = cast<tz::FuncOp>(builder.clone(*func));
      clone.setSymName((func.getSymName() + "_" + Twine(size)).str());
      clone->setAttr(kMaxTokensAttr, builder.getI64IntegerAttr(size));
    }
    remarkDecision(func.getLoc(), getArgument(), Decision::Passed, [&] {
      std::string text =
          ("@" + func.getSymName() + " compiled for up to").str();
      llvm::raw_string_ostream stream(text);
      llvm::interleave(
          sizes, stream, [&](int64_t n) { stream << " " << n; }, ",");
      return text + " tokens a call";
    });
    func.erase();
  }
};

} // namespace
} // namespace terrazzo
