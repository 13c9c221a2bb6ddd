// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What architecture files are written with: one method per step of a paper,
// each emitting tz ops. Weights are named as in the file; the first mention
// declares the tz.weight. A weight that is missing or of another shape or type
// is recorded, replaced by one of the right shape, and reported by finish().
// Every op is located at the tensor or block of the user's file it came from.
//
// A decoder exports the functions that runtime/decode knows:
//
//   tz.func @trunk(%tokens: tensor<?xi32>, %position: tensor<i32>, caches...)
//       -> (%hidden: tensor<?xHxf32>, caches...)
//   tz.func @head(%hidden: tensor<?xHxf32>) -> (%logits: tensor<?xVxf32>)
//
// where the final norm belongs to @head. An encoder exports the one that
// runtime/encode knows, over the rows of any number of texts, one behind
// another:
//
//   tz.func @encode(%tokens: tensor<?xi32>, %positions: tensor<?xi32>,
//                   %first: tensor<?xi32>, %end: tensor<?xi32>
//                   [, %types: tensor<?xi32>]) -> (%hidden: tensor<?xHxf32>)
//
// where row t is a token of the text that lies from row first[t] to before row
// end[t], and attends to that text alone.
#pragma once

#include "Metadata.h"
#include "mlir/IR/Builders.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "terrazzo/Import/Import.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <functional>
#include <map>

namespace terrazzo {

/// Rotary position of one layer. `factors` names an optional weight.
struct Rope {
  tz::RopeMode mode;
  double base;
  int64_t rotated;
  double scale = 1.0;
  std::string factors = {};
};

/// What is the same for all rows of one layer's attention.
struct Attention {
  int64_t keyHeads;
  int64_t headDim;
  double scale;
  int64_t window = 0;
};

/// The arguments of an encoder that its graph is made of; `types` may be null.
struct EncoderInputs {
  mlir::Value tokens, positions, types;
};

class GraphBuilder {
public:
  GraphBuilder(mlir::MLIRContext *context, const formats::ModelFile &file,
               llvm::StringRef path, const ImportOptions &options);

  /// The two functions of a decoder; `body` gives the result's rows.
  void trunk(int64_t hidden, int64_t layers, const Attention &attention,
             llvm::function_ref<mlir::Value(mlir::Value ids)> body);
  void head(int64_t hidden,
            llvm::function_ref<mlir::Value(mlir::Value hidden)> body);
  /// The function of an encoder of texts of up to `context` tokens; `types`:
  /// whether tokens have types.
  void encoder(int64_t hidden, int64_t context, bool types,
               llvm::function_ref<mlir::Value(const EncoderInputs &)> body);

  /// Ops that follow and have no weight of their own belong to `name`.
  void at(const llvm::Twine &name) { scope = name.str(); }

  bool has(llvm::StringRef tensor) const;
  /// Rows of a table that the file has.
  int64_t rowsOf(llvm::StringRef tensor) const;
  mlir::Value weight(const llvm::Twine &tensor, llvm::ArrayRef<int64_t> shape);

  mlir::Value embedding(mlir::Value ids, const llvm::Twine &tensor,
                        int64_t vocabulary, int64_t hidden);
  /// x times `name`.weight, plus `name`.bias when the file has one.
  mlir::Value linear(mlir::Value x, const llvm::Twine &name, int64_t outputs);
  mlir::Value rmsNorm(mlir::Value x, const llvm::Twine &tensor, double epsilon);
  /// With `name`.weight and, when the file has one, `name`.bias.
  mlir::Value layerNorm(mlir::Value x, const llvm::Twine &name, double epsilon);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value scaled(mlir::Value x, double factor);
  mlir::Value activate(tz::ElementwiseFunction function, mlir::Value x);
  /// A gated linear unit (Shazeer, arXiv 2002.05202) with a way back to x's
  /// width: `blk`ffn_gate goes through `function`, ffn_up does not.
  mlir::Value gatedFeedForward(mlir::Value x, const std::string &blk,
                               tz::ElementwiseFunction function, int64_t inner);
  /// [tokens, heads * dim] to [tokens, heads, dim] and back.
  mlir::Value splitHeads(mlir::Value x, int64_t headDim);
  mlir::Value mergeHeads(mlir::Value x);
  mlir::Value rope(mlir::Value x, const Rope &rope);
  /// Appends the keys and values of `layer` to its caches and attends.
  mlir::Value attend(mlir::Value query, mlir::Value key, mlir::Value value,
                     int64_t layer, const Attention &attention);
  /// Of an encoder: each row attends to its own text, or, with a `reach`, to
  /// itself and so many rows of it on each side.
  mlir::Value attendWithin(mlir::Value query, mlir::Value key,
                           mlir::Value value, double scale,
                           std::optional<int64_t> reach = {});

  /// The finished module, or every fault found in the weights as one error.
  Expected<mlir::OwningOpRef<mlir::ModuleOp>>
  finish(llvm::StringRef architecture, const llvm::StringMap<int64_t> &facts);

private:
  mlir::Location here();
  mlir::Location located(const llvm::Twine &name);
  mlir::Location of(mlir::Value weight);
  mlir::RankedTensorType f32(llvm::ArrayRef<int64_t> shape);
  mlir::Type elementType(formats::BlockFormat format);
  mlir::RankedTensorType declare(llvm::StringRef tensor,
                                 llvm::ArrayRef<int64_t> shape);
  /// The rows that each row of an encoder attends to, from and to before.
  std::pair<mlir::Value, mlir::Value> rowsWithin(std::optional<int64_t> reach);
  void fault(llvm::StringRef tensor, const llvm::Twine &reason);
  mlir::Value apply(tz::ElementwiseFunction function,
                    llvm::ArrayRef<mlir::Value> inputs);
  tz::FuncOp
  function(llvm::StringRef name,
           llvm::ArrayRef<std::pair<mlir::Type, mlir::NamedAttrList>> arguments,
           mlir::TypeRange results);
  mlir::NamedAttrList named(llvm::StringRef name, mlir::RankedTensorType type);
  mlir::NamedAttrList named(llvm::StringRef name);
  void setSizes(tz::FuncOp func, llvm::ArrayRef<int64_t> sizes);
  mlir::NamedAttrList state(llvm::StringRef name);

  const formats::ModelFile &file;
  std::string path;
  ImportOptions options;
  mlir::OpBuilder builder;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string scope;
  mlir::Value position;
  /// What an encoder's rows attend to, by reach; -1: their texts.
  std::map<int64_t, std::pair<mlir::Value, mlir::Value>> ranges;
  llvm::SmallVector<mlir::Value> caches; ///< keys and values by layer
  llvm::StringMap<mlir::RankedTensorType> declared;
  std::vector<std::string> faults;
};

} // namespace terrazzo
