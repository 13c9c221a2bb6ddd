// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expressions of sizes as packages have them: their values, bounds, text, and
// what is none.
#include "package/Extents.h"

#include <gtest/gtest.h>

using namespace terrazzo::package;

namespace {

using Terms = std::vector<Term>;

Term number(int64_t value) { return Term(TermKind::Number, value); }
Term extent(int64_t index) { return Term(TermKind::Extent, index); }
Term op(TermKind kind) { return Term(kind, 0); }

/// A function of sizes B and T with these expressions.
class Built {
public:
  explicit Built(std::vector<Terms> expressions) {
    FunctionT function;
    function.name = "f";
    function.sizes = {"B", "T"};
    for (Terms &terms : expressions) {
      function.expressions.push_back(std::make_unique<ExpressionT>());
      function.expressions.back()->terms = std::move(terms);
    }
    auto value = std::make_unique<ValueT>();
    value->name = "x";
    value->type = "f32";
    value->dims = {Dim(0, 0), Dim(1, 0), Dim(3, 0), Dim(-1, 5)};
    function.arguments.push_back(std::move(value));
    builder.Finish(CreateFunction(builder, &function));
  }
  const Function &function() const {
    return *flatbuffers::GetRoot<Function>(builder.GetBufferPointer());
  }
  bool isGood(uint32_t index) const {
    return isExpression(*function().expressions()->Get(index), 3 + index);
  }

private:
  flatbuffers::FlatBufferBuilder builder;
};

/// (T + 3) floordiv 4 * B - 7
Terms sample() {
  return {extent(1),
          number(3),
          op(TermKind::Add),
          number(4),
          op(TermKind::FloorDivide),
          extent(0),
          op(TermKind::Multiply),
          number(-7),
          op(TermKind::Add)};
}

TEST(Extents, Values) {
  Built built({sample(),
               {extent(1), number(4), op(TermKind::CeilDivide)},
               {extent(3), extent(4), op(TermKind::Multiply)},
               {extent(1), number(5), op(TermKind::Modulo)}});
  for (uint32_t i = 0; i < 4; ++i)
    EXPECT_TRUE(built.isGood(i)) << i;
  Extents extents;
  uint64_t sizes[] = {3, 18};
  EXPECT_EQ(extents.compute(built.function(), sizes, 77), "");
  int64_t want[] = {3, 18, 77, 21 / 4 * 3 - 7, 5, 40, 3};
  for (size_t i = 0; i < std::size(want); ++i)
    EXPECT_EQ(extents[i], want[i]) << i;
  const Value &value = *built.function().arguments()->Get(0);
  EXPECT_EQ(extents.shape(value), (std::vector<uint64_t>{3, 18, 8, 5}));
  EXPECT_EQ(extents.bytes(value), 3 * 18 * 8 * 5 * 4u);
}

TEST(Extents, WhatIsBelowZeroIsRefused) {
  Built built({sample()});
  Extents extents;
  uint64_t sizes[] = {1, 18};
  EXPECT_EQ(extents.compute(built.function(), sizes, 0),
            "(T + 3) floordiv 4 * B - 7 is -2, which is no size");
  EXPECT_EQ(extents[3], 0);
}

TEST(Extents, AllAreThereBehindOneThatIsRefused) {
  Built built({sample(), {extent(1), number(1), op(TermKind::Add)}});
  Extents extents;
  uint64_t sizes[] = {1, 18};
  EXPECT_NE(extents.compute(built.function(), sizes, 0), "");
  EXPECT_EQ(extents[4], 19);
}

TEST(Extents, BoundsHoldForEverySize) {
  Built built({sample(),
               {extent(1), number(-1), extent(0), op(TermKind::Multiply),
                op(TermKind::Add)},
               {extent(1), number(6), op(TermKind::Modulo)}});
  uint64_t most[] = {5, 29};
  std::vector<uint64_t> bounds = extentBounds(built.function(), most, 9);
  std::vector<int64_t> largest(bounds.size(), 0);
  for (uint64_t b = 0; b <= most[0]; ++b)
    for (uint64_t t = 0; t <= most[1]; ++t) {
      uint64_t sizes[] = {b, t};
      Extents extents;
      if (extents.compute(built.function(), sizes, 9).empty())
        for (size_t i = 0; i < bounds.size(); ++i)
          largest[i] = std::max(largest[i], extents[i]);
    }
  for (size_t i = 0; i < bounds.size(); ++i) {
    EXPECT_LE(uint64_t(largest[i]), bounds[i]) << i;
    EXPECT_GE(uint64_t(largest[i]) + 1, bounds[i]) << i;
  }
}

TEST(Extents, NonsenseIsNoExpression) {
  Built built({{},
               {op(TermKind::Add)},
               {number(1), number(2)},
               {extent(5)},
               {extent(-1)},
               {number(1), number(0), op(TermKind::FloorDivide)},
               {number(1), extent(0), op(TermKind::Modulo)},
               {number(1), number(-3), op(TermKind::CeilDivide)},
               {number(INT64_MIN)},
               {Term(TermKind(17), 0)},
               Terms(300, number(1))});
  for (uint32_t i = 0; i < 11; ++i)
    EXPECT_FALSE(isExpression(*built.function().expressions()->Get(i), 3)) << i;
}

TEST(Extents, SizesFollowFromShapes) {
  Built built({sample()});
  const Value &value = *built.function().arguments()->Get(0);
  SizeSolver solver(built.function());
  EXPECT_EQ(solver.missing()->str(), "B");
  uint64_t shape[] = {2, 9, 1, 5}, other[] = {2, 8, 1, 5};
  EXPECT_EQ(solver.note(1, 9, "--size"), "");
  EXPECT_EQ(solver.note(value, shape), "");
  EXPECT_EQ(solver.missing(), nullptr);
  EXPECT_EQ(solver.note(value, other),
            "the size T is 9 as 'x' says, and 8 as 'x' does");
}

} // namespace
