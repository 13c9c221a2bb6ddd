// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/TeamExecutor.h"
#include "exec/device/DeviceExecutor.h"

namespace terrazzo::exec {

Expected<std::unique_ptr<Executor>>
openExecutor(const LoadedModel &model, const ExecutionOptions &options,
             uint64_t valueBytes) {
  return options.device ? DeviceExecutor::open(model, options, valueBytes)
                        : TeamExecutor::open(model, options);
}

void Executor::enableTiming(const LoadedModel &model) {
  times.clear();
  for (const package::Program *program : model.programs)
    times.emplace_back(program->commands() ? program->commands()->size() : 0);
}

} // namespace terrazzo::exec
