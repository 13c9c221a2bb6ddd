// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo-c/program.h over exec::FunctionRunner.
#include "Answers.h"
#include "MemoryFile.h"
#include "device/DeviceCatalogue.h"
#include "exec/FunctionRunner.h"
#include "package/Count.h"
#include "package/Describe.h"
#include "package/Extents.h"
#include "package/Values.h"
#include "terrazzo-c/program.h"

using namespace terrazzo;
using package::count;
using namespace terrazzo::exec;
using namespace terrazzo::interface;

namespace {

/// What a caller reads of a function, made once: pointers into it stay.
struct FunctionTexts {
  std::string signature;
  std::vector<std::vector<int64_t>> argumentDims, resultDims;
};

std::vector<std::vector<int64_t>>
dimsOf(const package::Function &function,
       const flatbuffers::Vector<flatbuffers::Offset<package::Value>> *values) {
  std::vector<std::vector<int64_t>> all(count(values));
  for (uint32_t i = 0; i < all.size(); ++i)
    for (uint32_t d = 0; d < count(values->Get(i)->dims()); ++d) {
      const package::Dim &dim = *values->Get(i)->dims()->Get(d);
      bool isSize = uint32_t(dim.extent()) < count(function.sizes());
      all[i].push_back(dim.extent() < 0 ? int64_t(dim.value())
                       : isSize         ? -1 - int64_t(dim.extent())
                                        : TERRAZZO_DERIVED_DIM);
    }
  return all;
}

/// TERRAZZO_F64 and on are the rows of the table of types.
uint32_t elementOf(const package::Value &value) {
  return package::elementNumber(value.type()->string_view()) + 1;
}

Error usage(const std::string &why, const std::string &where = {}) {
  return {ExitCode::Usage, "TZ0810", "a program was called wrongly",
          where,           why,      "see terrazzo-c/program.h"};
}

} // namespace

struct terrazzo_program {
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<FunctionRunner> runner;
  std::vector<FunctionTexts> texts;
  std::vector<Array> arguments, results; ///< of the call at hand
  std::string error;

  int answer(const Status &status) {
    if (status)
      return 0;
    error = status.error().format();
    return int(status.error().exit);
  }
};

