// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes of launches, kernels' nodes and streams: which there are, who can
// have them, and with which values. What is accepted here is kept to; what only
// advises hardware that is not modelled is accepted too, since nothing that a
// program could see depends on it.
#include "driver/DriverCapture.h"

#include <algorithm>

namespace terrazzo::emu::driver {

namespace {

using Value = CUlaunchAttributeValue;

CUresult isFlag(const Value &value) {
  return value.number == 0 || value.number == 1 ? CUDA_SUCCESS
                                                : CUDA_ERROR_INVALID_VALUE;
}

/// A flag of something that is not done.
CUresult isOff(const Value &value) {
  return value.number ? CUDA_ERROR_NOT_SUPPORTED : CUDA_SUCCESS;
}

template <int least, int most> CUresult isWithin(const Value &value) {
  return value.number >= least && value.number <= most
             ? CUDA_SUCCESS
             : CUDA_ERROR_INVALID_VALUE;
}

CUresult isAnything(const Value &) { return CUDA_SUCCESS; }

/// A block is a cluster of its own.
CUresult isOneBlock(const Value &value) {
  bool none = std::ranges::all_of(value.cluster,
                                  [](unsigned size) { return size == 0; });
  if (none)
    return CUDA_SUCCESS;
  for (unsigned size : value.cluster)
    if (size == 0)
      return CUDA_ERROR_INVALID_VALUE;
  for (unsigned size : value.cluster)
    if (size > 1)
      return CUDA_ERROR_INVALID_CLUSTER_SIZE;
  return CUDA_SUCCESS;
}

/// The device answers that no memory of its cache can be set aside.
CUresult isNoWindow(const Value &value) {
  constexpr int streaming = 1, persisting = 2;
  const auto &window = value.window;
  return window.bytes == 0 && window.hitRatio >= 0 && window.hitRatio <= 1 &&
                 window.hit >= 0 && window.hit <= persisting &&
                 window.miss >= 0 && window.miss <= streaming
             ? CUDA_SUCCESS
             : CUDA_ERROR_INVALID_VALUE;
}

/// There is one domain.
CUresult isFirstDomain(const Value &value) {
  return value.domains[0] == 0 && value.domains[1] == 0
             ? CUDA_SUCCESS
             : CUDA_ERROR_INVALID_VALUE;
}

/// Recorded behind the kernel: all its blocks have begun, triggered and ended.
CUresult isEvent(const Value &value) {
  std::shared_ptr<Event> event = find<Event>(value.programmaticEvent.event);
  if (!event)
    return CUDA_ERROR_INVALID_HANDLE;
  return event->flags & CU_EVENT_DISABLE_TIMING &&
                 value.programmaticEvent.flags == 0
             ? CUDA_SUCCESS
             : CUDA_ERROR_INVALID_VALUE;
}

struct Row {
  CUlaunchAttributeID id;
  int owners;
  CUresult (*check)(const Value &value);
  int initial = 0;
};

constexpr int everyone = LaunchOwner | NodeOwner | StreamOwner,
              kernels = LaunchOwner | NodeOwner;

constexpr Row rows[] = {
    {CU_LAUNCH_ATTRIBUTE_IGNORE, everyone, isAnything},
    {CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW, everyone, isNoWindow},
    {CU_LAUNCH_ATTRIBUTE_COOPERATIVE, kernels, isFlag},
    {CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, StreamOwner, isWithin<1, 4>,
     1},
    {CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, kernels, isOneBlock},
    {CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE, kernels,
     isWithin<0, 2>},
    // Grids of a stream run one behind the other: as late as is allowed.
    {CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, LaunchOwner,
     isFlag},
    {CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT, LaunchOwner, isEvent},
    {CU_LAUNCH_ATTRIBUTE_PRIORITY, everyone, isAnything},
    {CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP, everyone, isFirstDomain},
    {CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN, everyone, isFlag},
    {CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION, kernels, isOneBlock},
    {CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT, LaunchOwner, isEvent},
    {CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE, kernels, isOff},
    {CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, kernels,
     isWithin<-1, 100>, -1},
    {CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING, kernels, isOff},
};

const Row *findRow(CUlaunchAttributeID id, AttributeOwner owner) {
  auto row = std::ranges::find(rows, id, &Row::id);
  return row != std::end(rows) && (row->owners & owner) ? row : nullptr;
}

} // namespace

CUresult checkAttribute(CUlaunchAttributeID id, const Value &value,
                        AttributeOwner owner) {
  const Row *row = findRow(id, owner);
  return row ? row->check(value) : CUDA_ERROR_INVALID_VALUE;
}

CUresult setAttribute(Attributes &attributes, CUlaunchAttributeID id,
                      const Value *value, AttributeOwner owner) {
  if (!value)
    return CUDA_ERROR_INVALID_VALUE;
  if (CUresult wrong = checkAttribute(id, *value, owner))
    return wrong;
  attributes[id] = *value;
  return CUDA_SUCCESS;
}

CUresult getAttribute(const Attributes &attributes, CUlaunchAttributeID id,
                      Value *value, AttributeOwner owner) {
  const Row *row = findRow(id, owner);
  if (!row || !value)
    return CUDA_ERROR_INVALID_VALUE;
  auto found = attributes.find(id);
  *value = {};
  if (found != attributes.end())
    *value = found->second;
  else
    value->number = row->initial;
  return CUDA_SUCCESS;
}

} // namespace terrazzo::emu::driver
