// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether a package runs here, and on this model.
#pragma once

#include "formats/ModelFile.h"
#include "package/Package.h"

namespace terrazzo::exec {

/// The variant of `package` that this machine's processor runs best, or the one
/// of that target string. TZ0421 when there is none.
Expected<const package::Variant *> chooseVariant(const PackageFile &package,
                                                 const std::string &target);

/// The variant that a device runs best; `targets` are the strings that it
/// answers, best first, `device` is what the error calls it. With `wanted`,
/// only the one of that target string.
Expected<const package::Variant *>
chooseDeviceVariant(const PackageFile &package,
                    const std::vector<std::string> &targets,
                    const std::string &device, const std::string &wanted = {});

/// Whether the package's code computes the model of `weights`: the file has the
/// settings that were compiled in (else TZ0713), and exactly the package's
/// tensors, of the same types and shapes, in the same places (else TZ0707).
/// Their content is not part of the code, so a model's fine-tune may do.
Status matchWeights(const PackageFile &package,
                    const formats::ModelFile &weights);

/// A weight in a caller's memory, which outlives what is opened with it.
struct CallerWeight {
  std::string name;
  std::string type;           ///< as the package says it: "f32"
  std::vector<uint64_t> dims; ///< fastest first, as the package has them
  uint64_t bytes = 0;
  const uint8_t *data = nullptr;
};

/// Where each of the package's weights lies. TZ0707 when one is not given, or
/// of another type or shape.
Expected<std::vector<const uint8_t *>>
matchWeights(const PackageFile &package,
             const std::vector<CallerWeight> &weights);

} // namespace terrazzo::exec
