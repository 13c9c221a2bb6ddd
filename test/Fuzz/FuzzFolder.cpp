// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as one of the files of a model's folder, the others being sound:
// opened, every tensor's first and last byte read, the tokenizer built and
// used. The first byte says which file, and of which kind the model is.
#include "ReadTensors.h"
#include "encode/SentenceSettings.h"
#include "formats/ModelFile.h"
#include "text/Tokenizer.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

using namespace terrazzo;

namespace {

struct Model {
  std::string_view config, tokenizer, header;
};

constexpr Model bert = {
    R"({"model_type": "bert", "vocab_size": 6, "hidden_size": 1,
        "num_hidden_layers": 1, "num_attention_heads": 1,
        "intermediate_size": 1, "max_position_embeddings": 2})",
    R"({"added_tokens": [{"id": 0, "content": "[UNK]", "special": true},
                         {"id": 1, "content": "[CLS]", "special": true},
                         {"id": 2, "content": "[SEP]", "special": true}],
        "normalizer": {"type": "BertNormalizer"},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1],
                           "sep": ["[SEP]", 2]},
        "model": {"type": "WordPiece", "unk_token": "[UNK]",
                  "continuing_subword_prefix": "##",
                  "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3,
                            "##a": 4, "b": 5}}})",
    R"({"embeddings.LayerNorm.weight":
        {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})"};

constexpr Model modernBert = {
    R"({"model_type": "modernbert", "vocab_size": 6, "hidden_size": 2,
        "num_hidden_layers": 2, "num_attention_heads": 1,
        "intermediate_size": 1, "max_position_embeddings": 2,
        "layer_types": ["full_attention", "sliding_attention"],
        "rope_parameters": {"full_attention": {"rope_theta": 9.0},
                            "sliding_attention": {"rope_theta": 9.0}}})",
    R"({"added_tokens": [{"id": 1, "content": "[CLS]", "special": true},
                         {"id": 2, "content": "[SEP]", "special": true}],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
        "post_processor": {"type": "RobertaProcessing", "cls": ["[CLS]", 1],
                           "sep": ["[SEP]", 2]},
        "model": {"type": "BPE", "merges": ["a b"],
                  "vocab": {"a": 0, "[CLS]": 1, "[SEP]": 2, "b": 3,
                            "ab": 4}}})",
    R"({"layers.0.mlp.Wi.bias":
        {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}})"};

/// A decoder, with a part of most kinds in its tokenizer.
constexpr Model gemma3 = {
    R"({"model_type": "gemma3_text", "vocab_size": 6, "hidden_size": 2,
        "num_hidden_layers": 2, "num_attention_heads": 1, "head_dim": 2,
        "num_key_value_heads": 1, "intermediate_size": 1,
        "layer_types": ["sliding_attention", "full_attention"],
        "rope_parameters": {"full_attention": {"rope_theta": 9.0},
                            "sliding_attention": {"rope_theta": 9.0}}})",
    R"({"added_tokens": [{"id": 1, "content": "[SEP]", "special": true,
                          "normalized": true, "lstrip": true}],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"},
            {"type": "Replace", "pattern": {"Regex": " +"}, "content": " "},
            {"type": "Precompiled",
             "precompiled_charsmap": "CAAAAAAEAAAAAAAAYQA="},
            {"type": "Prepend", "prepend": "b"}, {"type": "Strip"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": "\\w+"},
             "behavior": "MergedWithNext", "invert": true},
            {"type": "Metaspace", "prepend_scheme": "first"},
            {"type": "Digits"}, {"type": "Punctuation"}]},
        "post_processor": {"type": "TemplateProcessing", "single": [
            {"SpecialToken": {"id": "[SEP]"}}, {"Sequence": {"id": "A"}}]},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": true,
                  "vocab": [["?", -1.5], ["[SEP]", 0], ["a", -2], ["ab", -1],
                            ["b", -3], ["<0xC3>", -4]]}})",
    R"({"model.norm.weight":
        {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}})"};

/// A folder with these files, for as long as it lives.
class Folder {
public:
  explicit Folder(const Model &model) {
    path = "/dev/shm/terrazzo-fuzz-" + std::to_string(::getpid());
    std::filesystem::create_directories(path + "/1_Pooling");
    uint64_t length = model.header.size();
    std::string weights(reinterpret_cast<const char *>(&length),
                        sizeof(length));
    write("model.safetensors",
          weights + std::string(model.header) + std::string("\0\0\0\0", 4));
    write("config.json", model.config);
    write("tokenizer.json", model.tokenizer);
    write("modules.json", "[]");
    write("1_Pooling/config.json", "{}");
    for (const char *name :
         {"model.safetensors.index.json", "generation_config.json",
          "tokenizer_config.json", "chat_template.jinja"})
      ::unlink((path + "/" + name).c_str());
  }
  void write(const std::string &name, std::string_view content) const {
    std::ofstream(path + "/" + name, std::ios::binary) << content;
  }
  std::string path;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr const char *files[] = {"model.safetensors",
                                   "config.json",
                                   "tokenizer.json",
                                   "modules.json",
                                   "model.safetensors.index.json",
                                   "generation_config.json",
                                   "tokenizer_config.json",
                                   "chat_template.jinja"};
  if (size == 0)
    return 0;
  constexpr const Model *models[] = {&bert, &modernBert, &gemma3};
  Folder folder(*models[data[0] / std::size(files) % std::size(models)]);
  folder.write(files[data[0] % std::size(files)],
               {reinterpret_cast<const char *>(data) + 1, size - 1});
  auto file = formats::ModelFile::open(folder.path);
  if (!file)
    return 0;
  readTensors(**file);
  (void)encode::readSentenceSettings(**file);
  auto words = text::Tokenizer::create(**file);
  if (!words)
    return 0;
  bool cut = false;
  auto ids =
      (*words)->encodeSentence("Aab b\xC3\xA9! \xE5\x8C\x97 [SEP]", 7, cut);
  if (ids)
    (void)(*words)->decode(*ids, true);
  return 0;
}
