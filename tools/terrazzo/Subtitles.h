// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Segments of speech as text: lines, with times or without, SubRip (.srt) and
// WebVTT (.vtt).
#pragma once

#include "speech/Transcriber.h"

enum class SubtitleForm { Text, TimedText, SubRip, WebVtt };

/// What stands before the first segment.
std::string subtitleHeader(SubtitleForm form);

/// One segment, the `number`th from 1 on, with the line's end.
std::string subtitle(const terrazzo::speech::Segment &segment, size_t number,
                     SubtitleForm form);

/// A segment's text without the space that tokens begin with.
std::string spokenText(const terrazzo::speech::Segment &segment);
