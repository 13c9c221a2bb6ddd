// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The nvidia backend's dialect, passes and steps from a kernel's module to the
// blob that a package carries.
#pragma once

#include "mlir/IR/Dialect.h"
#include "mlir/Pass/Pass.h"
#include "terrazzo/Dialect/Tile/Tile.h"
#include "terrazzo/Target/TargetBackend.h"

#include "TzNvidia/NvidiaDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "TzNvidia/NvidiaAttributes.h.inc"

namespace terrazzo::tz_nvidia {

/// Lanes of a subgroup.
inline constexpr int64_t kWarp = 32;

/// What an architecture is and has. Sizes in bytes.
struct Architecture {
  llvm::StringLiteral name; ///< also LLVM's and ptxas's
  int version;              ///< compute capability, 80 for 8.0
  llvm::StringLiteral ptx;  ///< LLVM's feature for the PTX version
  int64_t sharedPerBlock;   ///< with the opt-in
  int64_t sharedPerProcessor;
  int64_t threadsPerProcessor, blocksPerProcessor;

  bool hasMatrix() const { return version >= 75; }
  bool hasAsyncCopy() const { return version >= 80; }
  bool hasBf16() const { return version >= 80; }
};

/// Null: there is none of this name.
const Architecture *findArchitecture(llvm::StringRef name);
/// The architecture of a target, which exists.
const Architecture &architectureOf(TargetAttr target);

/// The target for an architecture as a user wrote it: "sm_80", "sm_80+bf16",
/// "" is sm_80.
mlir::FailureOr<TargetAttr> resolveTarget(mlir::MLIRContext *context,
                                          llvm::StringRef arch,
                                          EmitErrorFn emitError);
/// Levels of memory and units of computation, of one multiprocessor.
plan::TargetSpecAttr buildSpec(TargetAttr target);

/// What mma.sync multiplies, of these elements; who holds what.
tile::FragmentAttr fragmentOf(mlir::Type elements);
/// Those that an architecture multiplies, the target's first; empty: none.
llvm::SmallVector<tile::FragmentAttr> fragmentsOf(TargetAttr target);

/// Threads and bindings of a kernel, on its module once its entry is wrapped.
inline constexpr llvm::StringLiteral kThreadsAttr = "tz_nvidia.threads";
inline constexpr llvm::StringLiteral kBindingsAttr = "tz_nvidia.bindings";

/// A kernel on memrefs -> the dialects of LLVM and NVVM.
std::unique_ptr<mlir::Pass> createLowerToLLVMPass();
/// tile.contract -> the target's matrix instructions; without one those of the
/// module's `plan.target`.
std::unique_ptr<mlir::Pass> createLowerContractPass(TargetAttr target = {});
/// tile.load_fragment -> ldmatrix, tile.copy -> the target's copies beside
/// computation; without one those of the module's `plan.target`.
std::unique_ptr<mlir::Pass> createLowerLoadsPass(TargetAttr target = {});
/// The entry that the device plugin launches around the function on memrefs.
std::unique_ptr<mlir::Pass> createWrapEntryPass();

/// One kernel's code and what is known about it.
struct CodeObject {
  uint32_t threads = 0, bindings = 0, dynamicShared = 0;
  bool assembled = false; ///< whether the next three and the cubin are known
  uint32_t registers = 0, spillBytes = 0, staticShared = 0;
  std::string ptx, cubin;

  std::string toBytes() const;
  static std::optional<CodeObject> fromBytes(llvm::StringRef bytes);
  /// What a person who judges its speed wants to know.
  std::vector<std::string> facts(const Architecture &architecture) const;
};

/// A temporary file could not be written: the user's disk, not a fault.
class NoRoom : public llvm::ErrorInfo<NoRoom> {
public:
  static char ID;
  explicit NoRoom(std::string why) : why(std::move(why)) {}
  void log(llvm::raw_ostream &stream) const override { stream << why; }
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }

private:
  std::string why;
};

/// The vendor's assembler, looked for once: the path in TERRAZZO_PTXAS ("0":
/// none), else `ptxas` on PATH.
struct Ptxas {
  std::string path;    ///< empty: there is none
  std::string version; ///< the last line of its --version
  std::string help;    ///< where it lists its architectures

  static const Ptxas &get();
  bool knows(const Architecture &architecture) const;
  /// Fills the cubin and the figures of `object`; an error's text when it
  /// refuses the PTX.
  llvm::Error assemble(CodeObject &object,
                       const Architecture &architecture) const;
};

mlir::FailureOr<Object> compilePtx(mlir::ModuleOp module, llvm::StringRef name,
                                   TargetAttr target, const Dump &dump);
mlir::FailureOr<Artifact> linkBlob(mlir::MLIRContext *context,
                                   llvm::ArrayRef<Object> objects,
                                   TargetAttr target);

} // namespace terrazzo::tz_nvidia
