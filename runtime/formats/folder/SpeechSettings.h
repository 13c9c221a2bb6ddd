// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a folder says of the text of speech: the tokens that begin and end it,
// name its language and the task, those that are never chosen
// (generation_config.json), and how sound becomes the numbers that the encoder
// takes (preprocessor_config.json, which may be missing).
#pragma once

#include "formats/folder/MetadataWriter.h"
#include "support/Error.h"

namespace terrazzo::formats {

/// Writes speech.*. TZ0117 without a generation_config.json, TZ0118 and TZ0120
/// for one that says something else than Whisper's do.
Status writeSpeechSettings(const std::string &folder, MetadataWriter &to);

} // namespace terrazzo::formats
