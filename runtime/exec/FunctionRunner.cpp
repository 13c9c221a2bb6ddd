// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/FunctionRunner.h"
#include "package/Describe.h"
#include "package/Values.h"

#include <cstring>

namespace terrazzo::exec {

using package::Function;
using package::Value;

namespace {

template <typename Vector> uint32_t count(const Vector *vector) {
  return vector ? vector->size() : 0;
}

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
          ""};
}

/// The element at `index`, of any integer type.
int64_t integerAt(const Value &value, const void *data, uint64_t index) {
  uint64_t bytes = package::findElementType(value.type()->string_view())->bytes;
  const auto *from = static_cast<const uint8_t *>(data) + index * bytes;
  int64_t wide = int8_t(from[bytes - 1]) < 0 ? -1 : 0;
  memcpy(&wide, from, bytes);
  return wide;
}

} // namespace

Expected<std::unique_ptr<FunctionRunner>>
FunctionRunner::open(const LoadedModel &model, const ExecutionOptions &options,
                     std::string_view name) {
  const Function *function = model.function(name);
  if (name.empty() && count(model.root().functions()) == 1)
    function = model.root().functions()->Get(0);
  std::unique_ptr<FunctionRunner> runner;
  if (function) {
    runner.reset(new FunctionRunner(model, *function));
    runner->programs = model.programsOf(function->name()->string_view());
  }
  if (!runner || runner->programs.empty())
    return unknownFunction(model, name);
  if (Status status = runner->allocate(options); !status)
    return status.takeError();
  return runner;
}

uint64_t FunctionRunner::largestSize() const {
  return model.programs[programs.back()]->max_size();
}

Status FunctionRunner::allocate(const ExecutionOptions &options) {
  uint64_t total = 0, size = largestSize();
  for (const auto *values : {source->arguments(), source->results()})
    for (uint32_t i = 0; i < count(values); ++i)
      total += package::valueBytes(*values->Get(i), size);
  auto opened = openExecutor(model, options, total);
  if (!opened)
    return opened.takeError();
  executor = std::move(*opened);
  auto add = [&](const auto *values, std::vector<Place> &places,
                 const char *purpose) -> Status {
    for (uint32_t i = 0; i < count(values); ++i) {
      const Value &value = *values->Get(i);
      bool integer =
          package::findElementType(value.type()->string_view())->integer;
      auto place = executor->allocate(
          std::max<uint64_t>(package::valueBytes(value, size), 1),
          integer ? Memory::Inputs : Memory::Results, purpose);
      if (!place)
        return place.takeError();
      places.push_back(*place);
    }
    return {};
  };
  Status status = add(source->arguments(), arguments, "arguments");
  return status ? add(source->results(), results, "results") : status;
}

Status FunctionRunner::checkIntegers(uint64_t size, const Value &value,
                                     const void *data) const {
  uint64_t elements =
      package::valueBytes(value, size) /
      package::findElementType(value.type()->string_view())->bytes;
  for (uint64_t i = 0; value.limit() && i < elements; ++i)
    if (int64_t id = integerAt(value, data, i);
        id < 0 || uint64_t(id) >= value.limit())
      return refused(*source, "'" + value.name()->str() + "' holds " +
                                  std::to_string(id) + " at " +
                                  std::to_string(i) + "; it takes 0 to " +
                                  std::to_string(value.limit() - 1));
  for (uint64_t i = 0; value.position() && i < elements; ++i)
    if (int64_t at = integerAt(value, data, i);
        at < 0 || uint64_t(at) + size > model.context)
      return refused(*source, "'" + value.name()->str() + "' is " +
                                  std::to_string(at) + ", and " +
                                  std::to_string(size) +
                                  " more rows do not fit into caches of " +
                                  std::to_string(model.context));
  return {};
}

Status FunctionRunner::call(uint64_t size, std::span<const void *const> from,
                            std::span<void *const> to) {
  if (size > largestSize())
    return refused(*source, "its size is " + std::to_string(size) +
                                ", and code was made for up to " +
                                std::to_string(largestSize()));
  for (uint32_t i = 0; i < arguments.size(); ++i) {
    const Value &value = *source->arguments()->Get(i);
    if (Status status = checkIntegers(size, value, from[i]); !status)
      return status;
    if (Status status = executor->write(arguments[i], from[i],
                                        package::valueBytes(value, size));
        !status)
      return status;
  }
  uint32_t program = programs.back();
  for (size_t i = programs.size(); i-- > 0;)
    if (model.programs[programs[i]]->max_size() >= size)
      program = programs[i];
  Invocation call{program, int64_t(size), arguments, results};
  if (Status status = executor->run({&call, 1}); !status)
    return status;
  for (uint32_t i = 0; i < results.size(); ++i)
    if (Status status = executor->read(
            to[i], results[i],
            package::valueBytes(*source->results()->Get(i), size));
        !status)
      return status;
  return model.weightsIntact();
}

} // namespace terrazzo::exec
