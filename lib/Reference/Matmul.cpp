// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products with weights. The product is the one part of the reference that is
// worth making fast: the golden texts take 10^12 operations. A panel of weight
// rows is decoded once per call, packed eight rows side by side, and meets the
// input six rows at a time, so that a tile of 6 x 8 sums stays in registers.
// Every sum runs over k in blocks of kDepth in ascending order, whatever the
// number of threads.
#include "Kernels.h"
#include "terrazzo/Reference/BlockValues.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"

namespace terrazzo::reference {
namespace {

constexpr int kRows = 6;        ///< input rows of a register tile
constexpr int kLanes = 8;       ///< weight rows of a register tile
constexpr int64_t kPanel = 64;  ///< weight rows decoded together
constexpr int64_t kDepth = 256; ///< k at a time; a multiple of every block

/// Eight doubles; memory need not be aligned for them.
using Lanes [[gnu::vector_size(kLanes * sizeof(double)),
              gnu::aligned(alignof(double))]] = double;

/// sums[r] += over k of x[k][r] * w[k].
TERRAZZO_CLONES
void multiplyTile(const double *x, const double *w, int64_t depth,
                  double *sums) {
  auto *tile = reinterpret_cast<Lanes *>(sums);
  Lanes s0 = tile[0], s1 = tile[1], s2 = tile[2], s3 = tile[3], s4 = tile[4],
        s5 = tile[5];
  for (int64_t k = 0; k < depth; ++k, x += kRows, w += kLanes) {
    Lanes lanes = *reinterpret_cast<const Lanes *>(w);
    s0 += x[0] * lanes;
    s1 += x[1] * lanes;
    s2 += x[2] * lanes;
    s3 += x[3] * lanes;
    s4 += x[4] * lanes;
    s5 += x[5] * lanes;
  }
  tile[0] = s0;
  tile[1] = s1;
  tile[2] = s2;
  tile[3] = s3;
  tile[4] = s4;
  tile[5] = s5;
}

/// [T, K] as [T / 6][K][6], missing rows zero.
std::vector<double> packInput(const Tensor &input) {
  int64_t rows = input.shape[0], depth = input.shape[1];
  std::vector<double> packed(llvm::divideCeil(rows, kRows) * kRows * depth);
  for (int64_t t = 0; t < rows; ++t)
    for (int64_t k = 0; k < depth; ++k)
      packed[(t / kRows * depth + k) * kRows + t % kRows] =
          input.values[t * depth + k];
  return packed;
}

class Product {
public:
  Product(const Tensor &input, const Weight &weight)
      : weight(weight), block(blockShape(weight.type.getElementType())),
        outputs(weight.type.getShape()[0]), depth(weight.type.getShape()[1]),
        packed(packInput(input)), result({input.shape[0], outputs}) {}

  Tensor run() && {
    llvm::parallelFor(0, llvm::divideCeil(outputs, kPanel),
                      [&](size_t panel) { runPanel(panel * kPanel); });
    return std::move(result);
  }

private:
  /// Outputs first ... first + kPanel.
  void runPanel(int64_t first) {
    int64_t count = std::min(kPanel, outputs - first);
    std::vector<double> panel(kPanel * kDepth);
    for (int64_t k = 0; k < depth; k += kDepth) {
      int64_t length = std::min(kDepth, depth - k);
      decodePanel(first, count, k, length, panel.data());
      for (int64_t t = 0; t < result.shape[0]; t += kRows)
        for (int64_t n = 0; n < count; n += kLanes)
          addTile(t, first + n, k, length, &panel[n * kDepth]);
    }
  }

  /// Groups of eight rows as [length][8]; missing rows are left as they are,
  /// their sums are never stored.
  void decodePanel(int64_t first, int64_t count, int64_t k, int64_t length,
                   double *panel) {
    double row[kDepth];
    for (int64_t n = 0; n < count; ++n) {
      int64_t blocks = ((first + n) * depth + k) / block.values;
      decodeBlocks(weight.type.getElementType(),
                   weight.bytes.data() + blocks * block.bytes,
                   length / block.values, row);
      double *group = panel + n / kLanes * kLanes * kDepth + n % kLanes;
      for (int64_t i = 0; i < length; ++i)
        group[i * kLanes] = row[i];
    }
  }

  void addTile(int64_t t, int64_t n, int64_t k, int64_t length,
               const double *group) {
    double sums[kRows * kLanes] = {};
    int64_t rows = std::min<int64_t>(kRows, result.shape[0] - t);
    int64_t lanes = std::min<int64_t>(kLanes, outputs - n);
    multiplyTile(&packed[(t / kRows * depth + k) * kRows], group, length, sums);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t lane = 0; lane < lanes; ++lane)
        result.values[(t + r) * outputs + n + lane] += sums[r * kLanes + lane];
  }

  const Weight &weight;
  BlockShape block;
  int64_t outputs, depth;
  std::vector<double> packed;
  Tensor result;
};

} // namespace

Tensor matmul(const Tensor &input, const Weight &weight) {
  return Product(input, weight).run();
}

Tensor gather(const Weight &weight, llvm::ArrayRef<int32_t> ids) {
  mlir::Type element = weight.type.getElementType();
  int64_t depth = weight.type.getShape()[1];
  BlockShape block = blockShape(element);
  int64_t blocks = depth / block.values;
  Tensor result({static_cast<int64_t>(ids.size()), depth});
  for (auto [t, id] : llvm::enumerate(ids))
    decodeBlocks(element, weight.bytes.data() + id * blocks * block.bytes,
                 blocks, &result.values[t * depth]);
  return result;
}

Tensor decode(const Weight &weight) {
  Tensor result(weight.type.getShape());
  mlir::Type element = weight.type.getElementType();
  decodeBlocks(element, weight.bytes.data(),
               weight.type.getNumElements() / blockShape(element).values,
               result.values.data());
  return result;
}

} // namespace terrazzo::reference
