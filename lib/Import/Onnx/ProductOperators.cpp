// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of arrays. One with a matrix of the file whose rows are the outputs
// is `matmul`; files mostly have the inputs as rows, and `contract` reads
// those as they stand.
#include "Node.h"

using namespace mlir;

namespace terrazzo::onnx {

namespace {

bool isStoredMatrix(const Val &value) {
  bool stored =
      value.value
          ? isa_and_present<tz::UseWeightOp>(value.value.getDefiningOp())
          : value.tensor && value.tensor->mapped && value.tensor->elements > 16;
  return stored && value.rank() == 2 && isa<FloatType>(value.element) &&
         !value.element.isF64();
}

/// The stored matrix that `value` is the transpose of.
Val transposedOf(const Val &value) {
  auto transpose = value.value ? value.value.getDefiningOp<tz::TransposeOp>()
                               : tz::TransposeOp();
  if (!transpose || value.rank() != 2 ||
      transpose.getPermutation() != ArrayRef<int64_t>({1, 0}))
    return {};
  Val matrix;
  matrix.value = transpose.getInput();
  matrix.element = value.element;
  matrix.dims = {value.dims[1], value.dims[0]};
  return isStoredMatrix(matrix) ? matrix : Val();
}

/// x times a matrix [outputs, inputs] of the file.
Val timesStored(Node &n, const Val &x, const Val &matrix) {
  Dims dims = x.dims;
  AffineExpr width = dims.pop_back_val();
  Val rows = n.reshape(x, {n.product(dims), width});
  dims.push_back(matrix.dims[0]);
  return n.reshape(n.matmul(rows, matrix), dims);
}

/// numpy.matmul of two arrays of two dimensions or more.
Val product(Node &n, Val a, Val b) {
  AffineExpr depth = a.dims.back(), other = b.dims[b.rank() - 2];
  if (normal(depth) != normal(other)) {
    n.fail("it multiplies " + n.text(a.dims) + " by " + n.text(b.dims));
    return {};
  }
  if (a.element != b.element || !isa<FloatType>(a.element)) {
    n.fail("it multiplies integers, or elements of two types");
    return {};
  }
  if (Val stored = transposedOf(b); stored && a.rank() >= 2)
    return timesStored(n, a, stored);
  Dims batch =
      n.broadcast(ArrayRef(a.dims).drop_back(2), ArrayRef(b.dims).drop_back(2));
  if (!n.ok())
    return {};
  // A batch of 1 is left out, so that the other side's is repeated.
  std::string letters, left, right;
  auto side = [&](Val &value, std::string &word) {
    Dims kept;
    int64_t lead = int64_t(batch.size()) + 2 - value.rank();
    for (int64_t i = 0; i + 2 < value.rank(); ++i)
      if (!isNumber(value.dims[i], 1) || isNumber(batch[lead + i], 1)) {
        kept.push_back(value.dims[i]);
        word += char('a' + lead + i);
      }
    kept.append(value.dims.end() - 2, value.dims.end());
    value = n.reshape(value, kept);
  };
  Dims result = batch;
  result.append({a.dims[a.rank() - 2], b.dims.back()});
  for (size_t i = 0; i < batch.size(); ++i)
    letters += char('a' + i);
  side(a, left);
  side(b, right);
  return n.contract(left + "mk," + right + "kn->" + letters + "mn", a, b,
                    result, a.element);
}

void lowerMatMul(Node &n) {
  Val a = n.in(0), b = n.in(1);
  if (!n.ok())
    return;
  if (a.rank() == 0 || b.rank() == 0)
    return void(n.fail("it multiplies a single number"));
  bool row = a.rank() == 1, column = b.rank() == 1;
  if (row)
    a = n.reshape(a, {n.size(1), a.dims[0]});
  if (column)
    b = n.reshape(b, {b.dims[0], n.size(1)});
  if (a.rank() > 8 || b.rank() > 8 || !n.ok())
    return;
  Val result = product(n, a, b);
  if (!n.ok())
    return;
  Dims dims = result.dims;
  if (column)
    dims.pop_back();
  if (row)
    dims.erase(dims.end() - (column ? 1 : 2));
  n.out(n.reshape(result, dims));
}

void lowerGemm(Node &n) {
  Val a = n.in(0), b = n.in(1);
  bool flipA = n.integer("transA", 0), flipB = n.integer("transB", 0);
  double alpha = n.real("alpha", 1), beta = n.real("beta", 1);
  n.ignore("broadcast");
  if (!n.ok())
    return;
  if (a.rank() != 2 || b.rank() != 2)
    return void(n.fail("it multiplies matrices alone"));
  if (!isa<FloatType>(a.element))
    return void(n.fail("it multiplies integers"));
  if (flipA)
    a = n.transpose(a, {1, 0});
  Val result;
  if (flipB && isStoredMatrix(b) && normal(a.dims[1]) == normal(b.dims[1]))
    result = timesStored(n, a, b);
  else
    result = product(n, a, flipB ? n.transpose(b, {1, 0}) : b);
  if (!n.ok())
    return;
  if (alpha != 1)
    result = n.mul(result, n.number(alpha, result.element));
  if (Val c = n.optional(2); c && beta != 0) {
    if (beta != 1)
      c = n.mul(c, n.number(beta, c.element));
    result = n.add(result, c);
  }
  n.out(result);
}

/// Two operands, each letter once a side: what `contract` says.
void lowerEinsum(Node &n) {
  std::string equation = n.word("equation", "").str();
  llvm::erase(equation, ' ');
  auto [sides, to] = StringRef(equation).split("->");
  auto [left, right] = sides.split(',');
  auto isPlain = [](StringRef word) {
    llvm::SmallDenseSet<char> seen;
    return llvm::all_of(word, [&](char c) {
      return llvm::isAlpha(c) && seen.insert(c).second;
    });
  };
  if (n.count() != 2 || !StringRef(equation).contains("->") || !isPlain(left) ||
      !isPlain(right) || !isPlain(to))
    return void(n.fail("its equation '" + equation +
                       "' is not one of two "
                       "arrays, each letter once a side"));
  Val a = n.in(0), b = n.in(1);
  if (!n.ok())
    return;
  if (a.rank() != int64_t(left.size()) || b.rank() != int64_t(right.size()) ||
      a.element != b.element || !isa<FloatType>(a.element))
    return void(n.fail("its equation does not fit its inputs"));
  Dims dims;
  for (char letter : to) {
    size_t at = left.find(letter), other = right.find(letter);
    if (at == StringRef::npos && other == StringRef::npos)
      return void(n.fail("its equation gives a letter that it does not take"));
    dims.push_back(at != StringRef::npos ? a.dims[at] : b.dims[other]);
  }
  for (auto [i, letter] : llvm::enumerate(left))
    if (size_t other = right.find(letter);
        other != StringRef::npos && normal(a.dims[i]) != normal(b.dims[other]))
      return void(
          n.fail("it multiplies " + n.text(a.dims) + " by " + n.text(b.dims)));
  n.out(n.contract((left + "," + right + "->" + to).str(), a, b, dims,
                   a.element));
}

constexpr Operator kOperators[] = {
    {"", "MatMul", lowerMatMul},
    {"", "Gemm", lowerGemm},
    {"", "Einsum", lowerEinsum},
};

} // namespace

ArrayRef<Operator> productOperators() { return kOperators; }

} // namespace terrazzo::onnx
