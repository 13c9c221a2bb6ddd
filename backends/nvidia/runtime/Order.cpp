// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Points in the device's order of work, and work that is recorded to be
// repeated: captured from the stream, run as a graph.
#include "Device.h"

#include <utility>

namespace terrazzo::nvidia {

int recordEvent(terrazzo_device *device, terrazzo_event **result) {
  return use(device, [&]() -> int {
    if (device->recording)
      return device->fail(ExitUsage, "no event while work is recorded");
    auto event = std::make_unique<terrazzo_event>();
    if (!device->spareEvents.empty()) {
      event->event = device->spareEvents.back();
      device->spareEvents.pop_back();
    } else if (CudaResult answer = device->api->eventCreate(
                   &event->event, EventWithoutTiming)) {
      return device->fail("cuEventCreate", answer);
    }
    CudaResult answer = device->api->eventRecord(event->event, device->stream);
    if (answer != CudaSuccess) {
      device->spareEvents.push_back(event->event);
      return device->fail("cuEventRecord", answer);
    }
    device->events.insert(event.get());
    *result = event.release();
    return ExitOk;
  });
}

int waitEvent(terrazzo_device *device, terrazzo_event *event) {
  return use(device, [&]() -> int {
    if (!device->events.erase(event))
      return device->fail(ExitUsage, "an event is waited for once");
    // Nothing else ends an event, so waiting does.
    CudaResult answer = device->api->eventSynchronize(event->event);
    device->spareEvents.push_back(event->event);
    delete event;
    return answer == CudaSuccess ? int(ExitOk)
                                 : device->fail("cuEventSynchronize", answer);
  });
}

int synchronize(terrazzo_device *device) {
  return use(device, [&]() -> int {
    if (device->recording)
      return device->fail(ExitUsage, "no waiting while work is recorded");
    CudaResult answer = device->api->streamSynchronize(device->stream);
    return answer == CudaSuccess ? int(ExitOk)
                                 : device->fail("cuStreamSynchronize", answer);
  });
}

int beginRecording(terrazzo_device *device) {
  return use(device, [&]() -> int {
    if (device->recording)
      return device->fail(ExitUsage, "work is recorded already");
    CudaResult answer =
        device->api->streamBeginCapture(device->stream, CaptureRelaxed);
    if (answer != CudaSuccess)
      return device->fail("cuStreamBeginCapture", answer);
    device->recording = true;
    return ExitOk;
  });
}

int endRecording(terrazzo_device *device, terrazzo_recording **result) {
  return use(device, [&]() -> int {
    if (!device->recording)
      return device->fail(ExitUsage, "no work is recorded");
    const DriverApi &api = *device->api;
    auto recording = std::make_unique<terrazzo_recording>();
    CudaGraph graph = nullptr;
    CudaResult answer = api.streamEndCapture(device->stream, &graph);
    device->recording = false;
    for (uint64_t memory : std::exchange(device->lateFrees, {}))
      freeMemory(device, memory);
    if (answer != CudaSuccess || !graph)
      return device->fail("cuStreamEndCapture", answer);
    answer = api.graphInstantiate(&recording->exec, graph, 0);
    api.graphDestroy(graph);
    if (answer != CudaSuccess)
      return device->fail("cuGraphInstantiate", answer);
    device->recordings.insert(recording.get());
    *result = recording.release();
    return ExitOk;
  });
}

int replay(terrazzo_device *device, terrazzo_recording *recording) {
  return use(device, [&]() -> int {
    if (!device->recordings.contains(recording))
      return device->fail(ExitUsage, "this work was not recorded");
    CudaResult answer =
        device->api->graphLaunch(recording->exec, device->stream);
    return answer == CudaSuccess ? int(ExitOk)
                                 : device->fail("cuGraphLaunch", answer);
  });
}

void freeRecording(terrazzo_device *device, terrazzo_recording *recording) {
  use(device, [&]() -> int {
    if (!device->recordings.erase(recording))
      return ExitUsage;
    device->api->graphExecDestroy(recording->exec);
    delete recording;
    return ExitOk;
  });
}

} // namespace terrazzo::nvidia
