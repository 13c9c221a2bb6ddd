// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Node.h"
namespace terrazzo::onnx {
ArrayRef<Operator> convolutionOperators() { return {}; }
ArrayRef<Operator> attentionOperators() { return {}; }
ArrayRef<Operator> quantisationOperators() { return {}; }
} // namespace terrazzo::onnx
