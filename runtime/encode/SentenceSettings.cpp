// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SentenceSettings.h.
#include "encode/SentenceSettings.h"

#include <algorithm>

namespace terrazzo::encode {

static Error unsupported(const formats::ModelFile &file,
                         const std::string &what) {
  return {ExitCode::ModelNotSupported,
          "TZ0715",
          "the model makes sentence vectors in a way that is not supported",
          file.path(),
          what + "; averages of tokens and the first token are",
          "`terrazzo call` gives the tokens' vectors"};
}

Expected<SentenceSettings>
readSentenceSettings(const formats::ModelFile &file) {
  auto architecture = file.getString("general.architecture");
  if (!architecture)
    return architecture.takeError();
  std::string prefix = std::string(*architecture) + ".";
  auto other = file.getString("embedding.unsupported", "");
  auto pooling = file.getUInt(prefix + "pooling_type", 1);
  auto normalize = file.getBool("embedding.normalize", true);
  auto positions = file.getUInt(prefix + "context_length");
  if (!other || !pooling || !normalize || !positions)
    return !other       ? other.takeError()
           : !pooling   ? pooling.takeError()
           : !normalize ? normalize.takeError()
                        : positions.takeError();
  auto most = file.getUInt("embedding.max_tokens", *positions);
  if (!most)
    return most.takeError();
  if (!other->empty())
    return unsupported(file, "it asks for " + std::string(*other));
  constexpr uint64_t none = 0, mean = 1, first = 2;
  if (*pooling != none && *pooling != mean && *pooling != first)
    return unsupported(file, "its pooling_type is " + std::to_string(*pooling));
  SentenceSettings settings;
  settings.pooling = *pooling == first ? Pooling::FirstToken : Pooling::Mean;
  settings.normalize = *normalize;
  settings.positions = uint32_t(std::min<uint64_t>(*positions, 1u << 30));
  settings.maxTokens = uint32_t(std::min<uint64_t>(*most, settings.positions));
  return settings;
}

} // namespace terrazzo::encode
