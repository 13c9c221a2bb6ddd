// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluates a function given as text, and makes random arguments.
#pragma once

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "terrazzo/Reference/BlockValues.h"
#include "terrazzo/Reference/Interpreter.h"
#include <gtest/gtest.h>
#include <random>

namespace terrazzo::reference {

class ReferenceTest : public ::testing::Test {
protected:
  ReferenceTest() { context.loadDialect<tz::TzDialect>(); }

  /// Evaluates the only function of `text`, of which one result is expected.
  Expected<llvm::SmallVector<Value>>
  evaluate(const std::string &text, llvm::SmallVector<Value> arguments) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module) << text;
    tz::FuncOp func = *module->getOps<tz::FuncOp>().begin();
    return Interpreter().call(func, std::move(arguments));
  }

  std::vector<double> numbers(const std::string &text,
                              llvm::SmallVector<Value> arguments) {
    auto results = evaluate(text, std::move(arguments));
    if (!results) {
      ADD_FAILURE() << results.error().format();
      return {};
    }
    return asTensor((*results)[0]).values;
  }

  Tensor random(llvm::ArrayRef<int64_t> shape) {
    Tensor tensor(shape);
    std::normal_distribution<double> normal;
    for (double &value : tensor.values)
      value = normal(generator);
    return tensor;
  }

  std::vector<uint8_t> randomBytes(size_t count) {
    std::vector<uint8_t> bytes(count);
    for (uint8_t &byte : bytes)
      byte = generator();
    return bytes;
  }

  mlir::RankedTensorType type(const std::string &text) {
    return mlir::cast<mlir::RankedTensorType>(mlir::parseType(text, &context));
  }

  static Value position(int32_t p) { return makeIntegers({}, {p}); }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::mt19937 generator{7};
};

/// Equal up to the rounding of `terms` float64 additions of numbers near 1.
inline void expectClose(const std::vector<double> &have,
                        const std::vector<double> &want, double budget) {
  ASSERT_EQ(have.size(), want.size());
  for (size_t i = 0; i < have.size(); ++i)
    ASSERT_NEAR(have[i], want[i], budget * (1 + std::abs(want[i])))
        << "at " << i;
}

} // namespace terrazzo::reference
