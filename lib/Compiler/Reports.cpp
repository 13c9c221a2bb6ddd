// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Reports.h"
#include "Locations.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace terrazzo {

CompileListener::~CompileListener() = default;

namespace {

/// Hands remarks of MLIR's engine to the reports.
class RemarkCollector : public remark::detail::MLIRRemarkStreamerBase {
public:
  RemarkCollector(Reports &reports) : reports(reports) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    std::string kind = remark.getRemarkTypeString().lower();
    for (const char *known : {"passed", "missed", "failed", "analysis"})
      if (StringRef(kind).contains(known))
        kind = known;
    std::string text;
    for (const auto &argument : remark.getArgs())
      text += (text.empty() ? "" : " ") + argument.val;
    reports.remark({remark.getCategoryName().str(), kind, text,
                    describeLocation(remark.getLocation())});
  }

private:
  Reports &reports;
};

} // namespace

Reports::Reports(MLIRContext *context, CompileListener &listener)
    : context(context), listener(listener) {
  handler = context->getDiagEngine().registerHandler(
      [this](Diagnostic &diagnostic) { return handle(diagnostic); });
  remark::RemarkCategories categories;
  categories.passed = categories.missed = categories.failed =
      categories.analysis = ".*";
  (void)remark::enableOptimizationRemarks(
      *context, std::make_unique<RemarkCollector>(*this),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
}

Reports::~Reports() {
  context->getDiagEngine().eraseHandler(handler);
  context->setRemarkEngine(nullptr);
}

void Reports::enterStage(StringRef newCode, ExitCode newExit,
                         StringRef newHelp) {
  code = newCode;
  exit = newExit;
  help = newHelp;
}

std::string Reports::whereOf(Location location) const {
  std::string names = describeLocation(location);
  if (names.empty() || model.empty() || isa<FileLineColLoc>(location))
    return names.empty() ? model : names;
  return model + ": " + names;
}

/// "TZ0437: no room": a text that brings its own code.
static void takeOwnCode(Error &error) {
  StringRef text = error.what, code = text.take_front(6);
  if (!code.consume_front("TZ") || !llvm::all_of(code, llvm::isDigit) ||
      text.substr(6, 2) != ": ")
    return;
  error.code = text.take_front(6).str();
  error.what = text.drop_front(8).str();
}

LogicalResult Reports::handle(Diagnostic &diagnostic) {
  Error error;
  error.exit = exit;
  error.code = code;
  error.what = diagnostic.str();
  error.where = whereOf(diagnostic.getLocation());
  takeOwnCode(error);
  std::string ownHelp;
  for (DiagnosticArgument &own : diagnostic.getMetadata())
    if (own.getKind() == DiagnosticArgument::DiagnosticArgumentKind::Integer)
      error.exit = ExitCode(own.getAsInteger());
  for (Diagnostic &note : diagnostic.getNotes()) {
    std::string where = whereOf(note.getLocation()), text = note.str();
    if (StringRef advice = text; advice.consume_front("help: ")) {
      ownHelp = advice.str();
      continue;
    }
    error.why += (error.why.empty() ? "" : "\n") + text;
    if (!where.empty() && where != error.where)
      error.why += ": " + where;
  }
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    error.help = ownHelp.empty() ? help : ownHelp;
    report(Severity::Error, error);
    break;
  case DiagnosticSeverity::Warning:
    report(Severity::Warning, error);
    break;
  case DiagnosticSeverity::Note:
  case DiagnosticSeverity::Remark:
    report(Severity::Note, error);
    break;
  }
  return success();
}

/// Whether `error` only repeats that `first`, which the user can mend, ended
/// the work.
static bool follows(const Error &error, const Error &first) {
  return first.exit != ExitCode::Internal &&
         (error.exit == ExitCode::Internal ||
          (error.code == first.code && error.what == first.what));
}

void Reports::report(Severity severity, Error error) {
  std::lock_guard lock(mutex);
  if (severity == Severity::Error && first && follows(error, *first))
    return;
  listener.diagnostic(severity, error);
  if (severity == Severity::Error && !first)
    first = std::move(error);
}

void Reports::progress(StringRef stage, size_t done, size_t total) {
  std::lock_guard lock(mutex);
  listener.progress(stage, done, total);
}

void Reports::remark(RemarkRecord record) {
  std::lock_guard lock(mutex);
  std::string key = record.pass + '\0' + record.kind + '\0' + record.text +
                    '\0' + record.location;
  if (!seen.insert(key).second)
    return;
  listener.remark(record);
  records.push_back(std::move(record));
}

bool Reports::sawUserError() {
  std::lock_guard lock(mutex);
  return first && first->exit != ExitCode::Internal;
}

Error Reports::takeError(Error fallback) {
  std::lock_guard lock(mutex);
  if (!first)
    report(Severity::Error, std::move(fallback));
  return *first;
}

} // namespace terrazzo
