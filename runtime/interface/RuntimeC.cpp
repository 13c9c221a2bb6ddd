// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo-c/runtime.h over decode::Session. Nothing is thrown across it.
#include "Answers.h"
#include "decode/Session.h"
#include "terrazzo-c/runtime.h"

using namespace terrazzo;
using namespace terrazzo::exec;
using namespace terrazzo::interface;
using decode::Session;

struct terrazzo_session {
  std::unique_ptr<Session> session;
  std::string error;
};

namespace {

Expected<std::unique_ptr<Session>>
openSession(const terrazzo_session_options &from) {
  Error usage;
  usage.code = "TZ0804";
  usage.exit = ExitCode::Usage;
  usage.what = "terrazzo_session_open needs a package and weights";
  if (!from.package_path || !from.weights_path)
    return usage;
  auto package = PackageFile::open(from.package_path);
  if (!package)
    return package.takeError();
  auto weights = formats::ModelFile::open(from.weights_path);
  if (!weights)
    return weights.takeError();
  ExecutionOptions options;
  options.target = textOf(from.target);
  options.cacheFolder = textOf(from.cache_folder);
  options.contextSize = from.context_size;
  options.threads = {from.threads};
  auto device = deviceNamed(from.device);
  if (!device)
    return device.takeError();
  options.device = std::move(*device);
  return Session::open(std::move(*package), std::move(*weights), options);
}

int answer(terrazzo_session *session, Status status) {
  if (status)
    return 0;
  session->error = status.error().format();
  return int(status.error().exit);
}

} // namespace

uint32_t terrazzo_runtime_version(void) { return TERRAZZO_RUNTIME_VERSION; }

int terrazzo_session_open(const terrazzo_session_options *options,
                          terrazzo_session **session, char *error,
                          size_t errorBytes) {
  if (!options || !session)
    return int(ExitCode::Usage);
  *session = nullptr;
  std::unique_ptr<terrazzo_session> made;
  Status status = guarded([&]() -> Status {
    auto opened = openSession(widened(*options));
    if (!opened)
      return opened.takeError();
    made.reset(new terrazzo_session{std::move(*opened), {}});
    return {};
  });
  if (!status)
    return told(status.error(), error, errorBytes);
  *session = made.release();
  return 0;
}

void terrazzo_session_close(terrazzo_session *session) { delete session; }

int terrazzo_session_query(const terrazzo_session *session,
                           terrazzo_session_facts *facts) {
  if (!session || !facts)
    return int(ExitCode::Usage);
  const Session &from = *session->session;
  terrazzo_session_facts full = {sizeof(full),        from.vocabulary(),
                                 from.hiddenSize(),   from.contextSize(),
                                 from.largestChunk(), from.position(),
                                 from.threads()};
  return narrowed(full, facts);
}

int terrazzo_session_step(terrazzo_session *session, const int32_t *tokens,
                          size_t count, float *logits) {
  if (!session || (!tokens && count > 0))
    return int(ExitCode::Usage);
  return answer(session, session->session->step({tokens, count}, logits));
}

int terrazzo_session_logits(terrazzo_session *session, uint32_t firstRow,
                            uint32_t rows, float *logits) {
  if (!session || (!logits && rows > 0))
    return int(ExitCode::Usage);
  return answer(session, session->session->logits(firstRow, rows, logits));
}

const float *terrazzo_session_hidden(const terrazzo_session *session) {
  return session ? session->session->hidden() : nullptr;
}

int terrazzo_session_rewind(terrazzo_session *session, uint32_t position) {
  if (!session)
    return int(ExitCode::Usage);
  session->session->rewind(position);
  return 0;
}

const char *terrazzo_session_error(const terrazzo_session *session) {
  return session ? session->error.c_str() : "";
}
