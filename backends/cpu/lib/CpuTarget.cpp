// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Architectures: how they are written, what this machine is, and what LLVM
// calls them.
#include "TzCpu/Cpu.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;

namespace terrazzo::tz_cpu {

static constexpr std::array<StringLiteral, 2> levels = {"x86-64-v3",
                                                        "x86-64-v4"};
static constexpr std::array<StringLiteral, 2> knownFeatures = {"vnni", "bf16"};

std::string TargetAttr::getTargetString() const {
  std::string text = ("cpu:" + getLevel()).str();
  if (!getFeatures().empty())
    text += ("+" + getFeatures()).str();
  return text;
}

bool TargetAttr::hasFeature(StringRef feature) const {
  SmallVector<StringRef> parts;
  getFeatures().split(parts, '+', -1, false);
  return llvm::any_of(
      parts, [&](StringRef part) { return part.split('=').first == feature; });
}

bool TargetAttr::isFast(StringRef feature) const {
  SmallVector<StringRef> parts;
  getFeatures().split(parts, '+', -1, false);
  return llvm::is_contained(parts, (feature + "=fast").str());
}

/// Processors whose bf16 products have at least twice the throughput of f32
/// ones: AMD's from Zen 4 on. Intel's servers before AMX-only designs issue one
/// every other cycle on one port, which is half of f32.
static bool hasFastBf16(StringRef cpu) { return cpu.starts_with("znver"); }

std::string hostArch() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto all = [&](ArrayRef<StringRef> names) {
    return llvm::all_of(names,
                        [&](StringRef name) { return features.lookup(name); });
  };
  if (!all({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}))
    return "x86-64-v3";
  std::string arch = "x86-64-v4";
  if (features.lookup("avx512vnni"))
    arch += "+vnni";
  if (features.lookup("avx512bf16"))
    arch +=
        hasFastBf16(llvm::sys::getHostCPUName()) ? "+bf16=fast" : "+bf16=slow";
  return arch;
}

FailureOr<TargetAttr> resolveTarget(MLIRContext *context, StringRef arch,
                                    EmitErrorFn emitError) {
  std::string host;
  if (arch.empty()) {
    host = hostArch();
    arch = host;
  }
  auto [level, features] = arch.split('+');
  if (!llvm::is_contained(levels, level))
    return emitError() << "TZ0431: the cpu backend knows no architecture '"
                       << level << "'; it knows " << llvm::join(levels, " and ")
                       << ", each with +vnni and +bf16=fast or =slow after it";
  SmallVector<StringRef> parts;
  features.split(parts, '+', -1, false);
  for (StringRef part : parts) {
    auto [name, speed] = part.split('=');
    if (!llvm::is_contained(knownFeatures, name) ||
        !(speed.empty() || speed == "fast" || speed == "slow"))
      return emitError() << "TZ0432: the cpu backend knows no feature '" << part
                         << "'; it knows " << llvm::join(knownFeatures, " and ")
                         << ", with =fast or =slow after it";
    if (level == "x86-64-v3")
      return emitError() << "TZ0432: '" << part << "' needs x86-64-v4";
  }
  return TargetAttr::get(context, level, features);
}

std::string llvmCpu(TargetAttr target) { return target.getLevel().str(); }

std::string llvmFeatures(TargetAttr target) {
  std::string features = "+f16c,+fma";
  if (target.hasFeature("vnni"))
    features += ",+avx512vnni";
  if (target.hasFeature("bf16"))
    features += ",+avx512bf16";
  // Without this LLVM keeps to 256-bit registers on processors that once slowed
  // down for wider ones.
  if (target.hasAvx512())
    features += ",-prefer-256-bit";
  return features;
}

plan::TargetSpecAttr buildSpec(TargetAttr target) {
  MLIRContext *context = target.getContext();
  auto level = [&](StringRef name, int64_t bytes, int64_t bandwidth,
                   int64_t shared) {
    return plan::LevelAttr::get(context, name, bytes, bandwidth, shared);
  };
  auto unit = [&](StringRef name, ArrayRef<int64_t> tile, int64_t rate) {
    return plan::UnitAttr::get(context, name, tile, rate);
  };
  constexpr int64_t giga = 1000000000;
  int64_t f32 = 112 * giga;
  SmallVector<plan::UnitAttr> units;
  if (target.isFast("bf16"))
    units.push_back(unit("bf16_f32", {1, 16, 2}, 2 * f32));
  units.push_back(
      unit("u8s8_s32", {1, 16, 4}, (target.hasFeature("vnni") ? 4 : 2) * f32));
  units.push_back(unit("f32_f32", {1, 16, 1}, f32));
  return plan::TargetSpecAttr::get(
      context,
      {level("l1", 32 << 10, 200 * giga, 1),
       level("l2", 1 << 20, 100 * giga, 1), level("l3", 16 << 20, 40 * giga, 0),
       level("memory", int64_t(1) << 40, 20 * giga, 0)},
      units);
}

} // namespace terrazzo::tz_cpu
