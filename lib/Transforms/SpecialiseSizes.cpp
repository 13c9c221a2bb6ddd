// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-specialise-sizes: @f with tz.sizes = {T = [1, 8]} becomes @f_1 and @f_8
// with tz.max_sizes = 1 and 8; of several sizes, each value with each of the
// others (@f_4x128). Types are untouched.
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

/// The bound of a size that no 'tz.sizes' gives, where a function has so many
/// sizes: memory is planned for all of them at their largest.
int64_t unstatedBound(size_t sizes) {
  return sizes == 1 ? 512 : sizes == 2 ? 128 : 32;
}

/// More programs of one function are a mistake.
constexpr size_t kMostPrograms = 64;

using Values = SmallVector<int64_t>;

struct SpecialiseSizes : impl::SpecialiseSizesBase<SpecialiseSizes> {
  using Base::Base;

  void runOnOperation() override {
    for (auto func :
         llvm::make_early_inc_range(getOperation().getOps<tz::FuncOp>()))
      if (FailureOr<tz::Sizes> sizes = tz::Sizes::infer(func);
          failed(sizes) || failed(specialise(func, sizes->names())))
        return signalPassFailure();
  }

  static Values valuesOf(tz::FuncOp func, size_t count, StringRef size) {
    Values values;
    auto sizes = func->getAttrOfType<DictionaryAttr>(tz::TzDialect::kSizesAttr);
    if (auto given = sizes ? sizes.getAs<ArrayAttr>(size) : ArrayAttr())
      for (auto value : given.getAsRange<IntegerAttr>())
        values.push_back(value.getInt());
    return values.empty() ? Values{unstatedBound(count)} : values;
  }

  LogicalResult specialise(tz::FuncOp func, ArrayRef<std::string> names) {
    SmallVector<Values> programs{{}};
    std::string text;
    llvm::raw_string_ostream stream(text);
    for (StringRef size : names) {
      SmallVector<Values> longer;
      Values values = valuesOf(func, names.size(), size);
      for (const Values &before : programs)
        for (int64_t value : values) {
          longer.push_back(before);
          longer.back().push_back(value);
        }
      programs = std::move(longer);
      if (programs.size() > kMostPrograms)
        return func.emitOpError("'tz.sizes' asks for ")
               << programs.size() << " programs, each value of a size with "
               << "each of the others; up to " << kMostPrograms << " are made";
      stream << (text.empty() ? "" : "; ") << size << " up to ";
      llvm::interleaveComma(values, stream);
    }
    for (const Values &values : programs)
      clone(func, values);
    if (!names.empty())
      remarkDecision(func.getLoc(), getArgument(), Decision::Passed, [&] {
        return ("@" + func.getSymName() + " compiled for " + text).str();
      });
    func.erase();
    return success();
  }

  static void clone(tz::FuncOp func, ArrayRef<int64_t> values) {
    OpBuilder builder(func);
    auto clone = cast<tz::FuncOp>(builder.clone(*func));
    std::string suffix = "1";
    if (!values.empty())
      suffix = llvm::join(
          llvm::map_range(values,
                          [](int64_t value) { return std::to_string(value); }),
          "x");
    clone.setSymName((func.getSymName() + "_" + suffix).str());
    clone->removeAttr(tz::TzDialect::kSizesAttr);
    clone->setAttr(kFunctionAttr, func.getSymNameAttr());
    clone->setAttr(kMaxSizesAttr, builder.getDenseI64ArrayAttr(values));
  }
};

} // namespace
} // namespace terrazzo
