// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo embed: sentence vectors, as the model's files say.
#include "Interrupt.h"
#include "Output.h"
#include "ReadInput.h"
#include "open/OpenPackage.h"
#include "options/Flags.h"
#include "verbs/Verbs.h"

#include "encode/Encoder.h"
#include "text/Tokenizer.h"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

struct EmbedOptions {
  std::string prompt;
  bool lines = false;
  uint32_t rows = 0;
  std::optional<uint32_t> maxTokens;
};

class Embedding {
public:
  Embedding(const EmbedOptions &options, const CommonOptions &common)
      : options(options), common(common), notes(common.quiet, common.why) {}

  Status run() {
    auto texts = options.lines ? readJsonLines()
                               : std::vector<std::string>{options.prompt};
    if (!texts)
      return texts.takeError();
    if (Status status = open(); !status)
      return status;
    // Parts of the work, so that a long list begins to answer at once.
    constexpr size_t part = 64;
    for (size_t begin = 0; begin < texts->size() && !interrupted();
         begin += part)
      if (Status status = embedPart(std::span(*texts).subspan(
              begin, std::min(part, texts->size() - begin)));
          !status)
        return status;
    if (shortened)
      notes.line("note: " + std::to_string(shortened) +
                 (shortened == 1 ? " text was" : " texts were") + " cut to " +
                 std::to_string(settings.maxTokens) + " tokens");
    return {};
  }

private:
  Status open() {
    if (Status status = checkWordsOfModule(common); !status)
      return status;
    if (common.contextSize)
      return noEffect("--ctx-size", "in embed", "an encoder keeps no cache",
                      "--max-tokens cuts texts");
    auto opened = openPackage(common, notes);
    if (!opened)
      return opened.takeError();
    file = opened->weights;
    auto loaded = exec::LoadedModel::create(std::move(opened->package), file,
                                            opened->options);
    if (!loaded)
      return loaded.takeError();
    model = std::move(*loaded);
    auto made = encode::Encoder::open(*model, opened->options);
    if (!made)
      return made.takeError();
    encoder = std::move(*made);
    auto words = text::Tokenizer::create(*file);
    if (!words)
      return words.takeError();
    tokenizer = std::move(*words);
    describePackage(model->root(), notes,
                    opened->options.device ? nameOf(*opened->options.device)
                                           : std::string());
    return readSettings();
  }

  Status readSettings() {
    auto read = encode::readSentenceSettings(*file);
    if (!read)
      return read.takeError();
    settings = *read;
    uint32_t limit = std::min(settings.positions, encoder->largestCall());
    if (options.maxTokens && *options.maxTokens > limit)
      return Error{ExitCode::Usage,
                   "TZ0001",
                   "--max-tokens is more than the model takes",
                   std::to_string(*options.maxTokens),
                   "it has positions for " + std::to_string(limit),
                   "leave it out, or give at most that"};
    settings.maxTokens =
        options.maxTokens.value_or(std::min(settings.maxTokens, limit));
    return {};
  }

  Status embedPart(std::span<const std::string> texts) {
    std::vector<std::vector<int32_t>> ids;
    for (const std::string &text : texts) {
      bool cut = false;
      auto tokens = tokenizer->encodeSentence(text, settings.maxTokens, cut);
      if (!tokens)
        return tokens.takeError();
      shortened += cut;
      ids.push_back(std::move(*tokens));
    }
    uint32_t width = encoder->width();
    std::vector<float> vectors(texts.size() * width);
    if (Status status =
            encoder->embed(ids, settings, options.rows, vectors.data());
        !status)
      return status;
    for (size_t i = 0; i < texts.size(); ++i)
      if (Status status = print(std::span(vectors).subspan(i * width, width));
          !status)
        return status;
    return {};
  }

  Status print(std::span<const float> vector) const {
    if (common.json || options.lines)
      return writeJson({{"embedding", vector}});
    std::string line;
    char number[32];
    for (float value : vector) {
      std::snprintf(number, sizeof(number), "%.9g", double(value));
      line += (line.empty() ? "" : " ") + std::string(number);
    }
    return writeResult(line + "\n");
  }

  const EmbedOptions &options;
  const CommonOptions &common;
  Notes notes;
  std::shared_ptr<const formats::ModelFile> file;
  std::unique_ptr<exec::LoadedModel> model;
  std::unique_ptr<encode::Encoder> encoder;
  std::unique_ptr<text::Tokenizer> tokenizer;
  encode::SentenceSettings settings;
  size_t shortened = 0;
};

} // namespace

void addEmbedVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand("embed", "vectors of texts");
  auto options = std::make_shared<EmbedOptions>();
  addCompiledModelOption(*verb, common);
  auto *prompt = verb->add_option("-p,--prompt", options->prompt, "the text")
                     ->type_name("TEXT");
  verb->add_flag("--jsonl", options->lines,
                 "a JSON string a line on stdin, an object a line on stdout")
      ->excludes(prompt);
  addWhole<uint32_t>(*verb, "-b,--batch", options->rows, 1, 1u << 20,
                     "tokens that texts may fill a call with (default: as many "
                     "as the model takes)");
  addWhole<uint32_t>(
      *verb, "--max-tokens", options->maxTokens, 2, 1u << 20,
      "cut texts to so many (default: as the model's files say)");
  addComputeOptions(*verb, common);
  verb->get_option("--ctx-size")->group(""); // refused in words
  addOutputOptions(*verb, common);
  verb->callback([&common, options, prompt, &exitCode] {
    if (!options->lines && prompt->count() == 0)
      throw CLI::RequiredError("-p, or --jsonl");
    exitCode = report(Embedding(*options, common).run());
  });
}
