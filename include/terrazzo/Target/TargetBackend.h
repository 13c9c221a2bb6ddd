// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compile door: what a backend implements so that core can compile for its
// chip.
//
// A backend's plugin registers a dialect that carries a target attribute
// (implementing TargetAttrInterface) and this dialect interface. Core finds the
// backend from the attribute on a kernel, so any number of targets may occur in
// one module. Hooks are called in this order:
//
//   resolve        "chip:v4" -> #tz_chip.target<...>
//   supports       each operation of the model, before kernels are formed
//   weightLayout   each weight, with all its uses, before kernels are formed
//   configure      each kernel, on tz ops over tensors:
//                    plan.kernel @k attributes {target = #t} {
//                      module { tz.func @k(...) {...} }
//                    }
//                  -> the same with `config = #plan.config<...>`
//   buildLower     a pipeline over the kernel's builtin.module: tz ops -> the
//                  chip's own IR
//   serialize      one lowered kernel -> object bytes (in parallel, cached by
//                  content)
//   link           all objects of one variant -> the image that the package
//                  carries
//
// Core verifies what each hook leaves behind and blames the plugin by name when
// it breaks the contract.
#pragma once

#include "mlir/IR/DialectInterface.h"
#include "mlir/Pass/PassManager.h"
#include "terrazzo/Dialect/Plan/Plan.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include "terrazzo/Target/TargetAttrInterface.h.inc"

namespace terrazzo {

/// Reports one user error; used before there is an operation to blame.
using EmitErrorFn = llvm::function_ref<mlir::InFlightDiagnostic()>;

/// Whether a target runs an operation, and if not why, in words that a user
/// reads.
class Support {
public:
  static Support yes() { return Support(""); }
  /// `reason` is not empty.
  static Support no(std::string reason) { return Support(std::move(reason)); }

  explicit operator bool() const { return words.empty(); }
  /// The reason of a no.
  llvm::StringRef text() const { return words; }

private:
  explicit Support(std::string words) : words(std::move(words)) {}
  std::string words;
};

/// One use of a weight by an operation, for at most `maxRows` rows a call.
struct WeightUse {
  mlir::Operation *operation;
  int64_t maxRows;
};

/// Where intermediate results are written when a user asks to see them; empty:
/// nowhere.
struct Dump {
  std::string directory;
  explicit operator bool() const { return !directory.empty(); }
};

/// One kernel's code before linking.
struct Object {
  std::string kernel; ///< symbol of the entry
  std::string bytes;  ///< in the backend's own format
};

/// One load segment of a linked image; `address` and `memorySize` in bytes,
/// page-aligned addresses.
struct Segment {
  uint64_t address = 0;
  uint64_t memorySize = 0;
  bool executable = false;
  std::string bytes;
};

/// The linked image of one variant.
struct Artifact {
  std::vector<Segment> segments;
  /// Kernel name -> address inside the segments.
  std::vector<std::pair<std::string, uint64_t>> entries;
  /// Kernel name -> what a person who judges its speed wants to know, a few
  /// words a line: "64 registers", "0 spilled bytes". May be left out.
  std::vector<std::pair<std::string, std::vector<std::string>>> facts;
};

class TargetBackend : public mlir::DialectInterface::Base<TargetBackend> {
public:
  TargetBackend(mlir::Dialect *dialect) : Base(dialect) {}

  /// The attribute for an architecture as a user wrote it ("" is this machine).
  /// An unknown one is an error that lists the known ones.
  virtual mlir::FailureOr<mlir::Attribute>
  resolve(llvm::StringRef arch, mlir::DictionaryAttr options,
          EmitErrorFn emitError) const = 0;
  /// The chip by levels and units.
  virtual plan::TargetSpecAttr spec(mlir::Attribute target) const = 0;
  /// Everything besides a kernel's IR that its object depends on: plugin
  /// version, tools, options.
  virtual std::string cacheKey(mlir::Attribute target) const = 0;
  /// Every dialect that the pipeline of buildLower creates operations of.
  virtual void getDependentDialects(mlir::DialectRegistry &registry) const = 0;
  /// Core's own answer: whether a kernel form (Codegen/KernelForm.h) lowers the
  /// operation with these types. A backend that lowers kernels by the forms
  /// asks it first and narrows it; one with a lowering of its own replaces it.
  virtual Support supports(mlir::Operation *operation,
                           mlir::Attribute target) const;
  /// The one layout for a weight, chosen with all its uses in sight; a null
  /// attribute keeps the file's. Any attribute with the interface
  /// (TzLayouts.td) may be answered, the plugin's own too. Core's own answer:
  /// sixteen interleaved rows for what the kernel forms multiply and look up.
  virtual mlir::FailureOr<tz::PackedLayout>
  weightLayout(mlir::RankedTensorType type, llvm::ArrayRef<WeightUse> uses,
               mlir::Attribute target) const;
  /// Workgroups, tiles and scratch of a kernel for at most `maxSize` tokens.
  /// Must accept the layouts that weightLayout chose. `plan.kernel`'s function
  /// is named as the kernel.
  virtual mlir::FailureOr<plan::KernelConfigAttr>
  configure(plan::KernelOp kernel, int64_t maxSize) const = 0;
  /// Appends the passes that take the kernel's builtin.module from tz ops to
  /// this chip's IR. The module carries the kernel's config and target as
  /// attributes `plan.config` and `plan.target`, and `plan.max_size`.
  virtual void buildLower(mlir::OpPassManager &manager,
                          mlir::Attribute target) const = 0;
  virtual mlir::FailureOr<Object> serialize(mlir::ModuleOp kernel,
                                            llvm::StringRef name,
                                            mlir::Attribute target,
                                            const Dump &dump) const = 0;
  virtual mlir::FailureOr<Artifact> link(llvm::ArrayRef<Object> objects,
                                         mlir::Attribute target,
                                         const Dump &dump) const = 0;
};

/// The backend behind a target attribute, or null when its plugin is not
/// loaded.
const TargetBackend *getBackend(mlir::Attribute target);

} // namespace terrazzo
