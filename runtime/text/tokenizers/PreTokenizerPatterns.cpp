// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The regular expressions of the known pre-tokenizers, as their models'
// tokenizer definitions give them (GPT-2: github.com/openai/gpt-2,
// src/encoder.py; cl100k and o200k: github.com/openai/tiktoken).
//
// White space is spelt out because PCRE2's \s also holds U+180E, which
// Unicode's White_Space, that those definitions mean, does not.
#include "text/tokenizers/PreTokenizer.h"

#define WS                                                                     \
  "\\t-\\r\\x20\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}"   \
  "\\x{202F}\\x{205F}\\x{3000}"
#define SPACES "[" WS "]"
// What most rules end in: trailing space stays apart from the next word.
#define SPACE_RUNS SPACES "+(?![^" WS "])|" SPACES "+"
#define LINES SPACES "*[\\r\\n]+"
#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SYMBOLS " ?[^" WS "\\p{L}\\p{N}]+"

#define GPT2                                                                   \
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|" SYMBOLS "|" SPACE_RUNS
#define CL100K(DIGITS)                                                         \
  CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" DIGITS "|" SYMBOLS            \
               "[\\r\\n]*|" LINES "|" SPACE_RUNS
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define CASED(DIGITS, TAIL)                                                    \
  "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" TAIL                            \
  "|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*" TAIL "|" DIGITS "|" SYMBOLS    \
  "[\\r\\n/]*|" LINES "|" SPACE_RUNS

namespace terrazzo::text {

std::span<const PreTokenizerRule> preTokenizerRules() {
  static const std::vector<PreTokenizerRule> rules = {
      {{"gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling",
        "gpt2", "roberta-bpe", "gigachat"},
       {GPT2}},
      {{"modern-bert"}, {GPT2}, false, false, true},
      {{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone",
        "minerva-7b"},
       {"\\p{N}", GPT2}},
      {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral",
        "midm-2.0", "lfm2"},
       {CL100K("\\p{N}{1,3}")},
       true,
       true},
      {{"dbrx", "smaug-bpe", "glm4", "chatglm-bpe"}, {CL100K("\\p{N}{1,3}")}},
      {{"qwen2", "stablelm2", "hunyuan", "solar-open", "deepseek-r1-qwen",
        "megrez", "mellum"},
       {CL100K("\\p{N}")}},
      {{"gpt-4o", "llama4", "kanana2"},
       {CASED("\\p{N}{1,3}", CONTRACTIONS "?")}},
      {{"tekken"}, {CASED("\\p{N}", "")}, true, true},
      {{"falcon"}, {"[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]"}},
      {{"deepseek-v3"},
       {"\\p{N}{1,3}",
        "[\\x{4E00}-\\x{9FA5}\\x{3040}-\\x{309F}\\x{30A0}-"
        "\\x{30FF}]+",
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}"
        "\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|" LINES
        "|" SPACE_RUNS}},
      {{"default"},
       {"[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"}},
  };
  return rules;
}

} // namespace terrazzo::text
