// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Protocol.h"
#include "llvm/Support/raw_ostream.h"
#include <sys/resource.h>

using namespace llvm;

namespace terrazzo {
namespace {

StringRef severityName(Severity severity) {
  switch (severity) {
  case Severity::Note:
    return "note";
  case Severity::Warning:
    return "warning";
  case Severity::Error:
    return "error";
  }
  llvm_unreachable("unknown severity");
}

/// JSON is UTF-8; names in a model file need not be.
std::string text(StringRef bytes) {
  return json::isUTF8(bytes) ? bytes.str() : json::fixUTF8(bytes);
}

} // namespace

void Protocol::event(json::Object object) {
  if (!json)
    return;
  outs() << json::Value(std::move(object)) << "\n";
  outs().flush();
}

void Protocol::progress(StringRef stage, size_t done, size_t total) {
  event(llvm::json::Object{{"event", "progress"},
                           {"stage", stage},
                           {"done", static_cast<int64_t>(done)},
                           {"total", static_cast<int64_t>(total)}});
}

void Protocol::diagnostic(Severity severity, const Error &error) {
  if (!json) {
    if (severity == Severity::Error)
      errs() << error.format();
    else
      errs() << severityName(severity) << ": " << error.what << "\n";
    return;
  }
  event(llvm::json::Object{{"event", "diagnostic"},
                           {"severity", severityName(severity)},
                           {"code", error.code},
                           {"what", text(error.what)},
                           {"where", text(error.where)},
                           {"why", text(error.why)},
                           {"help", text(error.help)}});
}

void Protocol::remark(const RemarkRecord &remark) {
  if (!json) {
    if (remarks)
      errs() << remark.pass << ": " << remark.text
             << (remark.location.empty() ? "" : " [" + remark.location + "]")
             << "\n";
    return;
  }
  if (remarks)
    event(llvm::json::Object{{"event", "remark"},
                             {"pass", remark.pass},
                             {"kind", remark.kind},
                             {"text", text(remark.text)},
                             {"location", text(remark.location)}});
}

double peakResidentMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

} // namespace terrazzo
