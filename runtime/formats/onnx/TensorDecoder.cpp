// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See TensorDecoder.h. A packed field of floats or doubles is what raw data
// would be and is used where it lies; others are varints, and small ones are
// written as raw data.
#include "formats/onnx/TensorDecoder.h"

#include <cstring>

namespace terrazzo::formats::onnx {

namespace {

using protozero::pbf_reader;

constexpr uint64_t mostElements = uint64_t(1) << 48;
constexpr size_t mostDimensions = 8;

/// A number of a typed field as raw data.
void append(std::vector<uint8_t> &to, uint64_t bits, uint64_t bytes) {
  const auto *raw = reinterpret_cast<const uint8_t *>(&bits);
  to.insert(to.end(), raw, raw + bytes);
}

class TensorReader {
public:
  explicit TensorReader(Budget &budget) : budget(budget) {}

  Tensor run(pbf_reader from) {
    budget.item();
    while (from.next())
      field(from);
    finish();
    return std::move(to);
  }

private:
  void field(pbf_reader &from) {
    switch (from.tag()) {
    case 1: // dims
      if (isPacked(from))
        for (int64_t dim : from.get_packed_int64())
          dimension(dim);
      else
        dimension(from.get_int64());
      return;
    case 2:
      to.element = from.get_int32();
      return;
    case 4:  // float_data
    case 10: // double_data
      reals(from, from.tag() == 4 ? 4 : 8);
      return;
    case 5:  // int32_data
    case 7:  // int64_data
    case 11: // uint64_data
      integers(from);
      return;
    case 6:
      from.skip();
      strings = true;
      return;
    case 8:
      to.name = viewOf(from.get_view());
      return;
    case 9: {
      auto view = from.get_view();
      raw = {reinterpret_cast<const uint8_t *>(view.data()), view.size()};
      hasRaw = true;
      return;
    }
    case 13:
      external(from.get_message());
      return;
    case 14:
      isExternal = from.get_enum() == 1;
      return;
    default:
      from.skip();
    }
  }

  static bool isPacked(const pbf_reader &from) {
    return from.wire_type() == protozero::pbf_wire_type::length_delimited;
  }

  void dimension(int64_t dim) {
    budget.number();
    to.dims.push_back(dim);
  }

  void reals(pbf_reader &from, uint64_t bytes) {
    if (isPacked(from)) {
      auto view = from.get_view();
      const auto *data = reinterpret_cast<const uint8_t *>(view.data());
      if (typed.empty() && view.size() % bytes == 0) {
        typed = {data, view.size()};
      } else {
        pieces = true;
      }
      return;
    }
    uint64_t bits = 0;
    if (bytes == 4) {
      float value = from.get_float();
      std::memcpy(&bits, &value, sizeof(value));
    } else {
      double value = from.get_double();
      std::memcpy(&bits, &value, sizeof(value));
    }
    copy(bits, bytes);
  }

  void integers(pbf_reader &from) {
    // Elements below 32 bits lie in int32_data, UINT32 in uint64_data.
    uint64_t bytes = elementBytes(to.element);
    bool known = from.tag() != 5 || bytes != 0;
    auto take = [&](int64_t value) {
      copy(uint64_t(value), known && bytes ? bytes : 8);
    };
    if (isPacked(from))
      for (int64_t value : from.get_packed_int64())
        take(value);
    else
      take(from.get_int64());
  }

  void copy(uint64_t bits, uint64_t bytes) {
    if (++copied <= mostCopied)
      append(to.own, bits, bytes);
  }

  void external(pbf_reader from) {
    std::string_view key, value;
    while (from.next())
      if (from.tag() == 1)
        key = viewOf(from.get_view());
      else if (from.tag() == 2)
        value = viewOf(from.get_view());
      else
        from.skip();
    if (key == "location")
      to.location = value;
    else if (key == "offset")
      to.externalOffset = number(value);
    else if (key == "length") {
      to.externalBytes = number(value);
      to.externalLength = true;
    }
  }

  uint64_t number(std::string_view text) {
    uint64_t value = 0;
    for (char c : text)
      if (c < '0' || c > '9' || value > mostElements)
        throw Fault("an offset or length of external data is no number");
      else
        value = value * 10 + uint64_t(c - '0');
    return value;
  }

  void finish() {
    if (to.dims.size() > mostDimensions) {
      to.why = "it has " + std::to_string(to.dims.size()) +
               " dimensions; up to 8 are read";
      return;
    }
    to.elements = 1;
    for (int64_t dim : to.dims)
      if (dim < 0 || uint64_t(dim) > mostElements ||
          __builtin_mul_overflow(to.elements, uint64_t(dim), &to.elements) ||
          to.elements > mostElements)
        throw Fault("a tensor has a dimension below 0, or more elements than "
                    "any memory");
    uint64_t bytes = elementBytes(to.element);
    if (!isExternal)
      to.location.clear();
    else if (to.location.empty())
      throw Fault("a tensor's data lies in another file that has no name");
    if (bytes == 0 || strings) {
      to.why = "its elements are " + elementName(to.element);
    } else if (!isExternal) {
      place(to.elements * bytes);
    }
  }

  /// Finds the content among raw data and typed fields.
  void place(uint64_t bytes) {
    if (hasRaw || !typed.empty()) {
      to.content = hasRaw ? raw : typed;
      to.mapped = true;
      if (!hasRaw && (pieces || copied))
        to.why = "its numbers are in several pieces";
    } else if (copied > mostCopied || pieces) {
      to.why = "its " + std::to_string(to.elements) +
               " numbers stand one by one in the protobuf, which cannot be "
               "read in place";
    } else {
      to.content = to.own;
    }
    if (to.why.empty() && to.content.size() != bytes)
      throw Fault("a tensor of " + std::to_string(to.elements) + " " +
                  elementName(to.element) + " has " +
                  std::to_string(to.content.size()) + " bytes of data");
  }

  Budget &budget;
  Tensor to;
  std::span<const uint8_t> raw, typed;
  bool hasRaw = false, strings = false, pieces = false, isExternal = false;
  uint64_t copied = 0;
};

} // namespace

Tensor decodeTensor(pbf_reader from, Budget &budget) {
  Tensor tensor = TensorReader(budget).run(from);
  if (!tensor.mapped)
    tensor.content = tensor.own.empty() ? std::span<const uint8_t>()
                                        : std::span<const uint8_t>(tensor.own);
  return tensor;
}

} // namespace terrazzo::formats::onnx
