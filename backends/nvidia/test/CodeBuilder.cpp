// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CodeBuilder.h"

#include <cstring>
#include <dlfcn.h>

namespace terrazzo::nvidia::test {

namespace {

/// Everything but a kernel's parameters and body: index in %rd1, `tokens` (the
/// parameter behind the bindings) in %rd2, %p1 where the index is outside.
std::string kernelText(const std::string &name, unsigned bindings,
                       const std::string &body) {
  std::string text = ".version 7.0\n.target sm_75\n.address_size 64\n"
                     ".extern .shared .align 16 .b8 pool[];\n"
                     ".visible .entry " +
                     name + "(\n";
  for (unsigned i = 0; i < bindings; ++i)
    text += "  .param .u64 b" + std::to_string(i) + ",\n";
  text += "  .param .u64 tokens,\n  .param .u64 rows\n)\n{\n"
          "  .reg .pred %p<4>;\n  .reg .f32 %f<6>;\n  .reg .b32 %r<12>;\n"
          "  .reg .b64 %rd<16>;\n"
          "  mov.u32 %r1, %ctaid.x;\n  mov.u32 %r2, %ntid.x;\n"
          "  mov.u32 %r3, %tid.x;\n  mad.lo.s32 %r4, %r1, %r2, %r3;\n"
          "  cvt.s64.s32 %rd1, %r4;\n  ld.param.u64 %rd2, [tokens];\n"
          "  setp.ge.s64 %p1, %rd1, %rd2;\n";
  return text + body + "}\n";
}

/// %rdN = the address of element %rd1 of binding `binding`.
std::string element(int binding, int registerNumber) {
  std::string place = "%rd" + std::to_string(registerNumber);
  return "  ld.param.u64 " + place + ", [b" + std::to_string(binding) +
         "];\n  cvta.to.global.u64 " + place + ", " + place +
         ";\n  shl.b64 %rd15, %rd1, 2;\n  add.s64 " + place + ", " + place +
         ", %rd15;\n";
}

template <typename T> void append(std::string &bytes, const T &value) {
  bytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
}

} // namespace

KernelSource vectorAdd() {
  return {"vector_add",
          kernelText("vector_add", 3,
                     "  @%p1 bra done;\n" + element(0, 3) + element(1, 4) +
                         element(2, 5) +
                         "  ld.global.f32 %f1, [%rd3];\n"
                         "  ld.global.f32 %f2, [%rd4];\n"
                         "  add.rn.f32 %f3, %f1, %f2;\n"
                         "  st.global.f32 [%rd5], %f3;\ndone:\n  ret;\n"),
          128, 3};
}

KernelSource vectorScale() {
  return {"vector_scale",
          kernelText("vector_scale", 1,
                     "  @%p1 bra done;\n" + element(0, 3) +
                         "  ld.global.f32 %f1, [%rd3];\n"
                         "  add.rn.f32 %f1, %f1, %f1;\n"
                         "  st.global.f32 [%rd3], %f1;\ndone:\n  ret;\n"),
          64, 1};
}

KernelSource sharedSum() {
  return {"shared_sum",
          kernelText("shared_sum", 2,
                     element(0, 3) +
                         "  mov.f32 %f1, 0f00000000;\n"
                         "  @%p1 bra outside;\n"
                         "  ld.global.f32 %f1, [%rd3];\noutside:\n"
                         "  shl.b32 %r5, %r3, 2;\n  mov.u32 %r6, pool;\n"
                         "  add.s32 %r6, %r6, %r5;\n"
                         "  st.shared.f32 [%r6], %f1;\n  bar.sync 0;\n"
                         "  setp.ne.s32 %p2, %r3, 0;\n  @%p2 bra done;\n"
                         "  mov.f32 %f2, 0f00000000;\n  mov.u32 %r7, 0;\n"
                         "  mov.u32 %r8, pool;\nloop:\n"
                         "  ld.shared.f32 %f3, [%r8];\n"
                         "  add.rn.f32 %f2, %f2, %f3;\n"
                         "  add.s32 %r8, %r8, 4;\n  add.s32 %r7, %r7, 1;\n"
                         "  setp.lt.s32 %p3, %r7, %r2;\n  @%p3 bra loop;\n"
                         "  ld.param.u64 %rd4, [b1];\n"
                         "  mul.wide.s32 %rd5, %r1, 4;\n"
                         "  add.s64 %rd4, %rd4, %rd5;\n"
                         "  st.global.f32 [%rd4], %f2;\ndone:\n  ret;\n"),
          256, 2};
}

KernelSource fault() {
  return {"fault",
          kernelText("fault", 0,
                     "  mov.u64 %rd3, 16;\n  st.global.u32 [%rd3], %r1;\n"
                     "  ret;\n"),
          32, 0};
}

uint64_t entryOf(size_t index) {
  return sizeof(BlobHeader) + index * sizeof(KernelRecord);
}

std::string buildCode(const std::vector<KernelSource> &kernels,
                      const std::string &arch) {
  std::string texts;
  uint64_t start = entryOf(kernels.size());
  auto place = [&](const std::string &text, uint64_t &offset, uint64_t &bytes) {
    offset = start + texts.size();
    bytes = text.size();
    texts.append(text.c_str(), text.size() + 1);
  };
  std::string records;
  for (const KernelSource &kernel : kernels) {
    KernelRecord record = {};
    place(kernel.name, record.nameOffset, record.nameBytes);
    place(kernel.ptx, record.ptxOffset, record.ptxBytes);
    record.threads = kernel.threads;
    record.bindingCount = kernel.bindings;
    record.staticShared = kernel.staticShared;
    append(records, record);
  }
  BlobHeader header = {};
  memcpy(header.magic, kBlobMagic, sizeof(header.magic));
  memcpy(header.plugin, "nvidia", 6);
  memcpy(header.arch, arch.data(), arch.size());
  header.version = 1;
  header.kernelCount = uint32_t(kernels.size());
  header.bytes = start + texts.size();
  std::string code;
  append(code, header);
  return code + records + texts;
}

const terrazzo_device_table *pluginTable(uint32_t version) {
  static void *library = dlopen(TERRAZZO_DEVICE_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    ADD_FAILURE() << dlerror();
    return nullptr;
  }
  auto entry = reinterpret_cast<terrazzo_device_entry_fn>(
      dlsym(library, "terrazzo_device_entry"));
  return entry ? entry(version) : nullptr;
}

int tryOpen(const char *name, const char *driver, std::string &why) {
  const terrazzo_device_table *table = pluginTable();
  terrazzo_device_open_args args = {};
  args.struct_size = sizeof(args);
  args.name = name;
  args.driver = driver;
  terrazzo_device *device = nullptr;
  int exit = table->open(&args, &device);
  why = exit ? table->open_error() : "";
  if (device)
    table->close(device);
  return exit;
}

terrazzoEmuObjects liveObjects() {
  void *library = dlopen(TERRAZZO_EMU_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  auto count = reinterpret_cast<void (*)(terrazzoEmuObjects *)>(
      dlsym(library, "terrazzoEmuLiveObjects"));
  terrazzoEmuObjects objects = {};
  count(&objects);
  return objects;
}

Device::Device(const char *name) : table(pluginTable()) {
  terrazzo_device_open_args args = {};
  args.struct_size = sizeof(args);
  args.name = name;
  args.driver = TERRAZZO_EMU_LIBRARY;
  EXPECT_EQ(table->open(&args, &handle), 0) << table->open_error();
}

Device::~Device() {
  if (handle)
    table->close(handle);
}

terrazzo_memory Device::allocate(uint64_t bytes) {
  terrazzo_memory memory = 0;
  EXPECT_EQ(table->alloc(handle, bytes, &memory), 0) << error();
  EXPECT_EQ(memory % 64, 0u);
  return memory;
}

int Device::copy(uint32_t direction, void *host, terrazzo_memory device,
                 uint64_t bytes, terrazzo_memory target) {
  terrazzo_copy_args args = {};
  args.struct_size = sizeof(args);
  args.direction = direction;
  args.host = host;
  args.device = device;
  args.target = target;
  args.bytes = bytes;
  return table->copy(handle, &args);
}

terrazzo_memory Device::upload(const std::vector<float> &values) {
  terrazzo_memory memory = allocate(values.size() * sizeof(float));
  EXPECT_EQ(copy(TERRAZZO_COPY_TO_DEVICE, const_cast<float *>(values.data()),
                 memory, values.size() * sizeof(float)),
            0)
      << error();
  return memory;
}

std::vector<float> Device::download(terrazzo_memory memory, size_t count) {
  std::vector<float> values(count);
  EXPECT_EQ(
      copy(TERRAZZO_COPY_TO_HOST, values.data(), memory, count * sizeof(float)),
      0)
      << error();
  return values;
}

int Device::load(const std::string &code, terrazzo_code **result,
                 const char *target) {
  // Segments lie page-aligned in a package, and are gone after the call.
  std::string bytes = code;
  terrazzo_code_segment segment = {};
  segment.struct_size = sizeof(segment);
  segment.bytes = bytes.data();
  segment.byte_count = bytes.size();
  terrazzo_load_args args = {};
  args.struct_size = sizeof(args);
  args.target = target;
  args.segments = &segment;
  args.segment_count = 1;
  return table->load_code(handle, &args, result);
}

int Device::launch(terrazzo_code *code, size_t kernel,
                   const std::vector<terrazzo_memory> &bindings, int64_t tokens,
                   int64_t workgroups, uint64_t scratchBytes) {
  int64_t sizes[] = {tokens, 0};
  terrazzo_launch_args args = {};
  args.struct_size = sizeof(args);
  args.code = code;
  args.entry = entryOf(kernel);
  args.bindings = bindings.data();
  args.binding_count = bindings.size();
  args.sizes = sizes;
  args.size_count = 2;
  args.workgroups = workgroups;
  args.scratch_bytes = scratchBytes;
  return table->launch(handle, &args);
}

} // namespace terrazzo::nvidia::test
