// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which safetensors files of a folder hold its weights: the one, or those that
// an index names.
#pragma once

#include "support/Error.h"

#include <map>
#include <set>
#include <string>

namespace terrazzo::formats {

/// TZ0117.
Error noModel(const std::string &folder, const std::string &why,
              const std::string &help = "");

/// The files that have the weights, and in which of them an index says that a
/// tensor lies.
struct WeightFiles {
  std::set<std::string> names;
  std::map<std::string, std::string> places;
};

/// Of "model.safetensors.index.json", else "model.safetensors". Errors: TZ0117,
/// TZ0118.
Expected<WeightFiles> weightFiles(const std::string &folder);

/// TZ0118 for a tensor that does not lie where the index says.
Error misplacedTensor(const std::string &folder, const WeightFiles &files);

} // namespace terrazzo::formats
