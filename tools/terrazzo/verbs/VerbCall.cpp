// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo call: any function of a package, or of a model, on arrays.
#include "CallArrays.h"
#include "Interrupt.h"
#include "Output.h"
#include "open/OpenPackage.h"
#include "options/Flags.h"
#include "package/Count.h"
#include "verbs/Verbs.h"

#include "exec/FunctionRunner.h"
#include "package/Describe.h"
#include "package/Values.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>

using namespace terrazzo;
using nlohmann::ordered_json;
using package::count;

namespace {

struct CallOptions {
  std::string function;
  std::vector<std::string> inputs, outputs, sizes;
  std::optional<uint64_t> seed;
  uint32_t repeat = 1;
};

/// Splits "NAME=REST" words; TZ0001 for one without a name, or given twice.
Status split(const std::string &flag, const std::vector<std::string> &words,
             std::map<std::string, std::string> &to) {
  for (const std::string &word : words) {
    size_t at = word.find('=');
    bool good = at != std::string::npos && at > 0 && at + 1 < word.size();
    if (!good || !to.emplace(word.substr(0, at), word.substr(at + 1)).second)
      return Error{ExitCode::Usage,
                   "TZ0001",
                   flag + " is not understood",
                   word,
                   good ? "the name is given twice" : "it is not NAME=VALUE",
                   "`terrazzo call --help` shows the form"};
  }
  return {};
}

ordered_json valuesToJson(const package::Function &function,
                          const CallArrays &arrays, bool results) {
  ordered_json all = ordered_json::object();
  const auto *values = results ? function.results() : function.arguments();
  for (uint32_t i = 0; i < count(values); ++i)
    all[values->Get(i)->name()->str()] = {
        {"type", values->Get(i)->type()->str()},
        {"shape", arrays.extents().shape(*values->Get(i))}};
  return all;
}

/// The first elements of a result, for a person.
std::string firstElements(const package::Value &value, const uint8_t *data,
                          uint64_t elements) {
  constexpr uint64_t shown = 6;
  const auto &type = package::elementTypeOf(value);
  std::string text;
  char number[40];
  for (uint64_t i = 0; i < std::min(elements, shown); ++i) {
    const uint8_t *at = data + i * type.bytes;
    if (type.word == "f32") {
      float element;
      memcpy(&element, at, sizeof(element));
      std::snprintf(number, sizeof(number), "%.6g", double(element));
    } else if (type.word == "f64") {
      double element;
      memcpy(&element, at, sizeof(element));
      std::snprintf(number, sizeof(number), "%.6g", element);
    } else if (type.word == "f16") {
      _Float16 element;
      memcpy(&element, at, sizeof(element));
      std::snprintf(number, sizeof(number), "%.4g", double(element));
    } else if (type.word == "bf16") {
      float element = 0;
      memcpy(reinterpret_cast<uint8_t *>(&element) + 2, at, 2);
      std::snprintf(number, sizeof(number), "%.3g", double(element));
    } else {
      std::snprintf(number, sizeof(number), "%lld",
                    static_cast<long long>(package::integerAt(type, data, i)));
    }
    text += (i ? " " : " = ") + std::string(number);
  }
  return text + (elements > shown ? " ..." : "");
}

Status writeOutputs(const package::Function &function, const CallArrays &arrays,
                    const std::map<std::string, std::string> &files) {
  for (uint32_t i = 0; i < count(function.results()); ++i) {
    const package::Value &value = *function.results()->Get(i);
    auto file = files.find(value.name()->str());
    if (file == files.end())
      continue;
    const auto &type = package::elementTypeOf(value);
    formats::NpyWriter writer;
    Status status = writer.open(file->second, std::string(type.npy),
                                arrays.extents().shape(value));
    if (status)
      status =
          writer.write(arrays.results()[i].data, arrays.extents().bytes(value));
    if (status)
      status = writer.close();
    if (!status)
      return status;
  }
  return {};
}

/// Every --output names a result that a file can hold.
Status checkOutputs(const package::Function &function,
                    const std::map<std::string, std::string> &files) {
  for (const auto &[name, path] : files) {
    bool found = false;
    for (uint32_t i = 0; i < count(function.results()); ++i)
      found |= function.results()->Get(i)->name()->string_view() == name &&
               !package::elementTypeOf(*function.results()->Get(i)).npy.empty();
    if (!found)
      return Error{ExitCode::Usage,
                   "TZ0042",
                   "the function cannot be called so",
                   package::describe(function),
                   "it has no result '" + name + "' that an .npy file can hold",
                   "--output NAME=FILE.npy names one of its results"};
  }
  return {};
}

Status print(const package::Function &function, const CallArrays &arrays,
             double seconds, bool json) {
  if (json)
    return writeJson({{"function", function.name()->str()},
                      {"inputs", valuesToJson(function, arrays, false)},
                      {"outputs", valuesToJson(function, arrays, true)},
                      {"seconds", seconds}});
  std::string text;
  for (uint32_t i = 0; i < count(function.results()); ++i) {
    const package::Value &value = *function.results()->Get(i);
    uint64_t elements = 1;
    std::string shape;
    for (uint64_t size : arrays.extents().shape(value)) {
      shape += (shape.empty() ? "[" : ", ") + std::to_string(size);
      elements *= size;
    }
    text += value.name()->str() + ": " + value.type()->str() + shape +
            (shape.empty() ? "" : "]") +
            firstElements(
                value, static_cast<const uint8_t *>(arrays.results()[i].data),
                elements) +
            "\n";
  }
  return writeResult(text);
}

Status call(const CallOptions &options, const CommonOptions &common) {
  Notes notes(common.quiet, common.why);
  std::map<std::string, std::string> outputs, sizes;
  CallInputs inputs;
  inputs.seed = options.seed;
  std::vector<std::string> named;
  for (const std::string &word : options.inputs)
    (word.find('=') == std::string::npos ? inputs.inOrder : named)
        .push_back(word);
  if (Status status = split("--input", named, inputs.files); !status)
    return status;
  if (Status status = split("--output", options.outputs, outputs); !status)
    return status;
  if (Status status = split("--size", options.sizes, sizes); !status)
    return status;
  constexpr uint64_t largest = INT32_MAX; // as a function may have
  for (const auto &[name, text] : sizes)
    inputs.sizes[name] = wholeNumber("--size", text, 0, largest);
  auto opened = openPackage(common, notes);
  if (!opened)
    return opened.takeError();
  auto model = exec::LoadedModel::create(std::move(opened->package),
                                         opened->weights, opened->options);
  if (!model)
    return model.takeError();
  auto runner = exec::FunctionRunner::open(**model, opened->options);
  if (!runner)
    return runner.takeError();
  auto index = (*runner)->find(options.function);
  if (!index)
    return index.takeError();
  const package::Function &function = (*runner)->function(*index);
  if (Status status = checkOutputs(function, outputs); !status)
    return status;
  for (uint32_t i = 0; i < count(function.sizes()); ++i)
    inputs.largest.push_back((*runner)->largestSize(*index, i));
  auto arrays = CallArrays::make(function, inputs, (*model)->context);
  if (!arrays)
    return arrays.takeError();
  describePackage((*model)->root(), notes,
                  opened->options.device ? nameOf(*opened->options.device)
                                         : std::string());
  std::vector<double> seconds;
  for (uint32_t i = 0; i < options.repeat && !interrupted(); ++i) {
    double begin = secondsNow();
    if (Status status = (*runner)->call(*index, arrays->sizes(),
                                        arrays->arguments(), arrays->results());
        !status)
      return status;
    seconds.push_back(secondsNow() - begin);
  }
  if (seconds.empty())
    return {};
  if (Status status = writeOutputs(function, *arrays, outputs); !status)
    return status;
  std::nth_element(seconds.begin(), seconds.begin() + long(seconds.size() / 2),
                   seconds.end());
  double median = seconds[seconds.size() / 2];
  if (options.repeat > 1)
    notes.line("median of " + std::to_string(seconds.size()) +
               " calls: " + decimals(median * 1e6, 1) + " us");
  return print(function, *arrays, median, common.json);
}

} // namespace

void addCallVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  auto options = std::make_shared<CallOptions>();
  CLI::App *verb = app.add_subcommand(
      "call", "run a function of a package, or of a model, on arrays");
  auto *package = verb->add_option("package", common.package, "package (.tzp)")
                      ->check(notEmpty)
                      ->type_name("PACKAGE");
  auto *model =
      verb->add_option(
              "-m,--model", common.model,
              "model (GGUF, ONNX, a folder of safetensors, a module of tz: "
              ".mlir); with a package, that of its weights")
          ->check(notEmpty)
          ->type_name("PATH");
  addName(*verb, "--weights", common.weightsFile,
          "model that has the weights that a module names", "PATH")
      ->needs(model)
      ->excludes(package);
  addName(*verb, "--function", options->function,
          "which one (default: the only one)", "NAME");
  verb->add_option("--input", options->inputs,
                   "an argument, from a file; without a name the next one")
      ->type_name("[NAME=]FILE.npy");
  verb->add_option("--output", options->outputs, "where a result goes")
      ->type_name("NAME=FILE.npy");
  verb->add_option("--size", options->sizes,
                   "a size of the function, where no input tells it")
      ->type_name("NAME=N");
  addWhole<uint64_t>(*verb, "--random", options->seed, 0, UINT64_MAX,
                     "draw the arguments that no file brings", "SEED");
  addWhole<uint32_t>(*verb, "--repeat", options->repeat, 1, 1000000,
                     "call so often; the median of the seconds is told");
  addComputeOptions(*verb, common);
  addOutputOptions(*verb, common);
  verb->callback([&common, options, &exitCode] {
    if (common.package.empty() && common.model.empty())
      throw CLI::RequiredError("a package, or -m");
    exitCode = report(call(*options, common));
  });
}
