// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "decode/Decoder.h"
#include "package/Count.h"

#include <cstring>

namespace terrazzo::decode {

using namespace exec;
using package::count;

namespace {

/// The position's share of the inputs, which the tokens follow.
constexpr uint64_t positionBytes = 64;
constexpr uint64_t alignment = 64;

/// Calls that are the same for each token.
enum Recording : int { TokenOnly, TokenAndLogits, FirstRowLogits };

/// Whether `value` is what its role asks for; with `rows`, its first dimension
/// is the function's size.
bool is(const package::Value &value, std::string_view name,
        std::string_view type, uint32_t rank, bool rows) {
  if (value.name()->string_view() != name ||
      value.type()->string_view() != type || count(value.dims()) != rank)
    return false;
  for (uint32_t i = 0; i < rank; ++i)
    if (value.dims()->Get(i)->extent() != (rows && i == 0 ? 0 : -1))
      return false;
  return true;
}

/// The number of the value of that name; -1: there is none.
template <typename Values>
int find(const Values *values, std::string_view name, std::string_view type,
         uint32_t rank, bool rows) {
  for (uint32_t i = 0; i < count(values); ++i)
    if (is(*values->Get(i), name, type, rank, rows))
      return int(i);
  return -1;
}

} // namespace

Expected<std::unique_ptr<Decoder>>
Decoder::open(const LoadedModel &model, const ExecutionOptions &options,
              const char *trunk) {
  std::unique_ptr<Decoder> decoder(new Decoder(model));
  if (std::string why = decoder->findRoles(trunk); !why.empty())
    return Error{
        ExitCode::PackageIncompatible,
        "TZ0708",
        "this is not a language model",
        model.file.path(),
        std::move(why),
        "`terrazzo embed` is for encoders, `terrazzo transcribe` for speech, "
        "`terrazzo call` for any function"};
  if (Status status = decoder->allocate(options); !status)
    return status.takeError();
  return decoder;
}

std::string Decoder::findRoles(const std::string &trunkName) {
  trunks = model.programsOf(trunkName);
  heads = model.programsOf("head");
  if (trunks.empty() || heads.empty())
    return "it has no function '" + trunkName + "', or none 'head'";
  for (const std::string &name : {trunkName, std::string("head")})
    if (count(model.function(name)->sizes()) != 1)
      return "its '" + name + "' has other sizes than rows";
  const package::Function &trunk = *model.function(trunkName);
  const package::Function &head = *model.function("head");
  int tokens = find(trunk.arguments(), "tokens", "i32", 1, true);
  int position = find(trunk.arguments(), "position", "i32", 0, false);
  if (tokens < 0 || position < 0 || count(trunk.arguments()) != 2 ||
      count(trunk.results()) != 1 ||
      find(trunk.results(), "hidden", "f32", 2, true) < 0)
    return "its '" + trunkName +
           "' is not tokens: i32[T], position: i32[] -> hidden: f32[T, H]";
  if (count(head.arguments()) != 1 || count(head.results()) != 1 ||
      find(head.arguments(), "hidden", "f32", 2, true) < 0 ||
      find(head.results(), "logits", "f32", 2, true) < 0)
    return "its 'head' is not hidden: f32[R, H] -> logits: f32[R, V]";
  width = uint32_t(trunk.results()->Get(0)->dims()->Get(1)->value());
  columns = uint32_t(head.results()->Get(0)->dims()->Get(1)->value());
  if (head.arguments()->Get(0)->dims()->Get(1)->value() != width)
    return "its 'head' takes rows of another width than its '" + trunkName +
           "' gives";
  tokensNumber = size_t(tokens);
  return {};
}

Status Decoder::allocate(const ExecutionOptions &options) {
  uint64_t inputBytes =
      positionBytes + uint64_t(largestChunk()) * sizeof(int32_t);
  struct Need {
    Place *place;
    uint64_t bytes;
    Memory use;
    const char *purpose;
  } needs[] = {{&inputsPlace, inputBytes, Memory::Inputs, "tokens"},
               {&hiddenPlace, largestChunk() * rowBytes(), Memory::Results,
                "intermediate results"},
               {&stagingPlace, largestHead() * rowBytes(), Memory::Results,
                "intermediate results"},
               {&logitsPlace, largestHead() * logitsRowBytes(), Memory::Results,
                "logits"}};
  uint64_t total = 0;
  for (const Need &need : needs)
    total += need.bytes;
  auto executor = openExecutor(model, options, total);
  if (!executor)
    return executor.takeError();
  runs = std::move(*executor);
  for (const Need &need : needs) {
    auto place = runs->allocate(need.bytes, need.use, need.purpose);
    if (!place)
      return place.takeError();
    *need.place = *place;
  }
  inputs.assign(inputBytes, 0);
  // From now on a call allocates nothing.
  (void)invocation(trunks, 1, trunkExtents, {}, {});
  (void)invocation(heads, 1, headExtents, {}, {});
  trunkArguments[tokensNumber] = inputsPlace + positionBytes;
  trunkArguments[1 - tokensNumber] = inputsPlace;
  return {};
}

Invocation Decoder::invocation(const std::vector<uint32_t> &programs,
                               uint64_t rows, package::Extents &extents,
                               std::span<const Place> arguments,
                               std::span<const Place> results) const {
  uint32_t program = model.smallest(programs, {&rows, 1});
  // Rows are never more than a program takes. An expression that is no size is
  // 0, which no program's memory is too small for.
  [[maybe_unused]] std::string why =
      extents.compute(*model.root().functions()->Get(
                          uint32_t(model.programs[program]->function())),
                      {&rows, 1}, model.context);
  return {program, extents.data(), arguments, results};
}

/// Where a head writes: the caller's memory, where it may.
Place Decoder::placeFor(float *logits) const {
  Place own = runs->borrow(logits);
  return own.address ? own : logitsPlace;
}

Status Decoder::fetch(float *logits, Place from, uint32_t rows) {
  return from == logitsPlace ? runs->read(logits, from, rows * logitsRowBytes())
                             : Status();
}

Status Decoder::runTrunk(std::span<const int32_t> chunk, uint32_t position,
                         float *logits) {
  hiddenFetched = false;
  int32_t first = int32_t(position);
  memcpy(inputs.data(), &first, sizeof(first));
  memcpy(inputs.data() + positionBytes, chunk.data(), chunk.size_bytes());
  if (Status status = runs->write(inputsPlace, inputs.data(),
                                  positionBytes + chunk.size_bytes());
      !status)
    return status;
  Invocation calls[2];
  calls[0] = invocation(trunks, chunk.size(), trunkExtents, trunkArguments,
                        {&hiddenPlace, 1});
  uint32_t lastRow = uint32_t(chunk.size()) - 1;
  bool together = logits && lastRow * rowBytes() % alignment == 0;
  if (!together) {
    Status status = runs->run({calls, 1}, chunk.size() == 1 ? TokenOnly : -1);
    return status && logits ? runHead(lastRow, 1, logits) : status;
  }
  Place row = hiddenPlace + lastRow * rowBytes(), target = placeFor(logits);
  calls[1] = invocation(heads, 1, headExtents, {&row, 1}, {&target, 1});
  if (Status status = runs->run(calls, chunk.size() == 1 ? TokenAndLogits : -1);
      !status)
    return status;
  return fetch(logits, target, 1);
}

Status Decoder::runHead(uint32_t firstRow, uint32_t rows, float *logits) {
  Place input = hiddenPlace + firstRow * rowBytes();
  if (input.address % alignment != 0) {
    if (Status status = runs->copy(stagingPlace, input, rows * rowBytes());
        !status)
      return status;
    input = stagingPlace;
  }
  Place target = placeFor(logits);
  Invocation call =
      invocation(heads, rows, headExtents, {&input, 1}, {&target, 1});
  if (Status status = runs->run(
          {&call, 1}, firstRow == 0 && rows == 1 ? FirstRowLogits : -1);
      !status)
    return status;
  return fetch(logits, target, rows);
}

const float *Decoder::hidden(uint32_t rows) {
  if (!hiddenFetched) {
    hiddenRows.resize(uint64_t(rows) * width);
    hiddenFetched =
        bool(runs->read(hiddenRows.data(), hiddenPlace, rows * rowBytes()));
  }
  return hiddenFetched ? hiddenRows.data() : nullptr;
}

} // namespace terrazzo::decode