namespace {

bool isDense(const terrazzo_view &view) {
  int64_t step = 1;
  for (uint32_t d = view.rank; d-- > 0; step *= view.shape[d])
    if (view.shape[d] != 1 && view.strides[d] != step)
      return false;
  return true;
}

Expected<PackageFile> openPackage(const terrazzo_program_options &from) {
  if (from.package_path)
    return PackageFile::open(from.package_path);
  if (!from.package_bytes)
    return usage("neither a path nor the bytes of a package are given");
  auto file = MemoryFile::make(from.package_bytes, from.package_size);
  if (!file)
    return file.takeError();
  return PackageFile::open(file->path());
}

Status readWeight(const terrazzo_weight *from, std::vector<CallerWeight> &to) {
  if (!from || !from->view || !from->name)
    return usage("a weight has no name or no view");
  terrazzo_view view = widened(*from->view);
  CallerWeight weight;
  weight.name = from->name;
  auto fail = [&](const std::string &why) {
    return usage("the weight '" + weight.name + "' " + why);
  };
  const package::ElementType *type = package::elementOfNumber(view.element - 1);
  if (!type || view.place != TERRAZZO_HOST)
    return fail("is of an unknown element, or lies on a device");
  weight.type = type->word;
  weight.bytes = type->bytes;
  for (uint32_t d = view.rank; d-- > 0;) {
    uint64_t size = view.shape ? uint64_t(view.shape[d]) : 0;
    weight.dims.push_back(size);
    if (int64_t(size) < 0)
      return fail("has a dimension below 0");
    if (__builtin_mul_overflow(weight.bytes, size, &weight.bytes))
      return fail("is larger than any memory");
  }
  if (view.strides && view.shape && !isDense(view))
    return fail("is not dense; make it contiguous");
  weight.data = static_cast<const uint8_t *>(view.data);
  to.push_back(std::move(weight));
  return {};
}

Status findWeights(const terrazzo_program_options &from, WeightSource &to) {
  for (size_t i = 0; from.weights && i < from.weight_count; ++i)
    if (Status status = readWeight(from.weights[i], to.inMemory); !status)
      return status;
  if (!from.weights_path)
    return {};
  if (!to.inMemory.empty())
    return usage("weights are given by a file and in memory; give one");
  auto file = formats::ModelFile::open(from.weights_path);
  if (!file)
    return file.takeError();
  to.file = std::move(*file);
  return {};
}

Status open(const terrazzo_program_options &from, terrazzo_program &program) {
  auto package = openPackage(from);
  if (!package)
    return package.takeError();
  WeightSource weights;
  if (Status status = findWeights(from, weights); !status)
    return status;
  ExecutionOptions options;
  options.target = textOf(from.target);
  options.cacheFolder = textOf(from.cache_folder);
  options.contextSize = from.cache_rows;
  options.threads = {from.threads};
  auto device = deviceNamed(from.device);
  if (!device)
    return device.takeError();
  options.device = std::move(*device);
  auto model =
      LoadedModel::create(std::move(*package), std::move(weights), options);
  if (!model)
    return model.takeError();
  program.model = std::move(*model);
  auto runner = FunctionRunner::open(*program.model, options);
  if (!runner)
    return runner.takeError();
  program.runner = std::move(*runner);
  for (uint32_t i = 0; i < program.runner->functions(); ++i) {
    const package::Function &function = program.runner->function(i);
    program.texts.push_back({package::describe(function),
                             dimsOf(function, function.arguments()),
                             dimsOf(function, function.results())});
  }
  return {};
}

int answerValue(terrazzo_program *program, uint32_t function, uint32_t number,
                terrazzo_value_facts *facts, bool result) {
  if (!program || function >= program->runner->functions())
    return int(ExitCode::Usage);
  const package::Function &from = program->runner->function(function);
  const auto *values = result ? from.results() : from.arguments();
  if (number >= count(values))
    return program->answer(
        usage("there is no value of that number", from.name()->str()));
  const package::Value &value = *values->Get(number);
  const FunctionTexts &texts = program->texts[function];
  const std::vector<int64_t> &dims =
      (result ? texts.resultDims : texts.argumentDims)[number];
  terrazzo_value_facts full = {sizeof(full),     value.name()->c_str(),
                               dims.data(),      uint32_t(dims.size()),
                               elementOf(value), value.limit()};
  return narrowed(full, facts);
}

/// Checks views against a function's values and finds its sizes.
class ViewReader {
public:
  explicit ViewReader(const package::Function &function)
      : function(function), solver(function) {}

  /// Of arguments, then of results: all but dimensions, and the sizes that they
  /// tell.
  Status read(const terrazzo_view *const *views, size_t number, bool results,
              std::vector<Array> &to) {
    const auto *values = results ? function.results() : function.arguments();
    if (number != count(values) || (number && !views))
      return fail(std::to_string(number) +
                  (results ? " results" : " arguments") + " are given, of " +
                  std::to_string(count(values)));
    to.clear();
    for (uint32_t i = 0; i < number; ++i) {
      if (!views[i])
        return fail("the view of '" + values->Get(i)->name()->str() +
                    "' is null");
      terrazzo_view view = widened(*views[i]);
      if (Status status = check(*values->Get(i), view); !status)
        return status;
      to.push_back({view.data, view.place == TERRAZZO_DEVICE});
    }
    return {};
  }

  /// What follows from the sizes; a size that is nobody's dimension is 0.
  Status checkShapes(const terrazzo_view *const *arguments,
                     const terrazzo_view *const *results, uint64_t cacheRows) {
    package::Extents extents;
    if (std::string why = extents.compute(function, solver.sizes(), cacheRows);
        !why.empty())
      return fail(why);
    Status status = checkShapes(function.arguments(), arguments, extents);
    return status ? checkShapes(function.results(), results, extents) : status;
  }

  std::span<const uint64_t> sizes() const { return solver.sizes(); }

private:
  using Values = flatbuffers::Vector<flatbuffers::Offset<package::Value>>;

  Error fail(const std::string &why) const {
    return usage(why, package::describe(function));
  }

