// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One node while it is lowered: its inputs, attributes and outputs. An
// attribute that nothing has asked for is refused at the end, so whatever an
// operator does not know it does not pass over.
#pragma once

#include "Emit.h"
#include "llvm/ADT/StringSet.h"

namespace terrazzo::onnx {

class Node : public Emit {
public:
  Node(GraphState &graph, mlir::Location location, const proto::Node &node,
       int64_t opset, ArrayRef<Val> inputs, ArrayRef<bool> wanted)
      : Emit(graph, location), node(node), version(opset), inputs(inputs),
        wanted(wanted), outputs(node.outputs.size()) {}

  StringRef type() const { return node.type; }
  /// Of the node's set of operators.
  int64_t opset() const { return version; }

  size_t count() const { return inputs.size(); }
  bool has(size_t number) const {
    return number < inputs.size() && inputs[number];
  }
  /// Fails where it is left out.
  Val in(size_t number);
  Val optional(size_t number) const {
    return has(number) ? inputs[number] : Val();
  }
  /// Numbers that must be known when the model is compiled.
  std::optional<SmallVector<int64_t>> integersOf(size_t number,
                                                 const Twine &what);
  std::optional<SmallVector<double>> realsOf(size_t number, const Twine &what);
  std::optional<double> realOf(size_t number, const Twine &what);
  /// Sizes that must be known as expressions of the model's own.
  std::optional<Dims> sizesOf(size_t number, const Twine &what);

  //===--- attributes -----------------------------------------------------===//
  const proto::Attribute *attribute(StringRef name,
                                    proto::Attribute::Kind kind);
  int64_t integer(StringRef name, int64_t otherwise);
  double real(StringRef name, double otherwise);
  StringRef word(StringRef name, StringRef otherwise);
  std::optional<SmallVector<int64_t>> list(StringRef name);
  /// The same, or ones (zeros) of this number.
  SmallVector<int64_t> list(StringRef name, size_t count, int64_t otherwise);
  /// Attributes without effect on results.
  void ignore(StringRef name) { read.insert(name); }
  /// One that has an effect and is read as this value alone.
  void only(StringRef name, int64_t value);

  /// Axes as an attribute or, later, an input: those of `rank` dimensions, in
  /// order; none: neither is there.
  std::optional<SmallVector<int64_t>> axes(size_t input, int64_t rank);
  SmallVector<int64_t> normalised(ArrayRef<int64_t> axes, int64_t rank);

  //===--- outputs --------------------------------------------------------===//
  void out(Val value, size_t number = 0);
  bool wants(size_t number) const {
    return number < wanted.size() && wanted[number];
  }
  /// Outputs that the node has, wanted or not.
  size_t results() const { return outputs.size(); }
  const Val &output(size_t number) const { return outputs[number]; }
  /// What was left unread or is missing; empty: nothing.
  void finish();

private:
  const proto::Node &node;
  int64_t version;
  ArrayRef<Val> inputs;
  ArrayRef<bool> wanted;
  SmallVector<Val> outputs;
  llvm::StringSet<> read;
};

/// Numbers of a tensor of the file; none where it has none.
std::optional<SmallVector<int64_t>> integersOf(const proto::Tensor &tensor);
std::optional<SmallVector<double>> realsOf(const proto::Tensor &tensor);
/// Elements as tz has them, null where it does not.
mlir::Type elementType(int32_t element, mlir::MLIRContext *context);

using Lower = void (*)(Node &node);

struct Operator {
  StringRef domain, name;
  Lower lower;
};

/// All operators that are read, by family: one file each.
ArrayRef<Operator> shapeOperators();
ArrayRef<Operator> elementwiseOperators();
ArrayRef<Operator> layoutOperators();
ArrayRef<Operator> lookupOperators();
ArrayRef<Operator> reductionOperators();
ArrayRef<Operator> productOperators();
ArrayRef<Operator> normalisationOperators();
ArrayRef<Operator> convolutionOperators();
ArrayRef<Operator> attentionOperators();
ArrayRef<Operator> quantisationOperators();
const Operator *findOperator(StringRef domain, StringRef name);

/// The node's result where it is a list of integers that is known; false where
/// it is none.
bool foldKnown(Node &node);

inline constexpr StringRef kMicrosoft = "com.microsoft";

} // namespace terrazzo::onnx
