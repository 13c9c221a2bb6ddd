// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All kernels of a variant into one blob (CodeBlob.h), the package's only
// segment.
#include "TzNvidia/CodeBlob.h"
#include "TzNvidia/Nvidia.h"
#include "mlir/IR/Diagnostics.h"
#include <cstring>

using namespace mlir;

namespace terrazzo::tz_nvidia {

static void setName(char (&field)[16], StringRef name) {
  memset(field, 0, sizeof(field));
  memcpy(field, name.data(), std::min(name.size(), sizeof(field) - 1));
}

FailureOr<Artifact> linkBlob(MLIRContext *context, ArrayRef<Object> objects,
                             TargetAttr target) {
  using namespace nvidia;
  constexpr size_t alignment = 16;
  constexpr uint64_t page = 4096;
  std::string blob(sizeof(BlobHeader) + objects.size() * sizeof(KernelRecord),
                   '\0');
  auto append = [&](StringRef bytes, bool terminated) {
    blob.resize(llvm::alignTo(blob.size(), alignment));
    uint64_t offset = blob.size();
    blob += bytes;
    if (terminated)
      blob += '\0';
    return offset;
  };
  Artifact artifact;
  for (auto [i, object] : llvm::enumerate(objects)) {
    std::optional<CodeObject> code = CodeObject::fromBytes(object.bytes);
    if (!code) {
      emitError(UnknownLoc::get(context)) << "TZ0447: the object of kernel '"
                                          << object.kernel << "' is damaged";
      return failure();
    }
    KernelRecord record = {};
    record.nameOffset = append(object.kernel, true);
    record.nameBytes = object.kernel.size();
    record.ptxOffset = append(code->ptx, true);
    record.ptxBytes = code->ptx.size();
    if (!code->cubin.empty()) {
      record.cubinOffset = append(code->cubin, false);
      record.cubinBytes = code->cubin.size();
    }
    record.threads = code->threads;
    record.bindingCount = code->bindings;
    record.registers = code->registers;
    record.spillBytes = code->spillBytes;
    record.staticShared = code->staticShared;
    uint64_t address = sizeof(BlobHeader) + i * sizeof(KernelRecord);
    memcpy(blob.data() + address, &record, sizeof(record));
    artifact.entries.push_back({object.kernel, address});
    artifact.facts.push_back(
        {object.kernel, code->facts(architectureOf(target))});
  }
  BlobHeader header = {};
  memcpy(header.magic, kBlobMagic, sizeof(header.magic));
  setName(header.plugin, "nvidia");
  setName(header.arch, target.getArch());
  header.version = 1;
  header.kernelCount = objects.size();
  header.bytes = blob.size();
  memcpy(blob.data(), &header, sizeof(header));
  Segment segment;
  segment.memorySize = llvm::alignTo(blob.size(), page);
  segment.bytes = std::move(blob);
  artifact.segments.push_back(std::move(segment));
  return artifact;
}

} // namespace terrazzo::tz_nvidia
