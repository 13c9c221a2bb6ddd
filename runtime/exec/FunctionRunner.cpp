// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/FunctionRunner.h"
#include "machine/Limits.h"
#include "package/Count.h"
#include "package/Describe.h"
#include "package/Values.h"

#include <algorithm>

namespace terrazzo::exec {

using package::count;
using package::Function;
using package::Value;

namespace {

Error unknownFunction(const LoadedModel &model, std::string_view name) {
  std::string known;
  for (uint32_t i = 0; i < count(model.root().functions()); ++i)
    known += (i ? ", " : "") + model.root().functions()->Get(i)->name()->str();
  return {ExitCode::Usage,
          "TZ0808",
          name.empty() ? "the package has several functions"
                       : "there is no function '" + std::string(name) + "'",
          model.file.path(),
          "it has " + (known.empty() ? "none" : known),
          "name one with --function"};
}

Error refused(const Function &function, const std::string &why) {
  return {ExitCode::Usage,
          "TZ0809",
          "the function cannot be called so",
          package::describe(function),
          why,
          "give what its signature says; `terrazzo inspect` prints it"};
}

} // namespace

Expected<std::unique_ptr<FunctionRunner>>
FunctionRunner::open(const LoadedModel &model,
                     const ExecutionOptions &options) {
  std::unique_ptr<FunctionRunner> runner(new FunctionRunner(model));
  runner->listFunctions();
  uint64_t most = 0;
  for (uint32_t i = 0; i < runner->functions(); ++i) {
    uint64_t bytes = 0;
    const Callable &callable = runner->all[i];
    if (callable.programs.empty())
      continue;
    for (const auto *slots : {&callable.arguments, &callable.results})
      for (const Slot &slot : *slots)
        bytes += package::byteBound(*slot.value, callable.bounds);
    most = std::max(most, bytes);
  }
  auto opened = openExecutor(model, options, most);
  if (!opened)
    return opened.takeError();
  runner->executor = std::move(*opened);
  runner->onDevice = options.device != nullptr;
  return runner;
}

void FunctionRunner::listFunctions() {
  for (uint32_t i = 0; i < count(model.root().functions()); ++i) {
    Callable callable;
    callable.source = model.root().functions()->Get(i);
    callable.programs =
        model.programsOf(callable.source->name()->string_view());
    for (uint32_t v = 0; v < count(callable.source->arguments()); ++v)
      callable.arguments.push_back(
          {callable.source->arguments()->Get(v), Place()});
    for (uint32_t v = 0; v < count(callable.source->results()); ++v)
      callable.results.push_back({callable.source->results()->Get(v), Place()});
    callable.argumentPlaces.resize(callable.arguments.size());
    callable.resultPlaces.resize(callable.results.size());
    std::vector<uint64_t> most;
    for (uint32_t size = 0; size < count(callable.source->sizes()); ++size) {
      most.push_back(0);
      for (uint32_t program : callable.programs)
        most.back() = std::max<uint64_t>(
            most.back(), model.programs[program]->max_sizes()->Get(size));
    }
    callable.bounds =
        package::extentBounds(*callable.source, most, model.context);
    all.push_back(std::move(callable));
  }
}

Expected<uint32_t> FunctionRunner::find(std::string_view name) const {
  for (uint32_t i = 0; i < functions(); ++i)
    if ((name.empty() && functions() == 1) ||
        function(i).name()->string_view() == name)
      if (!all[i].programs.empty())
        return i;
  return unknownFunction(model, name);
}

uint64_t FunctionRunner::largestSize(uint32_t function, uint32_t size) const {
  return all[function].bounds[size];
}

Status FunctionRunner::checkSizes(Callable &callable,
                                  std::span<const uint64_t> sizes) const {
  const Function &source = *callable.source;
  if (callable.programs.empty())
    return refused(source, "the package has no code for it here");
  if (sizes.size() != count(source.sizes()))
    return refused(source, std::to_string(sizes.size()) +
                               " sizes are given, of " +
                               std::to_string(count(source.sizes())));
  for (uint32_t i = 0; i < sizes.size(); ++i)
    if (uint64_t most = callable.bounds[i]; sizes[i] > most)
      return refused(source,
                     package::describeTooLarge(source, i, sizes[i], most));
  std::string why = callable.extents.compute(source, sizes, model.context);
  return why.empty() ? Status() : refused(source, why);
}

Status FunctionRunner::checkIntegers(const Callable &callable,
                                     const Value &value,
                                     const void *data) const {
  const package::ElementType &type = package::elementTypeOf(value);
  uint64_t elements = callable.extents.bytes(value) / type.bytes;
  for (uint64_t i = 0; value.limit() && i < elements; ++i)
    if (int64_t id = package::integerAt(type, data, i);
        id < 0 || uint64_t(id) >= value.limit())
      return refused(*callable.source, "'" + value.name()->str() + "' holds " +
                                           std::to_string(id) + " at " +
                                           std::to_string(i) +
                                           "; it takes 0 to " +
                                           std::to_string(value.limit() - 1));
  int64_t rows = -1;
  for (uint32_t r = 0; r < count(value.position_rows()); ++r)
    rows = std::max(rows, callable.extents[value.position_rows()->Get(r)]);
  for (uint64_t i = 0; rows >= 0 && i < elements; ++i)
    if (int64_t at = package::integerAt(type, data, i);
        at < 0 || uint64_t(at) + uint64_t(rows) > model.context)
      return refused(*callable.source,
                     "'" + value.name()->str() + "' is " + std::to_string(at) +
                         ", and " + std::to_string(rows) +
                         " more rows do not fit into caches of " +
                         std::to_string(model.context));
  return {};
}

/// Whether programs can use the array where it lies.
bool FunctionRunner::isUsable(const Array &array) const {
  constexpr uintptr_t alignment = 64;
  return array.onDevice
             ? reinterpret_cast<uintptr_t>(array.data) % alignment == 0
             : executor->borrow(array.data).address != 0;
}

Status FunctionRunner::ownPlace(const Callable &callable, Slot &slot,
                                const char *purpose) {
  if (slot.own.address)
    return {};
  auto place = executor->allocate(
      std::max<uint64_t>(package::byteBound(*slot.value, callable.bounds), 1),
      package::elementTypeOf(*slot.value).integer ? Memory::Inputs
                                                  : Memory::Results,
      purpose);
  if (!place)
    return place.takeError();
  slot.own = *place;
  return {};
}

Status FunctionRunner::bindArgument(Callable &callable, uint32_t number,
                                    const Array &array) {
  Slot &slot = callable.arguments[number];
  Place &place = callable.argumentPlaces[number];
  Place given{reinterpret_cast<uint64_t>(array.data), nullptr};
  uint64_t bytes = callable.extents.bytes(*slot.value);
  const void *data = array.data;
  bool integer = package::elementTypeOf(*slot.value).integer;
  // Integers are looked at, and kernels beside a device need them too.
  if (integer && array.onDevice && bytes) {
    integers.resize(bytes);
    if (Status status = executor->read(integers.data(), given, bytes); !status)
      return status;
    data = integers.data();
  }
  if (integer)
    if (Status status = checkIntegers(callable, *slot.value, data); !status)
      return status;
  // Kernels may look at an element of an array that has none.
  if (bytes && isUsable(array) && !(integer && onDevice)) {
    place = given;
    return {};
  }
  if (Status status = ownPlace(callable, slot, "arguments"); !status)
    return status;
  place = slot.own;
  if (bytes == 0)
    return {};
  return array.onDevice && !integer ? executor->copy(place, given, bytes)
                                    : executor->write(place, data, bytes);
}

Status FunctionRunner::bindResult(Callable &callable, uint32_t number,
                                  const Array &array) {
  Slot &slot = callable.results[number];
  Place &place = callable.resultPlaces[number];
  if (isUsable(array)) {
    place = {reinterpret_cast<uint64_t>(array.data), nullptr};
    return {};
  }
  Status status = ownPlace(callable, slot, "results");
  place = slot.own;
  return status;
}

Status FunctionRunner::fetch(const Callable &callable, uint32_t number,
                             const Array &array) {
  const Slot &slot = callable.results[number];
  uint64_t bytes = callable.extents.bytes(*slot.value);
  Place given{reinterpret_cast<uint64_t>(array.data), nullptr};
  if (callable.resultPlaces[number] == given || bytes == 0)
    return {};
  return array.onDevice ? executor->copy(given, slot.own, bytes)
                        : executor->read(array.data, slot.own, bytes);
}

/// Memory between operations was asked for as a program opened; its pages come
/// as they are used. How many that will be is known where no size changes.
Status FunctionRunner::checkMemory(uint32_t program,
                                   std::span<const uint64_t> sizes) const {
  uint64_t needed = model.programs[program]->arena_bytes(),
           there = machine::physicalMemory();
  if (onDevice || !sizes.empty() || needed <= there)
    return {};
  return Error{ExitCode::OutOfMemory,
               "TZ0601",
               "no memory for intermediate results",
               model.file.path(),
               std::to_string(needed >> 20) +
                   " MiB are needed, the machine has " +
                   std::to_string(there >> 20),
               "a smaller function needs less"};
}

Status FunctionRunner::call(uint32_t index, std::span<const uint64_t> sizes,
                            std::span<const Array> arguments,
                            std::span<const Array> results) {
  Callable &callable = all[index];
  if (Status status = checkSizes(callable, sizes); !status)
    return status;
  for (const auto *arrays : {&arguments, &results})
    for (const Array &array : *arrays)
      if (array.onDevice && !onDevice)
        return refused(*callable.source,
                       "an array lies on a device, and the package runs on "
                       "the processor");
  uint32_t program = model.smallest(callable.programs, sizes);
  if (Status status = checkMemory(program, sizes); !status)
    return status;
  for (uint32_t i = 0; i < arguments.size(); ++i)
    if (Status status = bindArgument(callable, i, arguments[i]); !status)
      return status;
  for (uint32_t i = 0; i < results.size(); ++i)
    if (Status status = bindResult(callable, i, results[i]); !status)
      return status;
  Invocation invocation{program, callable.extents.data(),
                        callable.argumentPlaces, callable.resultPlaces};
  if (Status status = executor->run({&invocation, 1}); !status)
    return status;
  for (uint32_t i = 0; i < results.size(); ++i)
    if (Status status = fetch(callable, i, results[i]); !status)
      return status;
  if (Status status = executor->finish(); !status)
    return status;
  return model.weightsIntact();
}

} // namespace terrazzo::exec
