// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Encoder.h.
#include "encode/Encoder.h"

#include "formats/NonFinite.h"
#include "package/Count.h"

#include <algorithm>
#include <cmath>

namespace terrazzo::encode {

using package::count;

namespace {

/// What the function's arguments are called, by their roles.
constexpr std::string_view roles[] = {"tokens", "positions", "first", "end",
                                      "types"};
enum Role : size_t { Tokens, Positions, First, End, Types };

bool isRows(const package::Value &value, std::string_view type, uint32_t rank) {
  return value.type()->string_view() == type && count(value.dims()) == rank &&
         value.dims()->Get(0)->extent() == 0 &&
         (rank == 1 || value.dims()->Get(1)->extent() < 0);
}

/// One vector of a text's rows.
void pool(std::span<const float> rows, uint32_t width,
          const SentenceSettings &settings, float *vector) {
  std::vector<double> sum(width, 0);
  size_t taken =
      settings.pooling == Pooling::FirstToken ? 1 : rows.size() / width;
  for (size_t row = 0; row < taken; ++row)
    for (uint32_t i = 0; i < width; ++i)
      sum[i] += rows[row * width + i];
  double squares = 0;
  for (double &value : sum) {
    value /= double(taken);
    squares += value * value;
  }
  // As torch.nn.functional.normalize: a length of almost nothing stays so.
  constexpr double shortest = 1e-12;
  double factor =
      settings.normalize ? 1 / std::max(std::sqrt(squares), shortest) : 1;
  for (uint32_t i = 0; i < width; ++i)
    vector[i] = float(sum[i] * factor);
}

} // namespace

Expected<std::unique_ptr<Encoder>>
Encoder::open(const exec::LoadedModel &model,
              const exec::ExecutionOptions &options) {
  std::unique_ptr<Encoder> encoder(new Encoder);
  if (std::string why = encoder->findRoles(model); !why.empty())
    return Error{ExitCode::PackageIncompatible,
                 "TZ0708",
                 "the model is no encoder",
                 model.file.path(),
                 std::move(why),
                 "`terrazzo inspect` shows its functions"};
  auto runner = exec::FunctionRunner::open(model, options);
  if (!runner)
    return runner.takeError();
  encoder->runs = std::move(*runner);
  auto found = encoder->runs->find("encode");
  if (!found)
    return found.takeError();
  encoder->function = *found;
  encoder->most = uint32_t(encoder->runs->largestSize(*found, 0));
  return encoder;
}

std::string Encoder::findRoles(const exec::LoadedModel &model) {
  const package::Function *source = model.function("encode");
  if (!source)
    return "it has no function 'encode'";
  for (uint32_t i = 0; i < count(source->arguments()); ++i) {
    const package::Value &value = *source->arguments()->Get(i);
    auto role = std::find(std::begin(roles), std::end(roles),
                          value.name()->string_view());
    if (role == std::end(roles) || !isRows(value, "i32", 1))
      return "nobody knows the argument '" + value.name()->str() +
             "' of its 'encode'";
    order.push_back(size_t(role - std::begin(roles)));
  }
  hasTypes = std::find(order.begin(), order.end(), Types) != order.end();
  if (order.size() != (hasTypes ? Types + 1 : Types) ||
      count(source->results()) != 1 || count(source->sizes()) != 1 ||
      !isRows(*source->results()->Get(0), "f32", 2))
    return "its 'encode' is not tokens, positions, first, end: i32[T] -> "
           "hidden: f32[T, H]";
  columns = uint32_t(source->results()->Get(0)->dims()->Get(1)->value());
  return {};
}

Status Encoder::embed(std::span<const std::vector<int32_t>> texts,
                      const SentenceSettings &settings, uint32_t rows,
                      float *vectors) {
  size_t room = rows == 0 ? most : std::min(rows, most);
  for (size_t begin = 0; begin < texts.size();) {
    size_t end = begin + 1, filled = texts[begin].size();
    while (end < texts.size() && filled + texts[end].size() <= room)
      filled += texts[end++].size();
    if (Status status = callWith(texts.subspan(begin, end - begin), settings,
                                 vectors + begin * columns);
        !status)
      return status;
    begin = end;
  }
  return {};
}

Status Encoder::callWith(std::span<const std::vector<int32_t>> texts,
                         const SentenceSettings &settings, float *vectors) {
  for (auto &values : arguments)
    values.clear();
  for (const std::vector<int32_t> &text : texts) {
    size_t first = arguments[Tokens].size(), end = first + text.size();
    arguments[Tokens].insert(arguments[Tokens].end(), text.begin(), text.end());
    for (size_t i = 0; i < text.size(); ++i)
      arguments[Positions].push_back(int32_t(i));
    arguments[First].resize(end, int32_t(first));
    arguments[End].resize(end, int32_t(end));
    arguments[Types].resize(end, 0);
  }
  size_t rows = arguments[Tokens].size();
  hidden.resize(std::max(hidden.size(), rows * columns));
  std::vector<exec::Array> given;
  for (size_t role : order)
    given.push_back({arguments[role].data(), false});
  exec::Array result{hidden.data(), false};
  uint64_t sizes[] = {rows};
  if (Status status = runs->call(function, sizes, given, {&result, 1}); !status)
    return status;
  size_t row = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    std::span<const float> own(hidden.data() + row * columns,
                               texts[i].size() * columns);
    pool(own, columns, settings, vectors + i * columns);
    row += texts[i].size();
  }
  if (formats::allFinite(vectors, texts.size() * columns))
    return {};
  return Error{ExitCode::NumericsFailed,
               "TZ0805",
               "the model gives numbers that are not finite",
               runs->loaded().file.path(),
               "a text's vector has one",
               "the file may be damaged or badly converted"};
}

} // namespace terrazzo::encode
