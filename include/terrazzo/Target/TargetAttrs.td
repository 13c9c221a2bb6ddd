// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What core knows of a target: an interface that every backend's target attribute implements.

#ifndef TERRAZZO_TARGET_TARGETATTRS_TD
#define TERRAZZO_TARGET_TARGETATTRS_TD

include "mlir/IR/Interfaces.td"

def TargetAttrInterface : AttrInterface<"TargetAttrInterface"> {
  let cppNamespace = "::terrazzo";
  let description = [{
    Implemented by a backend's target attribute. The backend itself is the `TargetBackend` interface of the
    attribute's dialect.
  }];
  let methods = [
    InterfaceMethod<"The target as a user writes it, plugin name included: `cpu:x86-64-v4+vnni`.",
                    "std::string", "getTargetString", (ins)>,
  ];
}

#endif
