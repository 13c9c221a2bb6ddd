// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-specialise-sizes: @f with tz.sizes = {T = [1, 8]} becomes @f_1 and @f_8
// with tz.max_size = 1 and 8; types are untouched.
#include "Remarks.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Dialect/Tz/Signature.h"
#include "terrazzo/Transforms/Passes.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_SPECIALISESIZES
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

/// The bound of a size that no 'tz.sizes' gives.
constexpr int64_t kUnstatedBound = 512;

struct SpecialiseSizes : impl::SpecialiseSizesBase<SpecialiseSizes> {
  using Base::Base;

  void runOnOperation() override {
    for (auto func :
         llvm::make_early_inc_range(getOperation().getOps<tz::FuncOp>())) {
      tz::Signature signature = tz::signatureOf(func);
      if (signature.sizes.size() > 1) {
        func.emitOpError("has the sizes ")
            << llvm::join(signature.sizes, ", ")
            << "; one that changes from call to call is what programs have so "
               "far";
        return signalPassFailure();
      }
      specialise(func, signature);
    }
  }

  static SmallVector<int64_t> valuesOf(tz::FuncOp func,
                                       const tz::Signature &signature) {
    if (signature.sizes.empty())
      return {1};
    SmallVector<int64_t> values;
    auto sizes = func->getAttrOfType<DictionaryAttr>(tz::TzDialect::kSizesAttr);
    if (auto given =
            sizes ? sizes.getAs<ArrayAttr>(signature.sizes[0]) : ArrayAttr())
      for (auto value : given.getAsRange<IntegerAttr>())
        values.push_back(value.getInt());
    return values.empty() ? SmallVector<int64_t>{kUnstatedBound} : values;
  }

  void specialise(tz::FuncOp func, const tz::Signature &signature) {
    OpBuilder builder(func);
    SmallVector<int64_t> values = valuesOf(func, signature);
    for (int64_t value : values) {
      auto clone = cast<tz::FuncOp>(builder.clone(*func));
      clone.setSymName((func.getSymName() + "_" + Twine(value)).str());
      clone->removeAttr(tz::TzDialect::kSizesAttr);
      clone->setAttr(kFunctionAttr, func.getSymNameAttr());
      clone->setAttr(kMaxSizeAttr, builder.getI64IntegerAttr(value));
    }
    if (!signature.sizes.empty())
      remarkDecision(func.getLoc(), getArgument(), Decision::Passed, [&] {
        std::string text;
        llvm::raw_string_ostream stream(text);
        stream << "@" << func.getSymName() << " compiled for "
               << signature.sizes[0] << " up to ";
        llvm::interleaveComma(values, stream);
        return text;
      });
    func.erase();
  }
};

} // namespace
} // namespace terrazzo