  Status checkShapes(const Values *values, const terrazzo_view *const *views,
                     const package::Extents &extents) const {
    for (uint32_t i = 0; i < count(values); ++i)
      for (uint32_t d = 0; d < count(values->Get(i)->dims()); ++d)
        if (uint64_t wanted = extents.of(*values->Get(i)->dims()->Get(d));
            views[i]->shape[d] != int64_t(wanted))
          return fail(nameOf(*values->Get(i)) + "dimension " +
                      std::to_string(d) + " of its view has " +
                      std::to_string(views[i]->shape[d]) + ", not " +
                      std::to_string(wanted));
    return {};
  }

  std::string nameOf(const package::Value &value) const {
    return "'" + value.name()->str() + "' is " +
           package::describeType(function, value) + ", and ";
  }

  Status check(const package::Value &value, const terrazzo_view &view) {
    auto wrong = [&](const std::string &why) {
      return fail(nameOf(value) + why);
    };
    if (view.element != elementOf(value))
      return wrong("its view is of another element");
    if (view.rank != count(value.dims()) || (view.rank && !view.shape))
      return wrong("its view has " + std::to_string(view.rank) + " dimensions");
    if (view.place > TERRAZZO_DEVICE)
      return wrong("its view lies in an unknown place");
    bool empty = false;
    for (uint32_t d = 0; d < view.rank; ++d) {
      if (view.shape[d] < 0)
        return wrong("dimension " + std::to_string(d) + " of its view has " +
                     std::to_string(view.shape[d]));
      empty |= view.shape[d] == 0;
    }
    // None is below 0.
    std::span shape(reinterpret_cast<const uint64_t *>(view.shape), view.rank);
    if (std::string why = solver.note(value, shape); !why.empty())
      return fail(why);
    if (!view.data && !empty)
      return wrong("its view has no data");
    if (view.strides && !empty && !isDense(view))
      return wrong("its view is not dense; make it contiguous");
    return {};
  }

  const package::Function &function;
  package::SizeSolver solver;
};

} // namespace

uint32_t terrazzo_program_version(void) { return TERRAZZO_PROGRAM_VERSION; }

int terrazzo_program_open(const terrazzo_program_options *options,
                          terrazzo_program **program, char *error,
                          size_t errorBytes) {
  if (!options || !program)
    return int(ExitCode::Usage);
  *program = nullptr;
  std::unique_ptr<terrazzo_program> made;
  Status status = guarded([&] {
    made = std::make_unique<terrazzo_program>();
    return open(widened(*options), *made);
  });
  if (!status)
    return told(status.error(), error, errorBytes);
  *program = made.release();
  return 0;
}

void terrazzo_program_close(terrazzo_program *program) { delete program; }

const char *terrazzo_program_error(const terrazzo_program *program) {
  return program ? program->error.c_str() : "";
}

uint32_t terrazzo_program_functions(const terrazzo_program *program) {
  return program ? program->runner->functions() : 0;
}

int terrazzo_program_find(terrazzo_program *program, const char *name,
                          uint32_t *function) {
  if (!program || !function)
    return int(ExitCode::Usage);
  return program->answer(guarded([&]() -> Status {
    auto found = program->runner->find(name ? name : "");
    if (!found)
      return found.takeError();
    *function = *found;
    return {};
  }));
}

int terrazzo_program_function(terrazzo_program *program, uint32_t function,
                              terrazzo_function_facts *facts) {
  if (!program || function >= program->runner->functions())
    return int(ExitCode::Usage);
  const package::Function &from = program->runner->function(function);
  terrazzo_function_facts full = {
      sizeof(full),
      from.name()->c_str(),
      program->texts[function].signature.c_str(),
      count(from.sizes()) ? from.sizes()->Get(0)->c_str() : "",
      count(from.sizes()) ? program->runner->largestSize(function, 0) : 1,
      count(from.arguments()),
      count(from.results()),
      count(from.sizes()),
      0};
  return narrowed(full, facts);
}

int terrazzo_program_size(terrazzo_program *program, uint32_t function,
                          uint32_t number, terrazzo_size_facts *facts) {
  if (!program || function >= program->runner->functions())
    return int(ExitCode::Usage);
  const package::Function &from = program->runner->function(function);
  if (number >= count(from.sizes()))
    return program->answer(
        usage("there is no size of that number", from.name()->str()));
  terrazzo_size_facts full = {sizeof(full), from.sizes()->Get(number)->c_str(),
                              program->runner->largestSize(function, number)};
  return narrowed(full, facts);
}

