// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/Device.h"
#include "exec/Command.h"

#include <algorithm>
#include <cstring>

namespace terrazzo::exec {

namespace {

/// A plugin's text as one line of bounded length.
std::string oneLine(const char *text) {
  constexpr size_t longest = 2000;
  std::string line(text ? text : "", text ? strnlen(text, longest) : 0);
  for (char &c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = ' ';
  while (!line.empty() && line.back() == ' ')
    line.pop_back();
  return line;
}

/// A code that a plugin answered, as one that the tools end with.
ExitCode exitOf(int code) {
  switch (code) {
  case int(ExitCode::Usage):
  case int(ExitCode::ModelNotSupported):
  case int(ExitCode::TargetUnavailable):
  case int(ExitCode::NumericsFailed):
  case int(ExitCode::OutOfMemory):
  case int(ExitCode::PackageIncompatible):
  case int(ExitCode::Internal):
  case int(ExitCode::Interrupted):
    return ExitCode(code);
  default:
    return ExitCode::Failure;
  }
}

/// What a table must have and does not; empty: nothing.
std::string missingFrom(const terrazzo_device_table *table) {
  if (!table)
    return "it speaks no version of the device interface up to " +
           std::to_string(TERRAZZO_DEVICE_VERSION);
  if (table->version == 0 || table->version > TERRAZZO_DEVICE_VERSION)
    return "it answered version " + std::to_string(table->version) +
           " of the device interface when it was asked for at most " +
           std::to_string(TERRAZZO_DEVICE_VERSION);
  bool complete =
      TERRAZZO_DEVICE_HAS(table, open) && TERRAZZO_DEVICE_HAS(table, close) &&
      TERRAZZO_DEVICE_HAS(table, query) && TERRAZZO_DEVICE_HAS(table, alloc) &&
      TERRAZZO_DEVICE_HAS(table, free) && TERRAZZO_DEVICE_HAS(table, copy) &&
      TERRAZZO_DEVICE_HAS(table, load_code) &&
      TERRAZZO_DEVICE_HAS(table, unload) && TERRAZZO_DEVICE_HAS(table, launch);
  return complete ? "" : "its table lacks a function that every device has";
}

} // namespace

Expected<std::shared_ptr<Device>>
Device::open(const terrazzo_device_table *table, const std::string &name,
             const std::string &driver) {
  Error error;
  error.exit = ExitCode::TargetUnavailable;
  error.where = "--device " + name;
  error.code = "TZ0442";
  error.what = "the plugin of this device cannot be used";
  error.why = missingFrom(table);
  error.help = "rebuild the plugin against this Terrazzo's headers";
  if (!error.why.empty())
    return error;
  std::shared_ptr<Device> device(new Device);
  device->table = table;
  device->called = name;
  terrazzo_device_open_args args = {};
  args.struct_size = sizeof(args);
  args.name = name.c_str();
  args.driver = driver.empty() ? nullptr : driver.c_str();
  int code = table->open(&args, &device->handle);
  if (code == 0 && device->handle) {
    if (Status status = device->readFacts(); !status)
      return status.takeError();
    return device;
  }
  device->handle = nullptr;
  error.code = "TZ0443";
  error.what = "the device cannot be used here";
  error.why = TERRAZZO_DEVICE_HAS(table, open_error)
                  ? oneLine(table->open_error())
                  : std::string();
  if (error.why.empty())
    error.why =
        "its plugin answered " + std::to_string(code) + " and gave no reason";
  error.help = "`terrazzo targets` lists what can be used; --device cpu always "
               "can";
  return error;
}

Device::~Device() {
  if (handle)
    table->close(handle);
}

Status Device::readFacts() {
  terrazzo_device_facts facts = {};
  facts.struct_size = sizeof(facts);
  if (int code = table->query(handle, &facts); code != 0)
    return failure(code, "say what it is");
  constexpr size_t mostTargets = 256;
  for (size_t i = 0; facts.targets && i < facts.target_count; ++i)
    if (std::string target = oneLine(facts.targets[i]);
        !target.empty() && i < mostTargets)
      targetStrings.push_back(std::move(target));
  productName = oneLine(facts.name);
  remark = oneLine(facts.note);
  if (!targetStrings.empty())
    return {};
  Error error;
  error.code = "TZ0442";
  error.exit = ExitCode::TargetUnavailable;
  error.what = "the plugin of this device cannot be used";
  error.where = "--device " + called;
  error.why = "it names no target whose code the device runs";
  error.help = "ask its vendor";
  return error;
}

Error Device::failure(int code, const char *what) const {
  Error error;
  error.code = "TZ0444";
  error.exit = exitOf(code);
  error.what = std::string("the device failed to ") + what;
  error.where =
      "--device " + called +
      (productName.empty() ? std::string() : " (" + productName + ")");
  if (TERRAZZO_DEVICE_HAS(table, last_error))
    error.why = oneLine(table->last_error(handle));
  if (error.why.empty())
    error.why =
        "its plugin answered " + std::to_string(code) + " and gave no reason";
  error.help = "--device cpu runs the model without it";
  return error;
}

uint64_t Device::availableBytes() {
  terrazzo_device_facts facts = {};
  facts.struct_size = sizeof(facts);
  return table->query(handle, &facts) == 0 ? facts.memory_bytes : 0;
}

Expected<terrazzo_memory> Device::allocate(uint64_t bytes,
                                           const char *purpose) {
  terrazzo_memory memory = 0;
  int code = table->alloc(handle, bytes, &memory);
  constexpr terrazzo_memory alignment = 64;
  if (code == 0 && memory != 0 && memory % alignment == 0)
    return memory;
  if (code == 0) {
    if (memory != 0)
      table->free(handle, memory);
    return failure(int(ExitCode::Failure), "give aligned memory");
  }
  Error error = failure(code, "give memory");
  if (error.exit != ExitCode::OutOfMemory)
    return error;
  error.code = "TZ0601";
  error.what = std::string("no memory for ") + purpose;
  error.why = std::to_string(bytes >> 20) + " MiB: " + error.why;
  error.help = "a smaller --ctx-size needs less";
  return error;
}

Status Device::copyIn(terrazzo_memory memory, const void *host,
                      uint64_t bytes) {
  terrazzo_copy_args args = {};
  args.struct_size = sizeof(args);
  args.direction = TERRAZZO_COPY_TO_DEVICE;
  args.host = const_cast<void *>(host);
  args.device = memory;
  args.bytes = bytes;
  int code = table->copy(handle, &args);
  return code == 0 ? Status() : failure(code, "take a copy");
}

Status Device::copyOut(void *host, terrazzo_memory memory, uint64_t bytes) {
  terrazzo_copy_args args = {};
  args.struct_size = sizeof(args);
  args.direction = TERRAZZO_COPY_TO_HOST;
  args.host = host;
  args.device = memory;
  args.bytes = bytes;
  int code = table->copy(handle, &args);
  return code == 0 ? Status() : failure(code, "give its results");
}

Status Device::copyInside(terrazzo_memory target, terrazzo_memory source,
                          uint64_t bytes) {
  terrazzo_copy_args args = {};
  args.struct_size = sizeof(args);
  args.direction = TERRAZZO_COPY_INSIDE;
  args.device = source;
  args.target = target;
  args.bytes = bytes;
  int code = table->copy(handle, &args);
  return code == 0 ? Status() : failure(code, "copy");
}

Status Device::fill(terrazzo_memory memory, uint8_t value, uint64_t bytes) {
  if (canFill()) {
    int code = table->fill(handle, memory, value, bytes);
    return code == 0 ? Status() : failure(code, "fill memory");
  }
  constexpr uint64_t part = 1 << 20;
  std::vector<uint8_t> values(std::min(bytes, part), value);
  while (bytes > 0) {
    uint64_t count = std::min(bytes, part);
    if (Status status = copyIn(memory, values.data(), count); !status)
      return status;
    memory += count;
    bytes -= count;
  }
  // The values are gone when this returns.
  return synchronize();
}

Status Device::synchronize() {
  if (!TERRAZZO_DEVICE_HAS(table, synchronize))
    return {};
  int code = table->synchronize(handle);
  return code == 0 ? Status() : failure(code, "finish its work");
}

Expected<terrazzo_code *> Device::load(const terrazzo_load_args &args) {
  terrazzo_code *code = nullptr;
  int answer = table->load_code(handle, &args, &code);
  if (answer == 0 && code)
    return code;
  Error error = failure(answer, "load the package's code");
  error.code = "TZ0445";
  return error;
}

void *Device::allocateHost(uint64_t bytes) {
  if (!TERRAZZO_DEVICE_HAS(table, host_alloc) ||
      !TERRAZZO_DEVICE_HAS(table, host_free))
    return nullptr;
  void *memory = nullptr;
  return table->host_alloc(handle, bytes, &memory) == 0 ? memory : nullptr;
}

bool Device::canRecord() const {
  return TERRAZZO_DEVICE_HAS(table, record_begin) &&
         TERRAZZO_DEVICE_HAS(table, record_end) &&
         TERRAZZO_DEVICE_HAS(table, replay) &&
         TERRAZZO_DEVICE_HAS(table, recording_free);
}

Status Device::beginRecording() {
  int code = table->record_begin(handle);
  return code == 0 ? Status() : failure(code, "record");
}

Expected<terrazzo_recording *> Device::endRecording() {
  terrazzo_recording *recording = nullptr;
  int code = table->record_end(handle, &recording);
  if (code == 0 && recording)
    return recording;
  return failure(code, "record");
}

double Device::measureCopies() {
  constexpr uint64_t most = uint64_t(256) << 20, least = uint64_t(1) << 20;
  constexpr int repeats = 5;
  uint64_t bytes = std::min(most, availableBytes() / 4);
  if (bytes < least)
    return 0;
  auto from = DeviceBlock::allocate(*this, bytes, "a measurement");
  auto to = DeviceBlock::allocate(*this, bytes, "a measurement");
  if (!from || !to || !fill(from->address(), 0, bytes))
    return 0;
  double best = 0;
  for (int i = 0; i < repeats; ++i) {
    if (!synchronize())
      return 0;
    uint64_t begin = nanosecondsNow();
    if (!copyInside(to->address(), from->address(), bytes) || !synchronize())
      return 0;
    uint64_t spent = std::max<uint64_t>(nanosecondsNow() - begin, 1);
    best = std::max(best, 2e9 * double(bytes) / double(spent));
  }
  return best;
}

Expected<DeviceBlock> DeviceBlock::allocate(Device &device, uint64_t bytes,
                                            const char *purpose) {
  auto memory = device.allocate(bytes, purpose);
  if (!memory)
    return memory.takeError();
  DeviceBlock block;
  block.device = &device;
  block.start = *memory;
  return block;
}

} // namespace terrazzo::exec
