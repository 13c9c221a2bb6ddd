// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model as Hugging Face's libraries keep it: config.json, one or several
// safetensors files, tokenizer.json, and for sentence vectors modules.json with
// what it names. It is read under the names that GGUF has for the same, so that
// everything behind ModelFile knows one vocabulary:
//
//   config.json                 -> general.architecture, "bert.block_count" ...
//   model*.safetensors          -> tensors, "blk.0.attn_q.weight" ...
//   tokenizer.json              -> tokenizer.ggml.*
//   modules.json, 1_Pooling/    -> "bert.pooling_type", embedding.*
//   generation_config.json, preprocessor_config.json -> speech.*
//
// Pickled weights are refused. Errors: TZ0117 not a model's folder, TZ0118 and
// TZ0119 malformed JSON and safetensors, TZ0120 a setting that is not
// supported, TZ0201 a tokenizer that is not.
#pragma once

#include "formats/ModelFile.h"

namespace terrazzo::formats {

Expected<std::unique_ptr<ModelFile>> openFolder(const std::string &path);

} // namespace terrazzo::formats
