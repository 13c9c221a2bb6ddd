// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Caches and attention over them.
#include "Kernels.h"
#include "llvm/Support/Parallel.h"
#include <algorithm>
#include <cmath>

namespace terrazzo::reference {

using llvm::ArrayRef;

void append(Cache &cache, const Tensor &rows, int64_t position) {
  int64_t width = cache.heads * cache.dim;
  for (int64_t row = 0; row < rows.shape[0]; ++row)
    if (int64_t at = position + row; at >= 0 && at < cache.rows())
      std::copy_n(rows.values.begin() + row * width, width,
                  cache.values.begin() + at * width);
}

namespace {

/// Eight partial sums, so that vector instructions apply.
TERRAZZO_CLONES
double dot(const double *a, const double *b, int64_t n) {
  double sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int j = 0; j < 8; ++j)
      sums[j] += a[i + j] * b[i + j];
  for (; i < n; ++i)
    sums[0] += a[i] * b[i];
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
         ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

TERRAZZO_CLONES
void addScaled(double *sum, double factor, const double *row, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    sum[i] += factor * row[i];
}

/// One query over the rows of one head that it sees: softmax of the scores,
/// with the largest subtracted, then the weighted sum of the values.
void attendRow(const double *query, const Cache &keys, const Cache &values,
               int64_t head, KeyRange seen, const double *bias,
               const double *sink, const AttentionSettings &settings,
               double *out) {
  int64_t dim = keys.dim, stride = keys.heads * dim, width = values.dim;
  auto [first, end] = seen;
  if (first >= end)
    return;
  std::vector<double> weights(end - first);
  for (int64_t j = first; j < end; ++j) {
    double score =
        settings.scale * dot(query, &keys.values[j * stride + head * dim], dim);
    if (settings.softCap > 0)
      score = settings.softCap * std::tanh(score / settings.softCap);
    weights[j - first] = score + (bias ? bias[j] : 0);
  }
  double largest = *std::max_element(weights.begin(), weights.end());
  if (bias && std::isinf(largest) && largest < 0 && !sink)
    return; // each is hidden
  if (sink)
    largest = std::max(largest, *sink);
  double total = sink ? std::exp(*sink - largest) : 0;
  for (double &weight : weights)
    total += weight = std::exp(weight - largest);
  for (int64_t j = first; j < end; ++j)
    addScaled(out, weights[j - first] / total,
              &values.values[(j * values.heads + head) * width], width);
}

} // namespace

Tensor attention(const Tensor &query, const Cache &keys, const Cache &values,
                 ArrayRef<KeyRange> seen, const Tensor *bias,
                 const AttentionSettings &settings) {
  int64_t heads = query.shape[1], dim = query.shape[2];
  Tensor result({query.shape[0], heads, values.dim});
  llvm::parallelFor(0, query.shape[0] * heads, [&](size_t row) {
    int64_t head = row % heads, t = row / heads;
    const double *added = nullptr;
    if (bias)
      added = &bias->values[((bias->shape[0] == 1 ? 0 : head) * bias->shape[1] +
                             (bias->shape[1] == 1 ? 0 : t)) *
                            bias->shape[2]];
    const double *sink =
        settings.sinks ? &settings.sinks->values[head] : nullptr;
    attendRow(&query.values[row * dim], keys, values,
              head / (heads / keys.heads), seen[t], added, sink, settings,
              &result.values[row * values.dim]);
  });
  return result;
}

} // namespace terrazzo::reference
