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
// end[t], and attends to that text alone. A model of speech exports those that
// runtime/speech knows, `head` among them:
//
//   tz.func @encode(%mel: tensor<BxFxf32>, sound caches...)
//       -> (%hidden: tensor<FxHxf32>, sound caches...)
//   tz.func @decode(%tokens: tensor<?xi32>, %position: tensor<i32>, caches...,
//                   sound caches...) -> (%hidden: tensor<?xHxf32>, ...)
//
// where the first leaves the sound's keys and values, and the second reads
// them.
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

/// What an encoder of sound takes, and how many rows it makes of it.
struct Sound {
  int64_t bins, frames, rows;
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

  /// The functions of a model of speech. Each layer of the decoder has caches
  /// of its own and some of the sound, both as `attention` says.
  void soundEncoder(const Sound &sound, int64_t hidden, int64_t layers,
                    const Attention &attention,
                    llvm::function_ref<mlir::Value(mlir::Value mel)> body);
  void soundDecoder(const Sound &sound, int64_t hidden, int64_t layers,
                    const Attention &attention,
                    llvm::function_ref<mlir::Value(mlir::Value ids)> body);

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
  /// A convolution over x [channels, places], a kernel of three wide, its
  /// border zeros; gives [places / stride, outputs].
  mlir::Value convolution(mlir::Value x, const llvm::Twine &name,
                          int64_t outputs, int64_t stride);
  mlir::Value transposed(mlir::Value x);
  /// The learned positions of a decoder's rows.
  mlir::Value positionRows(const llvm::Twine &tensor, int64_t positions,
                           int64_t hidden);
  /// Each row attends to all of them.
  mlir::Value attendToAll(mlir::Value query, mlir::Value key, mlir::Value value,
                          double scale);
  /// Of the sound, for `layer` of the decoder: left by the encoder, read by
  /// the decoder.
  void keepSound(mlir::Value key, mlir::Value value, int64_t layer);
  mlir::Value attendToSound(mlir::Value query, int64_t layer, double scale);

  /// The finished module, or every fault found in the weights as one error.
  Expected<mlir::OwningOpRef<mlir::ModuleOp>>
  finish(llvm::StringRef architecture, const llvm::StringMap<int64_t> &facts);

private:
  /// A type with what callers know it by.
  using NamedValue = std::pair<mlir::Type, mlir::NamedAttrList>;
  using State = std::pair<std::string, tz::CacheType>;

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
  tz::FuncOp function(llvm::StringRef name,
                      llvm::ArrayRef<NamedValue> arguments,
                      mlir::TypeRange results);
  mlir::NamedAttrList named(llvm::StringRef name, mlir::RankedTensorType type);
  mlir::NamedAttrList named(llvm::StringRef name);
  void setSizes(tz::FuncOp func, llvm::ArrayRef<int64_t> sizes);
  mlir::NamedAttrList state(llvm::StringRef name);
  /// A function that has states besides its `arguments`; `body` gives its one
  /// named result. What `caches` hold then is what the states become.
  tz::FuncOp functionOnStates(llvm::StringRef name,
                              llvm::ArrayRef<NamedValue> arguments,
                              llvm::ArrayRef<State> states,
                              mlir::RankedTensorType result,
                              llvm::function_ref<mlir::Value(tz::FuncOp)> body);
  llvm::SmallVector<State> cachesOf(llvm::StringRef prefix, int64_t layers,
                                    const Attention &attention, int64_t rows);
  /// Of a decoder over `states`.
  tz::FuncOp decoder(llvm::StringRef name, int64_t hidden,
                     llvm::ArrayRef<State> states,
                     llvm::function_ref<mlir::Value(mlir::Value ids)> body);
  mlir::Value attentionOver(mlir::Value query, mlir::Value keys,
                            mlir::Value values, mlir::Value position,
                            mlir::Value first, mlir::Value end, double scale,
                            int64_t window = 0);

  const formats::ModelFile &file;
  std::string path;
  ImportOptions options;
  mlir::OpBuilder builder;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string scope;
  mlir::Value position;
  /// What an encoder's rows attend to, by reach; -1: their texts.
  std::map<int64_t, std::pair<mlir::Value, mlir::Value>> ranges;
  /// Keys and values by layer, those of sound behind a decoder's own.
  llvm::SmallVector<mlir::Value> caches;
  size_t soundCaches = 0; ///< where those begin
  llvm::StringMap<mlir::RankedTensorType> declared;
  std::vector<std::string> faults;
};

} // namespace terrazzo
