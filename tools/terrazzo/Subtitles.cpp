// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Subtitles.h.
#include "Subtitles.h"

#include <cmath>

using terrazzo::speech::Segment;

/// "00:01:02,500"; hours may be left out where there are none.
static std::string clock(double seconds, char point, bool shortened) {
  auto all = uint64_t(std::llround(std::max(seconds, 0.0) * 1000));
  constexpr uint64_t minute = 60'000, hour = 60 * minute;
  char text[48];
  int at = 0;
  if (!shortened || all >= hour)
    at = std::snprintf(text, sizeof(text), "%02u:", unsigned(all / hour));
  std::snprintf(text + at, sizeof(text) - size_t(at), "%02u:%02u%c%03u",
                unsigned(all % hour / minute), unsigned(all % minute / 1000),
                point, unsigned(all % 1000));
  return text;
}

std::string spokenText(const Segment &segment) {
  size_t begin = segment.text.find_first_not_of(" \n\r\t");
  size_t end = segment.text.find_last_not_of(" \n\r\t");
  return begin == std::string::npos
             ? std::string()
             : segment.text.substr(begin, end - begin + 1);
}

std::string subtitleHeader(SubtitleForm form) {
  return form == SubtitleForm::WebVtt ? "WEBVTT\n\n" : "";
}

std::string subtitle(const Segment &segment, size_t number, SubtitleForm form) {
  auto times = [&](char point, bool shortened) {
    return clock(segment.start, point, shortened) + " --> " +
           clock(segment.end, point, shortened);
  };
  std::string text = spokenText(segment);
  switch (form) {
  case SubtitleForm::Text:
    return text + "\n";
  case SubtitleForm::TimedText:
    return "[" + times('.', true) + "] " + text + "\n";
  case SubtitleForm::SubRip:
    return std::to_string(number) + "\n" + times(',', false) + "\n" + text +
           "\n\n";
  case SubtitleForm::WebVtt:
    break;
  }
  // An arrow would be read as times.
  for (size_t at = 0; (at = text.find("-->", at)) != text.npos;)
    text.replace(at, 3, "->");
  return times('.', false) + "\n" + text + "\n\n";
}
