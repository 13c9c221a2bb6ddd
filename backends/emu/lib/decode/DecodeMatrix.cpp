// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mma.sync: which shapes and types exist, and how many registers each lane
// holds of every matrix.
#include "compile/Emitter.h"

namespace terrazzo::emu {

using llvm::Value;

namespace {

struct Form {
  std::string_view shape;
  /// Of a and b; several are given as one letter: i: s8 and u8, q: e4m3 and
  /// e5m2, each chosen for a and b alone.
  std::string_view elements;
  std::string_view sums; ///< d and c
  unsigned d, a, b;      ///< registers; c has as many as d
  int architecture;
};

constexpr Form forms[] = {{"m16n8k8", "f16", "f32", 4, 2, 1, 75},
                          {"m16n8k8", "f16", "f16", 2, 2, 1, 75},
                          {"m16n8k16", "f16", "f32", 4, 4, 2, 80},
                          {"m16n8k16", "f16", "f16", 2, 4, 2, 80},
                          {"m16n8k8", "bf16", "f32", 4, 2, 1, 80},
                          {"m16n8k16", "bf16", "f32", 4, 4, 2, 80},
                          {"m16n8k4", "tf32", "f32", 4, 2, 1, 80},
                          {"m16n8k8", "tf32", "f32", 4, 4, 2, 80},
                          {"m8n8k16", "i", "s32", 2, 1, 1, 75},
                          {"m16n8k16", "i", "s32", 4, 2, 1, 80},
                          {"m16n8k32", "i", "s32", 4, 4, 2, 80},
                          {"m16n8k16", "q", "f32", 4, 2, 1, 89},
                          {"m16n8k32", "q", "f32", 4, 4, 2, 89},
                          {"m8n8k4", "f64", "f64", 2, 1, 1, 80}};

bool matches(std::string_view elements, std::string_view a,
             std::string_view b) {
  auto within = [&](std::string_view one, std::string_view x,
                    std::string_view y) { return one == x || one == y; };
  if (elements == "i")
    return within(a, "s8", "u8") && within(b, "s8", "u8");
  if (elements == "q")
    return within(a, "e4m3", "e5m2") && within(b, "e4m3", "e5m2");
  return a == elements && b == elements;
}

Emit decodeMma(Decoder &d) {
  if (!d.take("sync") || !d.take("aligned"))
    return d.unknown();
  std::string_view shape = d.takeAny(
      {"m8n8k4", "m8n8k16", "m16n8k4", "m16n8k8", "m16n8k16", "m16n8k32"});
  if (shape.empty() || !d.take("row") || !d.take("col"))
    return d.unknown();
  bool saturate = d.take("satfinite");
  auto takeName = [&] {
    return d.takeAny({"f16", "bf16", "tf32", "f32", "f64", "s32", "s8", "u8",
                      "e4m3", "e5m2"});
  };
  std::string_view result = takeName(), a = takeName(), b = takeName(),
                   sum = takeName();
  const Form *form = nullptr;
  for (const Form &one : forms)
    if (one.shape == shape && one.sums == result && result == sum &&
        matches(one.elements, a, b))
      form = &one;
  if (!form || (saturate && form->elements != "i"))
    return d.unknown();
  d.needs(form->architecture);
  if (!d.expectCount(4))
    return {};
  bool wide = result == "f64";
  Type held = wide ? Type::F64 : Type::B32;
  auto to = d.destinations(0, held, form->d);
  auto left = d.sources(1, held, form->a), right = d.sources(2, held, form->b);
  auto add = d.sources(3, held, form->d);
  std::string name = "mma." + std::string(shape) + "." + std::string(result);
  // How the signs differ is a flag; the types else are in the name.
  uint64_t flags = saturate ? 4 : 0;
  if (form->elements == "i")
    flags |= (a == "s8" ? 1 : 0) | (b == "s8" ? 2 : 0);
  else if (form->elements == "q")
    flags |= (a == "e5m2" ? 1 : 0) | (b == "e5m2" ? 2 : 0);
  name += form->elements == "i"   ? ".i8"
          : form->elements == "q" ? ".f8"
                                  : "." + std::string(a);
  name = d.helper(std::move(name));
  return [=](Emitter &e) {
    auto read = [&](const std::vector<const Operand *> &list) {
      llvm::SmallVector<Value *, 4> values;
      for (auto *one : list)
        values.push_back(e.source(one, held));
      return values;
    };
    auto results = e.call(name, unsigned(to.size()), bitsOf(held), read(left),
                          read(right), read(add), flags);
    for (size_t i = 0; i < to.size(); ++i)
      e.set(to[i], results[i]);
  };
}

Emit decodeMovmatrix(Decoder &d) {
  d.needs(75);
  if (!d.take("sync") || !d.take("aligned") || !d.take("m8n8") ||
      !d.take("trans"))
    return d.unknown();
  d.takeType({Type::B16});
  d.expectCount(2);
  auto *to = d.destination(0, Type::B32);
  auto *from = d.source(1, Type::B32);
  std::string name = d.helper("movmatrix");
  return [=](Emitter &e) {
    e.set(to, e.call1(name, 32, {e.source(from, Type::B32)}));
  };
}

} // namespace

const DecodeEntry matrixDecoders[] = {
    {"mma", decodeMma}, {"movmatrix", decodeMovmatrix}, {"", nullptr}};

} // namespace terrazzo::emu
