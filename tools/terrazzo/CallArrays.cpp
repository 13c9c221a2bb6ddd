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
      uint64_t id = count(value.position_rows()) ? 0
                    : value.limit()              ? random() % value.limit()
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
    if (Status status = openFile(i, path); !status)
      return status;
  }
  uint32_t next = 0;
  for (const std::string &path : inputs.inOrder) {
    while (next < files.size() && files[next])
      ++next;
    if (next == files.size())
      return refused("no argument is left for " + path);
    if (Status status = openFile(next, path); !status)
      return status;
  }
  return {};
}

Status CallArrays::openFile(uint32_t number, const std::string &path) {
  const package::Value &argument = *function->arguments()->Get(number);
  auto file = formats::NpyFile::open(path);
  if (!file)
    return file.takeError();
  const ElementType &type = elementTypeOf(argument);
  if (file->type != type.npy)
    return refused(
        "'" + argument.name()->str() + "' is of " + std::string(type.word) +
        ", and " + path + " holds '" + file->type + "'" +
        (type.npy.empty() ? ", as every .npy file must"
                          : ", not '" + std::string(type.npy) + "'"));
  files[number] = std::move(*file);
  return {};
}

Status CallArrays::findSizes(const CallInputs &inputs, uint64_t cacheRows) {
  package::SizeSolver solver(*function);
  for (const auto &[name, given] : inputs.sizes) {
    uint32_t size = 0;
    while (size < count(function->sizes()) &&
           function->sizes()->Get(size)->string_view() != name)
      ++size;
    if (size == count(function->sizes()))
      return refused("it has no size '" + name + "'");
    (void)solver.note(size, given, "--size");
  }
  for (uint32_t i = 0; i < files.size(); ++i) {
    if (!files[i])
      continue;
    const package::Value &argument = *function->arguments()->Get(i);
    if (files[i]->shape.size() != count(argument.dims()))
      return misshapen(argument, files[i]->shape);
    if (std::string why = solver.note(argument, files[i]->shape); !why.empty())
      return refused(why);
  }
  if (const auto *missing = solver.missing())
    return refused("nothing says how large '" + missing->str() +
                   "' is; give --size " + missing->str() + "=N");
  // More would only be memory.
  for (uint32_t i = 0; i < solver.sizes().size(); ++i)
    if (uint64_t size = solver.sizes()[i], most = inputs.largest[i];
        size > most)
      return refused(package::describeTooLarge(*function, i, size, most));
  values.assign(solver.sizes().begin(), solver.sizes().end());
  std::string why = numbers.compute(*function, values, cacheRows);
  return why.empty() ? checkShapes() : refused(why);
}

Status CallArrays::checkShapes() {
  for (uint32_t i = 0; i < files.size(); ++i)
    if (const package::Value &argument = *function->arguments()->Get(i);
        files[i] && files[i]->shape != numbers.shape(argument))
      return misshapen(argument, files[i]->shape);
  return {};
}

Error CallArrays::misshapen(const package::Value &argument,
                            const std::vector<uint64_t> &shape) const {
  return refused("'" + argument.name()->str() + "' is " +
                 package::describeType(*function, argument) +
                 ", and its file's shape is " + shapeText(shape));
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
    uint64_t bytes = numbers.bytes(argument);
    if (!files[i]) {
      drawn[i].resize(bytes);
      fill(argument, bytes / elementTypeOf(argument).bytes, random,
           drawn[i].data());
    }
    argumentData.push_back(
        {files[i] ? const_cast<uint8_t *>(files[i]->data) : drawn[i].data()});
  }
  for (uint32_t i = 0; i < count(function->results()); ++i) {
    outputs.emplace_back(numbers.bytes(*function->results()->Get(i)));
    resultData.push_back({outputs.back().data()});
  }
  return {};
}

Expected<CallArrays> CallArrays::make(const package::Function &function,
                                      const CallInputs &inputs,
                                      uint64_t cacheRows) {
  CallArrays arrays;
  arrays.function = &function;
  if (Status status = arrays.openFiles(inputs); !status)
    return status.takeError();
  if (Status status = arrays.findSizes(inputs, cacheRows); !status)
    return status.takeError();
  if (Status status = arrays.draw(inputs); !status)
    return status.takeError();
  return arrays;
}