int terrazzo_program_result_shape(terrazzo_program *program, uint32_t function,
                                  uint32_t number, const uint64_t *sizes,
                                  size_t sizeCount, int64_t *shape) {
  if (!program || function >= program->runner->functions() || !shape ||
      (sizeCount && !sizes))
    return int(ExitCode::Usage);
  return program->answer(guarded([&]() -> Status {
    const package::Function &from = program->runner->function(function);
    if (number >= count(from.results()) || sizeCount != count(from.sizes()))
      return usage("there is no result of that number, or there are not as "
                   "many sizes",
                   package::describe(from));
    package::Extents extents;
    if (std::string why =
            extents.compute(from, {sizes, sizeCount}, program->model->context);
        !why.empty())
      return usage(why, package::describe(from));
    for (uint64_t size : extents.shape(*from.results()->Get(number)))
      *shape++ = int64_t(size);
    return {};
  }));
}

int terrazzo_program_argument(terrazzo_program *program, uint32_t function,
                              uint32_t number, terrazzo_value_facts *facts) {
  return answerValue(program, function, number, facts, /*result=*/false);
}

int terrazzo_program_result(terrazzo_program *program, uint32_t function,
                            uint32_t number, terrazzo_value_facts *facts) {
  return answerValue(program, function, number, facts, /*result=*/true);
}

int terrazzo_program_call(terrazzo_program *program, uint32_t function,
                          const terrazzo_view *const *arguments,
                          size_t argumentCount,
                          const terrazzo_view *const *results,
                          size_t resultCount) {
  if (!program || function >= program->runner->functions())
    return int(ExitCode::Usage);
  return program->answer(guarded([&] {
    ViewReader reader(program->runner->function(function));
    uint64_t cacheRows = program->model->context;
    Status status = reader.read(arguments, argumentCount, /*results=*/false,
                                program->arguments);
    if (status)
      status =
          reader.read(results, resultCount, /*results=*/true, program->results);
    if (status)
      status = reader.checkShapes(arguments, results, cacheRows);
    return status ? program->runner->call(function, reader.sizes(),
                                          program->arguments, program->results)
                  : status;
  }));
}

uint32_t terrazzo_program_states(const terrazzo_program *program) {
  return program ? count(program->model->root().states()) : 0;
}

int terrazzo_program_state(terrazzo_program *program, uint32_t state,
                           terrazzo_state_facts *facts) {
  if (state >= terrazzo_program_states(program))
    return int(ExitCode::Usage);
  const package::State &from = *program->model->root().states()->Get(state);
  terrazzo_state_facts full = {sizeof(full),
                               from.name()->c_str(),
                               from.type() ? from.type()->c_str() : "",
                               from.row_bytes(),
                               from.rows() ? from.rows()
                                           : program->model->context,
                               program->model->stateBytes(from)};
  return narrowed(full, facts);
}

int terrazzo_program_read_state(terrazzo_program *program, uint32_t state,
                                void *to, size_t bytes) {
  if (!to || state >= terrazzo_program_states(program))
    return int(ExitCode::Usage);
  return program->answer(guarded([&]() -> Status {
    uint64_t wanted = program->model->stateBytes(
        *program->model->root().states()->Get(state));
    if (bytes != wanted)
      return usage("the state has " + std::to_string(wanted) + " bytes, and " +
                   std::to_string(bytes) + " are asked for");
    return program->runner->runs().readState(state, static_cast<uint8_t *>(to));
  }));
}

int terrazzo_program_reset_states(terrazzo_program *program) {
  if (!program)
    return int(ExitCode::Usage);
  return program->answer(
      guarded([&] { return program->runner->resetStates(); }));
}

size_t terrazzo_devices(char *text, size_t textBytes) {
  std::string all;
  Status listed = guarded([&]() -> Status {
    all = "cpu\n";
    for (const DeviceDescription &device : DeviceCatalogue::read().devices)
      for (const std::string &name : device.probes())
        all += name + "\n";
    return {};
  });
  if (!listed)
    all.clear();
  if (text && textBytes > 0) {
    size_t shown = std::min(all.size(), textBytes - 1);
    memcpy(text, all.data(), shown);
    text[shown] = '\0';
  }
  return all.size() + 1;
}
