// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays of any shape, by counting through all their indices. Each operation
// has a meaning of its own: none is taken from its loops.
#include "Kernels.h"
#include "llvm/ADT/DenseMap.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace terrazzo::reference {

namespace {

/// Row-major distances between neighbours along each dimension.
Shape stridesOf(llvm::ArrayRef<int64_t> shape) {
  Shape strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/// Calls `body` with each index of an array of this shape, in order.
template <typename Body> void each(llvm::ArrayRef<int64_t> shape, Body body) {
  for (int64_t size : shape)
    if (size == 0)
      return;
  Shape index(shape.size(), 0);
  for (;;) {
    body(index);
    int64_t d = static_cast<int64_t>(shape.size()) - 1;
    while (d >= 0 && ++index[d] == shape[d])
      index[d--] = 0;
    if (d < 0)
      return;
  }
}

int64_t at(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> strides) {
  int64_t place = 0;
  for (size_t i = 0; i < index.size(); ++i)
    place += index[i] * strides[i];
  return place;
}

} // namespace

Tensor transpose(const Tensor &input, llvm::ArrayRef<int64_t> permutation) {
  Shape shape;
  for (int64_t from : permutation)
    shape.push_back(input.shape[from]);
  Tensor result(shape);
  Shape strides = stridesOf(input.shape), moved;
  for (int64_t from : permutation)
    moved.push_back(strides[from]);
  int64_t next = 0;
  each(shape, [&](const Shape &index) {
    result.values[next++] = input.values[at(index, moved)];
  });
  return result;
}

Tensor slice(const Tensor &input, llvm::ArrayRef<int64_t> offsets,
             llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> shape) {
  Tensor result(shape);
  Shape steps = stridesOf(input.shape);
  int64_t next = 0;
  each(shape, [&](const Shape &index) {
    int64_t place = 0;
    for (size_t i = 0; i < index.size(); ++i)
      place += (offsets[i] + index[i] * strides[i]) * steps[i];
    result.values[next++] = input.values[place];
  });
  return result;
}

Tensor pad(const Tensor &input, llvm::ArrayRef<int64_t> low, double value,
           llvm::ArrayRef<int64_t> shape) {
  Tensor result(shape);
  std::fill(result.values.begin(), result.values.end(), value);
  Shape strides = stridesOf(shape);
  int64_t next = 0;
  each(input.shape, [&](const Shape &index) {
    int64_t place = 0;
    for (size_t i = 0; i < index.size(); ++i)
      place += (index[i] + low[i]) * strides[i];
    result.values[place] = input.values[next++];
  });
  return result;
}

Tensor windows(const Tensor &input, const WindowSettings &settings,
               llvm::ArrayRef<int64_t> shape) {
  Tensor result(shape);
  size_t spatial = settings.strides.size();
  Shape strides = stridesOf(input.shape);
  int64_t next = 0;
  each(shape, [&](const Shape &index) {
    int64_t place = index[spatial] * strides[0];
    bool inside = true;
    for (size_t i = 0; i < spatial; ++i) {
      int64_t at = index[i] * settings.strides[i] +
                   index[spatial + 1 + i] * settings.dilations[i] -
                   settings.low[i];
      inside &= at >= 0 && at < input.shape[i + 1];
      place += at * strides[i + 1];
    }
    result.values[next++] = inside ? input.values[place] : 0;
  });
  return result;
}

Tensor reduce(const Tensor &input, tz::Combiner combiner,
              llvm::ArrayRef<int64_t> axes, double least, double most) {
  Shape shape = input.shape;
  int64_t count = 1;
  for (int64_t axis : axes) {
    count *= shape[axis];
    shape[axis] = 1;
  }
  Tensor result(shape);
  bool largest = combiner == tz::Combiner::Max,
       smallest = combiner == tz::Combiner::Min,
       product = combiner == tz::Combiner::Prod;
  for (double &value : result.values)
    value = largest ? least : smallest ? most : product ? 1 : 0;
  Shape strides = stridesOf(shape);
  for (int64_t axis : axes)
    strides[axis] = 0;
  int64_t next = 0;
  each(input.shape, [&](const Shape &index) {
    double value = input.values[next++];
    double &sum = result.values[at(index, strides)];
    if (product)
      sum *= value;
    else if (!largest && !smallest)
      sum += value;
    else if (std::isnan(value) || (largest ? value > sum : value < sum))
      sum = value;
  });
  if (combiner == tz::Combiner::Mean)
    for (double &value : result.values)
      value /= static_cast<double>(count);
  return result;
}

Tensor contract(llvm::StringRef dims, const Tensor &left, const Tensor &right) {
  auto [sides, kept] = dims.split("->");
  auto [first, second] = sides.split(',');
  llvm::DenseMap<char, int64_t> sizes;
  for (size_t i = 0; i < first.size(); ++i)
    sizes[first[i]] = left.shape[i];
  for (size_t i = 0; i < second.size(); ++i)
    sizes[second[i]] = right.shape[i];
  std::string order = kept.str();
  for (char letter : (first + second).str())
    if (order.find(letter) == std::string::npos)
      order += letter;
  Shape all, result;
  for (char letter : order)
    all.push_back(sizes[letter]);
  result.assign(all.begin(), all.begin() + kept.size());
  Tensor sum(result);
  auto along = [&](llvm::StringRef letters, const Shape &shape) {
    Shape strides(order.size(), 0), own = stridesOf(shape);
    for (size_t i = 0; i < letters.size(); ++i)
      strides[order.find(letters[i])] = own[i];
    return strides;
  };
  Shape a = along(first, left.shape), b = along(second, right.shape),
        c = along(kept, result);
  each(all, [&](const Shape &index) {
    sum.values[at(index, c)] +=
        left.values[at(index, a)] * right.values[at(index, b)];
  });
  return sum;
}

Tensor gatherParts(const Tensor &input, const Tensor &indices, int64_t axis,
                   bool each_) {
  Shape shape = each_ ? indices.shape : Shape();
  if (!each_) {
    shape.append(input.shape.begin(), input.shape.begin() + axis);
    shape.append(indices.shape.begin(), indices.shape.end());
    shape.append(input.shape.begin() + axis + 1, input.shape.end());
  }
  Tensor result(shape);
  Shape from = stridesOf(input.shape), ids = stridesOf(indices.shape);
  size_t places = indices.shape.size();
  double last = double(input.shape[axis] - 1);
  int64_t next = 0;
  each(shape, [&](const Shape &index) {
    llvm::ArrayRef<int64_t> all(index);
    Shape where(input.shape.size());
    int64_t id = at(each_ ? all : all.slice(size_t(axis), places), ids);
    for (size_t d = 0; d < where.size(); ++d)
      where[d] = each_ || d < size_t(axis) ? index[d]
                 : d > size_t(axis)        ? index[d + places - 1]
                                           : 0;
    where[axis] = int64_t(std::clamp(indices.values[id], 0.0, last));
    result.values[next++] = input.values[at(where, from)];
  });
  return result;
}

Tensor concat(llvm::ArrayRef<const Tensor *> inputs, int64_t axis) {
  Shape shape = inputs[0]->shape;
  shape[axis] = 0;
  for (const Tensor *input : inputs)
    shape[axis] += input->shape[axis];
  Tensor result(shape);
  Shape strides = stridesOf(shape);
  int64_t before = 0;
  for (const Tensor *input : inputs) {
    int64_t next = 0;
    each(input->shape, [&](const Shape &index) {
      Shape moved = index;
      moved[axis] += before;
      result.values[at(moved, strides)] = input->values[next++];
    });
    before += input->shape[axis];
  }
  return result;
}

Tensor reverse(const Tensor &input, llvm::ArrayRef<int64_t> axes) {
  Tensor result(input.shape);
  Shape strides = stridesOf(input.shape);
  int64_t next = 0;
  each(input.shape, [&](const Shape &index) {
    Shape moved = index;
    for (int64_t axis : axes)
      moved[axis] = input.shape[axis] - 1 - index[axis];
    result.values[at(moved, strides)] = input.values[next++];
  });
  return result;
}

Tensor softmax(const Tensor &input, int64_t axis, bool logarithm) {
  Tensor result(input.shape);
  Shape strides = stridesOf(input.shape), lines = input.shape;
  int64_t step = strides[axis], size = input.shape[axis];
  lines[axis] = std::min<int64_t>(size, 1);
  each(lines, [&](const Shape &index) {
    const double *line = &input.values[at(index, strides)];
    double largest = line[0], sum = 0;
    for (int64_t i = 1; i < size; ++i)
      largest = std::fmax(largest, line[i * step]);
    for (int64_t i = 0; i < size; ++i)
      sum += std::exp(line[i * step] - largest);
    double *out = &result.values[at(index, strides)];
    for (int64_t i = 0; i < size; ++i) {
      double below = line[i * step] - largest;
      out[i * step] = logarithm ? below - std::log(sum) : std::exp(below) / sum;
    }
  });
  return result;
}

Tensor cumsum(const Tensor &input, int64_t axis, bool exclusive,
              bool backwards) {
  Tensor result(input.shape);
  int64_t step = stridesOf(input.shape)[axis], size = input.shape[axis];
  Shape lines = input.shape;
  lines[axis] = std::min<int64_t>(size, 1);
  Shape strides = stridesOf(input.shape);
  each(lines, [&](const Shape &index) {
    double sum = 0;
    for (int64_t i = 0; i < size; ++i) {
      int64_t place =
          at(index, strides) + (backwards ? size - 1 - i : i) * step;
      double before = sum;
      sum += input.values[place];
      result.values[place] = exclusive ? before : sum;
    }
  });
  return result;
}

Tensor scatter(const Tensor &input, const Tensor &indices,
               const Tensor &updates, const ScatterSettings &settings) {
  Tensor result = input;
  Shape to = stridesOf(input.shape), ids = stridesOf(indices.shape);
  int64_t next = 0;
  each(updates.shape, [&](const Shape &index) {
    double value = updates.values[next++];
    Shape moved = index;
    auto target = int64_t(
        indices.values[settings.each ? at(index, ids) : index[settings.axis]]);
    if (target < 0 || target >= input.shape[settings.axis])
      return;
    moved[settings.axis] = target;
    double &place = result.values[at(moved, to)];
    place = settings.add ? place + value : value;
  });
  return result;
}

Tensor broadcast(const Tensor &input, llvm::ArrayRef<int64_t> shape) {
  Tensor result(shape);
  size_t lead = shape.size() - input.shape.size();
  int64_t next = 0;
  each(shape, [&](const Shape &index) {
    int64_t from = 0;
    for (size_t i = 0; i < input.shape.size(); ++i)
      from =
          from * input.shape[i] + (input.shape[i] == 1 ? 0 : index[lead + i]);
    result.values[next++] = input.values[from];
  });
  return result;
}

Tensor iota(llvm::ArrayRef<int64_t> shape, int64_t axis) {
  Tensor result(shape);
  int64_t next = 0;
  each(shape, [&](const Shape &index) {
    result.values[next++] = double(index[axis]);
  });
  return result;
}

Tensor topK(const Tensor &input, int64_t count) {
  int64_t size = input.shape.back();
  Shape shape = input.shape;
  shape.back() = count;
  Tensor result(shape);
  std::vector<int64_t> order(size);
  for (size_t row = 0, rows = size ? input.values.size() / size : 0; row < rows;
       ++row) {
    const double *x = &input.values[row * size];
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return std::isnan(x[b]) ? !std::isnan(x[a]) : x[a] > x[b];
    });
    for (int64_t i = 0; i < count; ++i)
      result.values[row * count + i] = double(order[i]);
  }
  return result;
}

} // namespace terrazzo::reference
