// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which bindings of a program stand for the caller's arguments, or results, and
// where those lay last.
#pragma once

#include <cstdint>
#include <vector>

namespace terrazzo::exec {

/// `AddressT`: a pointer, or an address on a device.
template <typename AddressT> class CallerSlots {
public:
  /// Notes that bindings[binding] is `offset` bytes into value `number`.
  void add(uint32_t number, uint32_t binding, uint64_t offset) {
    if (number >= values.size())
      values.resize(number + 1);
    values[number].slots.push_back({binding, offset});
  }

  /// Redirects the bindings of value `number`; others are nobody's.
  template <typename PlaceT>
  void bind(uint32_t number, PlaceT at, std::vector<AddressT> &bindings) {
    if (number >= values.size())
      return;
    Value &value = values[number];
    AddressT address = AddressT(at);
    if (value.last == address)
      return;
    value.last = address;
    for (const Slot &slot : value.slots)
      bindings[slot.binding] = AddressT(at + slot.offset);
  }

private:
  struct Slot {
    uint32_t binding;
    uint64_t offset;
  };
  struct Value {
    std::vector<Slot> slots;
    AddressT last = {};
  };
  std::vector<Value> values;
};

} // namespace terrazzo::exec
