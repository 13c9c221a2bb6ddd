// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Remarks.h"

using namespace mlir;

namespace terrazzo {

void remarkDecision(Location location, StringRef pass, Decision decision,
                    llvm::function_ref<std::string()> text) {
  if (!location->getContext()->getRemarkEngine())
    return;
  std::string message = text();
  auto options = remark::RemarkOpts::name(pass).category(pass);
  switch (decision) {
  case Decision::Passed:
    remark::passed(location, options) << message;
    return;
  case Decision::Missed:
    remark::missed(location, options) << message;
    return;
  }
}

} // namespace terrazzo
