// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A folder's tensors under GGUF's names. Most are parts of its files; those
// that GGUF has otherwise, a norm's weights plus one or the divisors of a
// rotary position, are made here and lie behind the files.
#pragma once

#include "formats/ModelFile.h"
#include "formats/folder/Safetensors.h"
#include "formats/folder/families/Families.h"

#include <deque>
#include <set>

namespace terrazzo::formats {

class FolderTensors {
public:
  /// `config` is the model's, and outlives this.
  FolderTensors(const ModelFamily &family, ConfigReader &config);

  /// TZ0120 for a tensor that the family does not know, or that has another
  /// type or shape than any of its has.
  Status add(const SafeTensor &tensor, const FilePart &part);
  /// Makes those that are not in the files, of which `data` is the content; they
  /// lie from `begin` on.
  Status make(const uint8_t *data, uint64_t begin);

  std::vector<ModelTensor> tensors;
  std::deque<std::string> names; ///< what the tensors' names point into
  std::vector<uint8_t> behind;   ///< the content of those that were made

private:
  Status addParts(const ModelTensor &whole, const TensorTarget &target,
                  const std::string &where);
  bool addNamed(ModelTensor entry, const std::string &name);
  bool dropUnused(ModelTensor &table) const;

  const ModelFamily &family;
  ConfigReader &config;
  uint32_t unusedRows = 0;
  bool tied = false; ///< the table of tokens serves as the output too
  std::set<std::string, std::less<>> known;
  std::vector<size_t> plusOne; ///< of `tensors`
};

} // namespace terrazzo::formats
