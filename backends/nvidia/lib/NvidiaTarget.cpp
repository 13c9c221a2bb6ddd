// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Architectures: how they are written, and what they have (CUDA C++ Programming
// Guide, "Compute Capabilities").
#include "TzNvidia/Nvidia.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace terrazzo::tz_nvidia {

static constexpr int64_t KiB = 1024;

static constexpr std::array<Architecture, 8> architectures = {{
    {"sm_61", 61, "+ptx60", 48 * KiB, 96 * KiB, 2048, 32},
    {"sm_75", 75, "+ptx65", 64 * KiB, 64 * KiB, 1024, 16},
    {"sm_80", 80, "+ptx70", 163 * KiB, 164 * KiB, 2048, 32},
    {"sm_86", 86, "+ptx71", 99 * KiB, 100 * KiB, 1536, 16},
    {"sm_89", 89, "+ptx78", 99 * KiB, 100 * KiB, 1536, 24},
    {"sm_90a", 90, "+ptx80", 227 * KiB, 228 * KiB, 2048, 32},
    {"sm_100", 100, "+ptx86", 227 * KiB, 228 * KiB, 2048, 32},
    {"sm_120", 120, "+ptx87", 99 * KiB, 100 * KiB, 1536, 24},
}};

const Architecture *findArchitecture(StringRef name) {
  const auto *found = llvm::find_if(architectures, [&](const Architecture &a) {
    return StringRef(a.name) == name;
  });
  return found == architectures.end() ? nullptr : found;
}

const Architecture &architectureOf(TargetAttr target) {
  return *findArchitecture(target.getArch());
}

static std::string knownNames() {
  return llvm::join(
      llvm::map_range(architectures,
                      [](const Architecture &a) { return a.name.str(); }),
      ", ");
}

std::string TargetAttr::getTargetString() const {
  std::string text = ("nvidia:" + getArch()).str();
  return getOperand() == "f16" ? text : text + "+" + getOperand().str();
}

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef arch, StringRef operand) {
  const Architecture *architecture = findArchitecture(arch);
  if (!architecture)
    return emitError() << "TZ0438: the nvidia backend knows no architecture '"
                       << arch << "'; it knows " << knownNames()
                       << ", each with +bf16 after it from sm_80 on";
  if (operand != "f16" && operand != "bf16")
    return emitError() << "TZ0439: the nvidia backend knows no feature '"
                       << operand << "'; it knows f16 and bf16, the type that "
                       << "matrices are multiplied in";
  if (operand == "bf16" && !architecture->hasBf16())
    return emitError() << "TZ0439: '" << arch
                       << "' multiplies no bf16; sm_80 is the first that does";
  return success();
}

FailureOr<TargetAttr> resolveTarget(MLIRContext *context, StringRef arch,
                                    EmitErrorFn emitError) {
  auto [name, operand] = arch.split('+');
  // A compiler sees no device; code for sm_80 runs on all later ones.
  if (name.empty())
    name = "sm_80";
  if (operand.empty())
    operand = "f16";
  auto target = TargetAttr::getChecked(emitError, context, name, operand);
  if (!target)
    return failure();
  return target;
}

plan::TargetSpecAttr buildSpec(TargetAttr target) {
  MLIRContext *context = target.getContext();
  const Architecture &architecture = architectureOf(target);
  auto level = [&](StringRef name, int64_t bytes, int64_t bandwidth,
                   int64_t shared) {
    return plan::LevelAttr::get(context, name, bytes, bandwidth, shared);
  };
  auto unit = [&](StringRef name, ArrayRef<int64_t> tile, int64_t rate) {
    return plan::UnitAttr::get(context, name, tile, rate);
  };
  constexpr int64_t giga = 1000000000;
  SmallVector<plan::UnitAttr> units;
  if (architecture.hasMatrix())
    units.push_back(
        unit((target.getOperand() + "_f32").str(), {16, 8, 16}, 2800 * giga));
  units.push_back(unit("f32_f32", {1, 32, 1}, 180 * giga));
  return plan::TargetSpecAttr::get(
      context,
      {level("shared", architecture.sharedPerBlock, 180 * giga, 1),
       level("l2", int64_t(32) << 20, 40 * giga, 0),
       level("memory", int64_t(1) << 40, 15 * giga, 0)},
      units);
}

} // namespace terrazzo::tz_nvidia
