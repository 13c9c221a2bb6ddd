// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SpeechModel.h.
#include "speech/SpeechModel.h"

#include "formats/NonFinite.h"
#include "package/Count.h"
#include "package/Values.h"

namespace terrazzo::speech {

using package::count;

Expected<std::unique_ptr<SpeechModel>>
SpeechModel::open(const exec::LoadedModel &model,
                  const exec::ExecutionOptions &options) {
  std::unique_ptr<SpeechModel> speech(new SpeechModel(model));
  if (std::string why = speech->findEncoder(); !why.empty())
    return Error{ExitCode::PackageIncompatible,
                 "TZ0708",
                 "this is not a model of speech",
                 model.file.path(),
                 std::move(why),
                 "`terrazzo inspect` shows its functions"};
  auto decoder = decode::Decoder::open(model, options, "decode");
  if (!decoder)
    return decoder.takeError();
  // Room for what stands before a window's text, and for text.
  constexpr uint32_t leastContext = 16;
  if (model.context < leastContext)
    return Error{ExitCode::PackageIncompatible,
                 "TZ0708",
                 "this is not a model of speech",
                 model.file.path(),
                 "its context has " + std::to_string(model.context) +
                     " tokens, at least 16 are needed",
                 "compile it again, with a larger context"};
  speech->decoder = std::move(*decoder);
  if (Status status = speech->allocate(); !status)
    return status.takeError();
  return speech;
}

std::string SpeechModel::findEncoder() {
  const package::Function *source = model.function("encode");
  std::vector<uint32_t> programs = model.programsOf("encode");
  if (!source || programs.empty() || model.programsOf("decode").empty())
    return "it has no function 'encode', or none 'decode'";
  auto isMatrix = [](const package::Value &value, const char *name) {
    return value.name()->string_view() == name &&
           value.type()->string_view() == "f32" && count(value.dims()) == 2 &&
           value.dims()->Get(0)->extent() < 0 &&
           value.dims()->Get(1)->extent() < 0;
  };
  if (count(source->sizes()) != 0 || count(source->arguments()) != 1 ||
      count(source->results()) != 1 ||
      !isMatrix(*source->arguments()->Get(0), "mel") ||
      !isMatrix(*source->results()->Get(0), "hidden"))
    return "its 'encode' is not mel: f32[B, F] -> hidden: f32[R, H]";
  encoder = programs.front();
  melBands = uint32_t(source->arguments()->Get(0)->dims()->Get(0)->value());
  melFrames = uint32_t(source->arguments()->Get(0)->dims()->Get(1)->value());
  std::string why = extents.compute(*source, {}, model.context);
  hiddenBytes = extents.bytes(*source->results()->Get(0));
  return why;
}

Status SpeechModel::allocate() {
  uint64_t melBytes = uint64_t(melBands) * melFrames * sizeof(float);
  for (auto [place, bytes] :
       {std::pair(&mel, melBytes), std::pair(&hidden, hiddenBytes)}) {
    auto made = decoder->executor().allocate(bytes, exec::Memory::Results,
                                             "a window of sound");
    if (!made)
      return made.takeError();
    *place = *made;
  }
  return {};
}

Status SpeechModel::encode(std::span<const float> values) {
  exec::Executor &executor = decoder->executor();
  Status status = executor.write(mel, values.data(), values.size_bytes());
  exec::Invocation call{encoder, extents.data(), {&mel, 1}, {&hidden, 1}};
  return status ? executor.run({&call, 1}) : std::move(status);
}

static Status checkFinite(const exec::LoadedModel &model,
                          std::span<const float> logits) {
  if (formats::allFinite(logits.data(), logits.size()))
    return model.weightsIntact();
  return Error{ExitCode::NumericsFailed,
               "TZ0805",
               "the model gives numbers that are not finite",
               model.weights ? model.weights->path() : model.file.path(),
               "a logit of its text is one",
               "the file may be damaged or badly converted"};
}

Status SpeechModel::decode(std::span<const int32_t> tokens, uint32_t position,
                           std::span<float> logits) {
  Status status = decoder->runTrunk(tokens, position, logits.data());
  return status ? checkFinite(model, logits) : std::move(status);
}

Status SpeechModel::logitsOf(uint32_t row, std::span<float> logits) {
  return decoder->runHead(row, 1, logits.data());
}

} // namespace terrazzo::speech
