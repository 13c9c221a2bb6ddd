// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Settings of encoders of any architecture.
#include "Architecture.h"

using llvm::StringRef;

namespace terrazzo {

tz::ElementwiseFunction readActivation(Metadata &m, StringRef usual) {
  using F = tz::ElementwiseFunction;
  constexpr std::pair<llvm::StringLiteral, F> known[] = {
      {"gelu", F::Gelu},        {"gelu_new", F::GeluTanh},
      {"relu", F::Relu},        {"gelu_pytorch_tanh", F::GeluTanh},
      {"silu", F::Silu},        {"swish", F::Silu},
      {"gelu_python", F::Gelu}, {"gelu_fast", F::GeluTanh}};
  std::string name = m.text("activation", m.text("hidden_activation", usual));
  for (auto [word, function] : known)
    if (word == name)
      return function;
  m.refuse("activation", "'" + escaped(name) + "' is not supported");
  return F::Gelu;
}

tz::ElementwiseFunction readEncoderSettings(Metadata &m, StringRef usual) {
  m.supportsOnly("attention.causal", 0);
  if (m.ropeFactor() != 1)
    m.refuse("rope.scaling.factor", "positions of encoders are not scaled");
  // Of sentence vectors: runtime/encode reads it.
  m.withoutEffect({"pooling_type"});
  return readActivation(m, usual);
}

} // namespace terrazzo
