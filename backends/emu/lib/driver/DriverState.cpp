// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "driver/DriverState.h"
#include "driver/DriverCapture.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>

namespace terrazzo::emu::driver {

Driver &driver() {
  static Driver *state = [] {
    auto *fresh = new Driver;
    // A child process has none of the streams' threads.
    pthread_atfork(nullptr, nullptr, [] { driver().forked = true; });
    return fresh;
  }();
  return *state;
}

void Driver::add(const std::shared_ptr<Object> &object, Context *context) {
  // No address of anything: a program that looks behind a handle is found out.
  constexpr uintptr_t first = uintptr_t(0x7e55) << 44, step = 16;
  object->handle = reinterpret_cast<void *>(first + step * nextNumber++);
  object->context = context;
  objects.emplace(object->handle, object);
}

size_t Driver::count(Kind kind) const {
  size_t number = 0;
  for (const auto &[handle, object] : objects)
    number += object->kind == kind;
  return number;
}

std::map<uint64_t, Allocation>::iterator
Driver::findAllocation(uint64_t address) {
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin())
    return allocations.end();
  auto found = std::prev(next);
  return address - found->first < found->second.bytes ? found
                                                      : allocations.end();
}

Device *findDevice(int number) {
  if (number < 0 || number >= driver().deviceCount.load())
    return nullptr;
  return driver().devices[number].get();
}

Device *findDevice(uint64_t address, uint64_t bytes) {
  for (int i = 0, count = driver().deviceCount.load(); i < count; ++i)
    if (driver().devices[i]->memory.contains(address, bytes))
      return driver().devices[i].get();
  return nullptr;
}

int addDevices(const Architecture &architecture) {
  Driver &state = driver();
  const char *text = getenv("TERRAZZO_EMU_DEVICES");
  long wanted = text ? strtol(text, nullptr, 10) : 1;
  if (wanted < 1)
    wanted = 1;
  int first = state.deviceCount.load();
  if (first + wanted > Driver::mostDevices)
    return -1;
  for (long i = 0; i < wanted; ++i) {
    int number = first + int(i);
    auto device = std::make_unique<Device>(number, architecture);
    device->fidelity = fidelityLine(architecture);
    auto pool = std::make_shared<Pool>();
    pool->device = number;
    pool->isDefault = true;
    state.add(pool, nullptr);
    device->defaultPool = device->pool = pool;
    state.devices[number] = std::move(device);
    state.deviceCount.store(number + 1);
  }
  return first;
}

std::vector<std::shared_ptr<Context>> &contextStack() {
  thread_local std::vector<std::shared_ptr<Context>> stack;
  return stack;
}

std::shared_ptr<Context> currentContext() {
  auto &stack = contextStack();
  return stack.empty() ? nullptr : stack.back();
}

uint64_t threadNumber() {
  static std::atomic<uint64_t> next{1};
  thread_local uint64_t number = next++;
  return number;
}

void waitFor(const WorkPointer &work, Lock &lock) {
  if (!work || work->isDone())
    return;
  lock.unlock();
  work->wait();
  lock.lock();
}

void waitForAll(Context &context, Lock &lock) {
  std::vector<WorkPointer> all = std::move(context.orphans);
  context.orphans.clear();
  auto take = [&](const std::shared_ptr<Stream> &stream) {
    if (WorkPointer work = stream->queue.last())
      all.push_back(work);
  };
  if (context.legacy)
    take(context.legacy);
  for (const auto &[thread, stream] : context.perThread)
    take(stream);
  for (const auto &stream : context.streams)
    take(stream);
  for (const WorkPointer &work : all)
    waitFor(work, lock);
}

std::shared_ptr<Context> makeContext(Device &device, unsigned flags) {
  auto context = std::make_shared<Context>();
  context->device = &device;
  context->flags = flags;
  context->number = driver().number();
  context->legacy = std::make_shared<Stream>();
  context->legacy->role = Stream::Role::Legacy;
  context->legacy->context = context.get();
  context->legacy->number = driver().number();
  driver().add(context, nullptr);
  return context;
}

void clearContext(Context &context, Lock &lock) {
  std::shared_ptr<Object> keep = context.shared_from_this();
  waitForAll(context, lock);
  Driver &state = driver();
  std::vector<std::shared_ptr<Object>> dead;
  for (const auto &[handle, object] : state.objects)
    if (object->context == &context)
      dead.push_back(object);
    else if (object->kind == Kind::Library)
      static_cast<Library &>(*object).modules.erase(&context);
  for (const auto &object : dead) {
    if (object->kind == Kind::Stream)
      abandonCapture(static_cast<Stream &>(*object));
    // A module and its functions keep each other.
    if (object->kind == Kind::Module)
      static_cast<LoadedModule &>(*object).functions.clear();
    state.remove(*object);
  }
  context.streams.clear();
  context.perThread.clear();
  for (auto entry = state.allocations.begin();
       entry != state.allocations.end();) {
    if (entry->second.context.get() != &context) {
      ++entry;
      continue;
    }
    if (entry->second.pool)
      entry->second.pool->used -= entry->second.bytes;
    if (entry->second.kind != Allocation::Kind::Registered)
      state.devices[entry->second.device]->memory.release(entry->first);
    entry = state.allocations.erase(entry);
  }
  context.heap.reset();
  context.failure.store(CUDA_SUCCESS);
}

void noteFault(const std::string &text, bool report) {
  std::lock_guard lock(driver().faultMutex);
  driver().lastFault = text;
  static const bool quiet = [] {
    const char *text = getenv("TERRAZZO_EMU_QUIET");
    return text && *text && strcmp(text, "0") != 0;
  }();
  if (report && driver().reportFaults && !quiet)
    fprintf(stderr, "terrazzo-emu: %s\n", text.c_str());
}

CUresult resultOf(const Outcome &outcome) {
  switch (outcome.fault) {
  case Fault::None:
    return CUDA_SUCCESS;
  case Fault::InvalidPtx:
  case Fault::UnknownInstruction:
    return CUDA_ERROR_INVALID_PTX;
  case Fault::UnsupportedVersion:
    return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
  case Fault::OutOfMemory:
    return CUDA_ERROR_OUT_OF_MEMORY;
  case Fault::InvalidValue:
    return CUDA_ERROR_INVALID_VALUE;
  case Fault::LaunchOutOfResources:
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  case Fault::IllegalAddress:
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  case Fault::MisalignedAddress:
    return CUDA_ERROR_MISALIGNED_ADDRESS;
  case Fault::IllegalInstruction:
    return CUDA_ERROR_ILLEGAL_INSTRUCTION;
  case Fault::Trap:
    return outcome.text.find("assert") == std::string::npos
               ? CUDA_ERROR_LAUNCH_FAILED
               : CUDA_ERROR_ASSERT;
  case Fault::Internal:
    return CUDA_ERROR_LAUNCH_FAILED;
  }
  return CUDA_ERROR_UNKNOWN;
}

} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" TZ_EMU_API const char *terrazzoEmuLastFault() {
  thread_local std::string text;
  std::lock_guard lock(driver().faultMutex);
  text = driver().lastFault;
  return text.c_str();
}
