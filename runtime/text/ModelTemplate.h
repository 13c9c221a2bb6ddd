// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The chat template of a model file and what it is rendered with.
#pragma once

#include "formats/ModelFile.h"
#include "text/ChatTemplate.h"

namespace terrazzo::text {

bool hasChatTemplate(const formats::ModelFile &file);

/// Errors: TZ0210 when the file has none, and those of ChatTemplate::parse.
Expected<ChatTemplate> readChatTemplate(const formats::ModelFile &file);

/// With the texts of the special tokens that the file names.
ChatOptions chatOptionsOf(const formats::ModelFile &file);

} // namespace terrazzo::text
