// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver as a whole: its lock, its devices, its handles, and what every
// entry point begins with. It is made at the first call and never destroyed,
// since threads of streams may outlive `main`.
#pragma once

#include "TzEmu/CudaDriver.h"
#include "driver/DriverObjects.h"

#include <array>
#include <mutex>
#include <new>

namespace terrazzo::emu::driver {

using Lock = std::unique_lock<std::recursive_mutex>;

struct Driver {
  std::recursive_mutex mutex;
  bool initialised = false;
  std::atomic<bool> forked{false};
  std::string selected; ///< an architecture chosen before cuInit
  std::atomic<bool> reportFaults{true}; ///< on stderr
  std::mutex faultMutex;                ///< of the next
  std::string lastFault;

  static constexpr int mostDevices = 64;
  std::array<std::unique_ptr<Device>, mostDevices> devices;
  std::atomic<int> deviceCount{0}; ///< grows only; readable without the lock

  std::unordered_map<void *, std::shared_ptr<Object>> objects;
  std::map<uint64_t, Allocation> allocations;
  uint64_t nextNumber = 1;
  std::vector<std::weak_ptr<Capture>> captures;

  /// Gives the object a handle and keeps it until `remove`.
  void add(const std::shared_ptr<Object> &object, Context *context);
  void remove(const Object &object) { objects.erase(object.handle); }
  size_t count(Kind kind) const;
  /// The allocation that holds the address; null when none does.
  std::map<uint64_t, Allocation>::iterator findAllocation(uint64_t address);
  uint64_t number() { return nextNumber++; }
};

Driver &driver();

/// Null when the handle is none of this kind.
template <typename T> std::shared_ptr<T> find(const void *handle) {
  auto &objects = driver().objects;
  auto found = objects.find(const_cast<void *>(handle));
  if (found == objects.end() || found->second->kind != T::kindOf)
    return nullptr;
  return std::static_pointer_cast<T>(found->second);
}

template <typename T, typename Handle>
Handle handleOf(const std::shared_ptr<T> &object) {
  return reinterpret_cast<Handle>(object->handle);
}

/// Null when the number is no device's.
Device *findDevice(int number);
/// The device in whose memory the bytes lie; null when they lie in none's.
Device *findDevice(uint64_t address, uint64_t bytes);

/// Makes devices of the architecture; the first one's number, or -1.
int addDevices(const Architecture &architecture);

/// The calling thread's contexts, the current one last.
std::vector<std::shared_ptr<Context>> &contextStack();
std::shared_ptr<Context> currentContext();
/// A number for the calling thread that no other ever has.
uint64_t threadNumber();

std::shared_ptr<Context> makeContext(Device &device, unsigned flags);
/// Waits for the context's work and frees all that is its own.
void clearContext(Context &context, Lock &lock);

/// Words on what a kernel or a text did wrong, kept for terrazzoEmuLastFault.
void noteFault(const std::string &text, bool report);
CUresult resultOf(const Outcome &outcome);

/// Waits with the lock released.
void waitFor(const WorkPointer &work, Lock &lock);
void waitForAll(Context &context, Lock &lock);

/// What every entry point begins with; `body` is called under the lock.
template <typename Body> CUresult enter(Body body) noexcept {
  Driver &state = driver();
  if (state.forked.load())
    return CUDA_ERROR_NOT_INITIALIZED;
  if (insideHostFunction())
    return CUDA_ERROR_NOT_PERMITTED;
  try {
    Lock lock(state.mutex);
    if (!state.initialised)
      return CUDA_ERROR_NOT_INITIALIZED;
    return body(lock);
  } catch (const std::bad_alloc &) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  } catch (...) {
    return CUDA_ERROR_UNKNOWN;
  }
}

/// The same for one that needs a current context that has not failed.
template <typename Body> CUresult enterContext(Body body) noexcept {
  return enter([&](Lock &lock) -> CUresult {
    std::shared_ptr<Context> context = currentContext();
    if (!context)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (!context->active)
      return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    if (CUresult failure = context->failure.load())
      return failure;
    return body(*context, lock);
  });
}

} // namespace terrazzo::emu::driver

/// A second name of an entry point of the same file.
#if defined(__GNUC__) && !defined(__clang__)
// g++ warns of a name that promises less than the function, not to throw.
#define TZ_EMU_ALIAS_OF(entry) alias(#entry), copy(entry)
#else
#define TZ_EMU_ALIAS_OF(entry) alias(#entry)
#endif
#define TZ_EMU_ALIAS(other, entry)                                             \
  extern "C" TZ_EMU_API decltype(entry) other                                  \
      __attribute__((TZ_EMU_ALIAS_OF(entry)))
