// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The list of architectures. To add one, write a file that reads like its
// paper, declare its function here and add a row in ImportModel.cpp.
#pragma once

#include "GraphBuilder.h"

namespace terrazzo {

/// Facts about a model that the module carries as attributes "tz.<name>".
using Facts = llvm::StringMap<int64_t>;

/// Of the settings of any architecture here.
template <typename SettingsT> Facts factsOf(const SettingsT &m) {
  return {{"layers", m.layers},
          {"hidden", m.hidden},
          {"vocabulary", m.vocabulary},
          {"context_length", m.context}};
}

/// Reads the settings, builds the functions, and answers with the facts. A
/// key of the architecture that it neither reads nor declares is refused.
/// Returns early when `metadata` has recorded a fault.
using BuildArchitecture = Facts (*)(GraphBuilder &graph, Metadata &metadata);

Facts buildLlama(GraphBuilder &graph, Metadata &metadata);
Facts buildBert(GraphBuilder &graph, Metadata &metadata);
Facts buildNomicBert(GraphBuilder &graph, Metadata &metadata);
Facts buildModernBert(GraphBuilder &graph, Metadata &metadata);
Facts buildWhisper(GraphBuilder &graph, Metadata &metadata);
Facts buildGemma3(GraphBuilder &graph, Metadata &metadata);
Facts buildQwen2(GraphBuilder &graph, Metadata &metadata);
Facts buildQwen3(GraphBuilder &graph, Metadata &metadata);

/// The settings that no architecture here computes with: known, and refused
/// unless they hold what leaves the model as it is. `attentionScale` is the
/// model's own.
void readDecoderSettings(Metadata &metadata, double attentionScale);

/// What a feed-forward applies, `usual` where the file does not say.
tz::ElementwiseFunction readActivation(Metadata &metadata,
                                       llvm::StringRef usual);

/// The same for encoders; gives what their feed-forward applies.
tz::ElementwiseFunction readEncoderSettings(Metadata &metadata,
                                            llvm::StringRef usual);

} // namespace terrazzo
