// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From planned modules and linked images to the package's tables.
#pragma once

#include "ExtentTable.h"
#include "LoadModel.h"
#include "package/Package.h"
#include "terrazzo/Compiler/Compiler.h"
#include "terrazzo/Target/TargetBackend.h"
#include "llvm/ADT/StringMap.h"

namespace terrazzo {

/// Indices of what variants share.
struct PackageIndex {
  llvm::StringMap<uint32_t> functions;  ///< by symbol
  llvm::StringMap<ExtentTable> extents; ///< of functions, by symbol
  llvm::StringMap<uint32_t> weights;    ///< by symbol
  llvm::StringMap<uint32_t> states;     ///< by symbol
  llvm::StringMap<uint32_t> sources;    ///< by text
};

/// The code of all kernels of one target.
struct TargetArtifact {
  mlir::Attribute target;
  Artifact artifact;
};

class PackageFiller {
public:
  /// `graph` is the imported module, before any pass.
  PackageFiller(const LoadedModel &model, mlir::ModuleOp graph,
                const CompileOptions &options);

  /// Adds the variant of the first of `artifacts`: kernels and programs of
  /// `planned`, and code. A second is of its host part.
  void addVariant(mlir::ModuleOp planned,
                  llvm::ArrayRef<TargetArtifact> artifacts);

  /// Adds what is known at the end.
  void finish(llvm::ArrayRef<std::string> placement,
              llvm::ArrayRef<RemarkRecord> remarks);

  exec::PackageT &package() { return result; }
  const exec::PackageCode &code() const { return segments; }

private:
  void fillManifest(const LoadedModel &model, mlir::ModuleOp graph,
                    const CompileOptions &options);
  void fillWeights(mlir::ModuleOp graph);
  void fillFunctions(mlir::ModuleOp graph);
  void fillGraph(mlir::ModuleOp graph);

  exec::PackageT result;
  exec::PackageCode segments;
  PackageIndex index;
};

/// Fills one variant's packed weights, states and programs, and those of its
/// host part (FillPrograms.cpp).
void fillPrograms(mlir::ModuleOp planned, exec::PackageT &package,
                  package::VariantT &variant, PackageIndex &index);

} // namespace terrazzo
