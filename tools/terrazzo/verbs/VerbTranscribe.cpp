// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo transcribe: speech to text.
#include "Interrupt.h"
#include "Output.h"
#include "Subtitles.h"
#include "open/OpenPackage.h"
#include "options/Flags.h"
#include "verbs/Verbs.h"

#include "speech/ReadSound.h"

#include <nlohmann/json.hpp>

#include <map>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

struct VerbOptions {
  std::string sound, language, task = "transcribe", format = "text";
  bool times = false, forget = false;
};

const std::map<std::string, SubtitleForm> forms = {
    {"text", SubtitleForm::Text},
    {"srt", SubtitleForm::SubRip},
    {"vtt", SubtitleForm::WebVtt}};

class Transcription {
public:
  Transcription(const VerbOptions &options, const CommonOptions &common)
      : options(options), common(common), notes(common.quiet, common.why) {}

  Status run() {
    if (options.times && options.format != "text")
      return noEffect("--timestamps", "with --format " + options.format,
                      "that form has them always", "leave it out");
    // Faults of the sound are told before anything is compiled.
    auto samples = speech::readSound(options.sound);
    if (!samples)
      return samples.takeError();
    seconds = double(samples->size()) / speech::sampleRate;
    if (Status status = open(); !status)
      return status;
    speech::TranscribeOptions wishes;
    wishes.language = options.language;
    wishes.translate = options.task == "translate";
    wishes.usePrevious = !options.forget;
    wishes.cancelled = [] { return interrupted().load(); };
    auto made =
        speech::Transcriber::create(*model, settings, *tokenizer, wishes);
    if (!made)
      return made.takeError();
    return transcribe(**made, *samples);
  }

private:
  Status open() {
    if (Status status = checkWordsOfModule(common); !status)
      return status;
    if (common.contextSize)
      return noEffect("--ctx-size", "in transcribe",
                      "a window's text has the model's own", "leave it out");
    double begin = secondsNow();
    auto opened = openPackage(common, notes);
    if (!opened)
      return opened.takeError();
    file = opened->weights;
    compileSeconds = opened->compileSeconds;
    auto loaded = exec::LoadedModel::create(std::move(opened->package), file,
                                            opened->options);
    if (!loaded)
      return loaded.takeError();
    package = std::move(*loaded);
    auto made = speech::SpeechModel::open(*package, opened->options);
    if (!made)
      return made.takeError();
    model = std::move(*made);
    auto read = speech::readSpeechSettings(*file, model->vocabulary());
    if (!read)
      return read.takeError();
    settings = std::move(*read);
    auto words = text::Tokenizer::create(*file);
    if (!words)
      return words.takeError();
    tokenizer = std::move(*words);
    describePackage(package->root(), notes,
                    opened->options.device ? nameOf(*opened->options.device)
                                           : std::string());
    loadSeconds = secondsNow() - begin - compileSeconds;
    return {};
  }

  Status transcribe(speech::Transcriber &transcriber,
                    std::span<const float> samples) {
    double begin = secondsNow();
    SubtitleForm form = options.times ? SubtitleForm::TimedText
                        : common.json ? SubtitleForm::Text
                                      : forms.at(options.format);
    if (Status status = writeResult(subtitleHeader(form)); !status)
      return status;
    ordered_json segments = ordered_json::array();
    std::string text;
    size_t number = 0;
    Status status = transcriber.run(samples, [&](const speech::Segment &part) {
      if (!common.json)
        return writeResult(subtitle(part, ++number, form));
      text += part.text;
      segments.push_back(
          {{"start", part.start}, {"end", part.end}, {"text", part.text}});
      return Status();
    });
    double took = secondsNow() - begin;
    if (!status)
      return status;
    if (common.json)
      return writeJson({{"text", text},
                        {"segments", segments},
                        {"language", transcriber.language()},
                        {"sound_s", seconds},
                        {"load_s", loadSeconds},
                        {"compile_s", compileSeconds},
                        {"transcribe_s", took}});
    char line[96];
    std::snprintf(line, sizeof(line), "%.1f s of sound in %.2f s", seconds,
                  took);
    notes.line(line);
    return {};
  }

  const VerbOptions &options;
  const CommonOptions &common;
  Notes notes;
  std::shared_ptr<const formats::ModelFile> file;
  std::unique_ptr<exec::LoadedModel> package;
  std::unique_ptr<speech::SpeechModel> model;
  std::unique_ptr<text::Tokenizer> tokenizer;
  speech::SpeechSettings settings;
  double seconds = 0, loadSeconds = 0, compileSeconds = 0;
};

} // namespace

void addTranscribeVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand("transcribe", "speech to text");
  auto options = std::make_shared<VerbOptions>();
  addCompiledModelOption(*verb, common);
  verb->add_option("sound", options->sound,
                   "WAV, FLAC, Ogg or MP3 of any rate; - is standard input")
      ->required()
      ->check(notEmpty)
      ->type_name("PATH");
  addName(*verb, "--language", options->language,
          "what is spoken, 'en' (default: as the model hears it)", "NAME");
  verb->add_option("--task", options->task,
                   "write down what is said, or translate it into English")
      ->check(CLI::IsMember({"transcribe", "translate"}))
      ->type_name("transcribe|translate");
  verb->add_flag_callback(
      "--translate", [options] { options->task = "translate"; },
      "the same as --task translate");
  verb->add_flag("--timestamps", options->times,
                 "a time before each line of text");
  verb->add_flag("--no-context", options->forget,
                 "a window's text does not look at what was said before");
  addComputeOptions(*verb, common);
  verb->get_option("--ctx-size")->group(""); // refused in words
  verb->add_option_function<std::string>(
          "--format",
          [&common, options](const std::string &name) {
            options->format = name;
            common.json = name == "json";
          },
          "form of the results on stdout")
      ->check(CLI::IsMember({"text", "json", "srt", "vtt"}))
      ->type_name("text|json|srt|vtt");
  verb->add_flag("--quiet", common.quiet, "only results and errors");
  verb->callback([&common, options, &exitCode] {
    exitCode = report(Transcription(*options, common).run());
    if (exitCode == 0 && interrupted())
      exitCode = int(ExitCode::Interrupted);
  });
}
