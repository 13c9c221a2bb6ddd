// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See OpenModel.h.
#include "open/OpenModel.h"

#include "options/Flags.h"

using namespace terrazzo;

/// What a package that was given leaves no choice in.
static Status checkPlaced(const CommonOptions &common,
                          const decode::Session &session) {
  if (common.threads.count && session.threads() == 0)
    return noEffect("--threads", "on " + nameOf(*session.device()),
                    "all of the model runs on the device",
                    "leave it out, or use --device cpu");
  if (!common.package.empty() && common.fallback == "error" &&
      session.variant().host())
    return Error{ExitCode::TargetUnavailable,
                 "TZ0037",
                 "the package runs some operations on the processor",
                 common.package,
                 "--fallback error allows none of them",
                 "see `terrazzo inspect`, or leave --fallback out"};
  return {};
}

Expected<OpenedModel> openModel(const CommonOptions &common, Notes &notes) {
  double begin = secondsNow();
  if (Status status = checkWordsOfModule(common); !status)
    return status.takeError();
  auto from = openPackage(common, notes);
  if (!from)
    return from.takeError();
  OpenedModel opened;
  opened.file = from->weights;
  opened.compileSeconds = from->compileSeconds;
  uint32_t trained = from->package.root().manifest()->context_length();
  const exec::Device *device = from->options.device.get();
  auto session = decode::Session::open(std::move(from->package), opened.file,
                                       from->options);
  if (!session)
    return session.takeError();
  opened.session = std::move(*session);
  opened.loadSeconds = secondsNow() - begin - opened.compileSeconds;
  if (Status status = checkPlaced(common, *opened.session); !status)
    return status.takeError();
  if (trained && opened.session->contextSize() > trained)
    notes.line("note: the model was trained for " + std::to_string(trained) +
               " tokens; the context has " +
               std::to_string(opened.session->contextSize()) +
               ", and what comes behind the first " + std::to_string(trained) +
               " may be nonsense");
  describePackage(opened.session->package(), notes,
                  device ? nameOf(*device) : std::string());
  return opened;
}
