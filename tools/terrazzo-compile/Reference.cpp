// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --reference: ids in, likelihood out, logits as a NumPy file (format version
// 1.0, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
#include "Actions.h"
#include "mlir/IR/MLIRContext.h"
#include "terrazzo/Import/Import.h"
#include "terrazzo/Reference/RunReference.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace terrazzo {
namespace {

Expected<std::vector<int32_t>> readIds(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return Error{ExitCode::Failure,           "TZ0541",
                 "cannot read the token ids", path,
                 buffer.getError().message(), "check the path"};
  std::vector<int32_t> ids;
  llvm::StringRef rest = (*buffer)->getBuffer().ltrim();
  while (!rest.empty()) {
    llvm::StringRef word = rest.take_until(llvm::isSpace);
    if (word.getAsInteger(10, ids.emplace_back()))
      return Error{ExitCode::Usage,
                   "TZ0542",
                   "'" + word.take_front(32).str() + "' is no token id",
                   path,
                   "",
                   "give whitespace-separated integers"};
    rest = rest.drop_front(word.size()).ltrim();
  }
  if (ids.empty())
    return Error{ExitCode::Usage,
                 "TZ0542",
                 "there is no token id",
                 path,
                 "",
                 "give whitespace-separated integers from 0 on"};
  return ids;
}

/// Writes rows of float32 as they come.
class NpyWriter {
public:
  Status open(const std::string &path, size_t rows) {
    name = path;
    total = rows;
    std::error_code error;
    file = std::make_unique<llvm::raw_fd_ostream>(path, error);
    return error ? failure(error.message()) : Status();
  }

  void write(ArrayRef<float> row) {
    if (!file)
      return;
    if (!started)
      writeHeader(row.size());
    file->write(reinterpret_cast<const char *>(row.data()),
                row.size() * sizeof(float));
  }

  Status close() {
    if (!file)
      return {};
    file->close();
    if (!file->has_error())
      return {};
    Status status = failure(file->error().message());
    file->clear_error();
    return status;
  }

private:
  Status failure(std::string why) {
    return Error{ExitCode::Failure,
                 "TZ0543",
                 "cannot write the logits",
                 name,
                 std::move(why),
                 "check the path and the space on its disk"};
  }

  void writeHeader(size_t columns) {
    started = true;
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                         std::to_string(total) + ", " +
                         std::to_string(columns) + "), }";
    constexpr size_t prefix = 10, alignment = 64;
    size_t size = llvm::alignTo(prefix + header.size() + 1, alignment) - prefix;
    header.append(size - 1 - header.size(), ' ');
    header += '\n';
    *file << llvm::StringRef("\x93NUMPY\x01\x00", 8)
          << static_cast<char>(size & 255) << static_cast<char>(size >> 8)
          << header;
  }

  std::string name;
  size_t total = 0;
  bool started = false;
  std::unique_ptr<llvm::raw_fd_ostream> file;
};

} // namespace

Status runReferenceAction(const CommandLine &command, Protocol &protocol) {
  Expected<std::vector<int32_t>> ids = readIds(command.ids);
  if (!ids)
    return ids.takeError();
  MLIRContext context;
  ImportOptions options;
  options.hashWeights = false;
  auto module = importModel(command.compile.model, &context, options);
  if (!module)
    return module.takeError();
  NpyWriter writer;
  if (!command.logits.empty())
    if (Status status = writer.open(command.logits, ids->size()); !status)
      return status;
  Expected<ReferenceResult> result =
      runReference(**module, command.compile.model, *ids, command.chunk,
                   [&](int64_t row, ArrayRef<float> logits) {
                     writer.write(logits);
                     if ((row + 1) % 16 == 0 || row + 1 == int64_t(ids->size()))
                       protocol.progress("reference", row + 1, ids->size());
                   });
  if (!result)
    return result.takeError();
  if (Status status = writer.close(); !status)
    return status;
  protocol.event(llvm::json::Object{{"event", "done"},
                                    {"tokens", result->tokens},
                                    {"nll", result->nll},
                                    {"perplexity", result->perplexity},
                                    {"seconds", result->seconds}});
  if (!protocol.json)
    llvm::outs() << "tokens " << result->tokens << ", nll " << result->nll
                 << ", perplexity " << result->perplexity << "\n";
  return {};
}

} // namespace terrazzo
