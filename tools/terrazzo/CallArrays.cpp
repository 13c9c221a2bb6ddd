// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See CallArrays.h.
#include "CallArrays.h"
#include "package/Count.h"

#include "package/Describe.h"
#include "package/Values.h"

#include <cstring>

using namespace terrazzo;
using package::count;
using package::ElementType;
using package::elementTypeOf;

namespace {

std::string shapeText(const std::vector<uint64_t> &shape) {
  std::string text;
  for (uint64_t size : shape)
    text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

/// What is drawn stays where every function takes it: integers in the range
/// that looks rows up, positions at the beginning.
void fill(const package::Value &value, uint64_t elements,
          std::mt19937_64 &random, uint8_t *to) {
  const ElementType &type = elementTypeOf(value);
  std::normal_distribution<double> normal;
  for (uint64_t i = 0; i < elements; ++i, to += type.bytes) {
    if (type.integer) {
      uint64_t id = value.position() ? 0
                    : value.limit()  ? random() % value.limit()
                                     : random() % 100;
      memcpy(to, &id, type.bytes);
    } else if (type.bytes == sizeof(double)) {
      double number = normal(random);
      memcpy(to, &number, sizeof(number));
    } else if (type.bytes == sizeof(float)) {
      float number = float(normal(random));
      memcpy(to, &number, sizeof(number));
    } else if (type.word == "bf16") {
      float number = float(normal(random));
      memcpy(to, reinterpret_cast<const uint8_t *>(&number) + 2, 2);
    } else {
      _Float16 number = _Float16(normal(random));
      memcpy(to, &number, sizeof(number));
    }
  }
}

} // namespace

Error CallArrays::refused(const std::string &why) const {
  return {ExitCode::Usage,
          "TZ0042",
          "the function cannot be called so",
          package::describe(*function),
          why,
          "give each argument with --input NAME=FILE.npy, or --random SEED for "
          "those that are missing"};
}

std::vector<uint64_t> CallArrays::shapeOf(const package::Value &of) const {
  std::vector<uint64_t> shape;
  for (uint32_t i = 0; i < count(of.dims()); ++i) {
    const package::Dim &dim = *of.dims()->Get(i);
    shape.push_back(dim.size() < 0 ? dim.value() : value);
  }
  return shape;
}

Status CallArrays::openFiles(const CallInputs &inputs) {
  const auto *arguments = function->arguments();
  files.resize(count(arguments));
  for (const auto &[name, path] : inputs.files) {
    uint32_t i = 0;
    while (i < count(arguments) &&
           arguments->Get(i)->name()->string_view() != name)
      ++i;
    if (i == count(arguments))
      return refused("it has no argument '" + name + "'");
    auto file = formats::NpyFile::open(path);
    if (!file)
      return file.takeError();
    const ElementType &type = elementTypeOf(*arguments->Get(i));
    if (file->type != type.npy)
      return refused("'" + name + "' is of " + std::string(type.word) +
                     ", and " + path + " holds '" + file->type + "'" +
                     (type.npy.empty()
                          ? ", as every .npy file must"
                          : ", not '" + std::string(type.npy) + "'"));
    files[i] = std::move(*file);
  }
  return {};
}

Status CallArrays::findSize(const CallInputs &inputs) {
  std::string from;
  bool known = count(function->sizes()) == 0;
  for (const auto &[name, given] : inputs.sizes) {
    if (known || function->sizes()->Get(0)->string_view() != name)
      return refused("it has no size '" + name + "', or it is given twice");
    value = given;
    from = "--size";
    known = true;
  }
  const auto *arguments = function->arguments();
  for (uint32_t i = 0; i < count(arguments); ++i) {
    if (!files[i])
      continue;
    const package::Value &argument = *arguments->Get(i);
    std::string name = argument.name()->str();
    const std::vector<uint64_t> &shape = files[i]->shape;
    bool fits = shape.size() == count(argument.dims());
    for (uint32_t d = 0; fits && d < shape.size(); ++d) {
      const package::Dim &dim = *argument.dims()->Get(d);
      if (dim.size() < 0) {
        fits = shape[d] == dim.value();
      } else if (!known) {
        value = shape[d];
        from = "'" + name + "'";
        known = true;
      } else if (shape[d] != value) {
        return refused("'" + name + "' has " + std::to_string(shape[d]) +
                       " rows, and " + from + " says " + std::to_string(value));
      }
    }
    if (!fits)
      return refused("'" + name + "' is " +
                     package::describeType(*function, argument) +
                     ", and its file's shape is " + shapeText(shape));
  }
  // As many as code can be made for; more would only be memory.
  constexpr uint64_t most = uint64_t(1) << 20;
  if (value > most)
    return refused("its size is " + std::to_string(value) + ", beyond " +
                   std::to_string(most));
  return known
             ? Status()
             : refused("nothing says how large '" +
                       function->sizes()->Get(0)->str() + "' is; give --size " +
                       function->sizes()->Get(0)->str() + "=N");
}

Status CallArrays::draw(const CallInputs &inputs) {
  const auto *arguments = function->arguments();
  std::mt19937_64 random(inputs.seed.value_or(0));
  drawn.resize(count(arguments));
  for (uint32_t i = 0; i < count(arguments); ++i) {
    const package::Value &argument = *arguments->Get(i);
    if (!files[i] && !inputs.seed)
      return refused("the argument '" + argument.name()->str() +
                     "' is missing");
    uint64_t bytes = package::valueBytes(argument, value);
    if (!files[i]) {
      drawn[i].resize(bytes);
      fill(argument, bytes / elementTypeOf(argument).bytes, random,
           drawn[i].data());
    }
    argumentData.push_back(
        {files[i] ? const_cast<uint8_t *>(files[i]->data) : drawn[i].data()});
  }
  for (uint32_t i = 0; i < count(function->results()); ++i) {
    outputs.emplace_back(
        package::valueBytes(*function->results()->Get(i), value));
    resultData.push_back({outputs.back().data()});
  }
  return {};
}

Expected<CallArrays> CallArrays::make(const package::Function &function,
                                      const CallInputs &inputs) {
  CallArrays arrays;
  arrays.function = &function;
  if (Status status = arrays.openFiles(inputs); !status)
    return status.takeError();
  if (Status status = arrays.findSize(inputs); !status)
    return status.takeError();
  if (Status status = arrays.draw(inputs); !status)
    return status.takeError();
  return arrays;
}
