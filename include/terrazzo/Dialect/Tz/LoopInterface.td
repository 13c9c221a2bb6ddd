// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interface of operations that say what they compute as loops.

#ifndef TERRAZZO_DIALECT_TZ_LOOPINTERFACE_TD
#define TERRAZZO_DIALECT_TZ_LOOPINTERFACE_TD

include "mlir/IR/OpBase.td"

def Tz_LoopInterface : OpInterface<"LoopOp"> {
  let cppNamespace = "::terrazzo::tz";
  let description = [{
    An operation with one result that is loops over its operands' elements (`LoopNest.h`). Fusion, workgroups, the code
    for every chip and the verifier of its shapes are derived from them; the reference interpreter is not.
  }];
  let methods = [InterfaceMethod<"The loops.", "::terrazzo::tz::LoopNest", "getLoops">];
}

#endif
