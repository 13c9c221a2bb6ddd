// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opening a session: variant, memory, code, packed weights, bound programs.
#include "exec/CpuTarget.h"
#include "exec/PackedWeights.h"
#include "exec/Session.h"

#include <algorithm>
#include <sys/mman.h>

namespace terrazzo::exec {

using namespace package;

namespace {

constexpr uint32_t defaultContext = 4096;
/// Kernels may read a vector beyond the last row of a state.
constexpr uint64_t readBeyond = 4096;

uint64_t roundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

template <typename Vector> uint32_t count(const Vector *vector) {
  return vector ? vector->size() : 0;
}

bool startsWith(const flatbuffers::String *text, std::string_view prefix) {
  return text->string_view().substr(0, prefix.size()) == prefix;
}

std::string megabytes(uint64_t bytes) {
  constexpr uint64_t mega = 1000000;
  return std::to_string((bytes + mega / 2) / mega) + " MB";
}

/// Writes a byte of a page without changing it. The access has to be one
/// instruction that the compiler cannot see through: a load before the write
/// would bring in the file's page, and an atomic or with nothing becomes one.
void copyPage(uint8_t *byte) {
#if defined(__x86_64__)
  asm volatile("lock orb $0, %0" : "+m"(*byte));
#else
  *static_cast<volatile uint8_t *>(byte) = *byte;
#endif
}

} // namespace

Expected<const Variant *> chooseVariant(const PackageFile &package,
                                        const std::string &target) {
  const auto &variants = *package.root().variants();
  const CpuFeatures &cpu = hostFeatures();
  Error error;
  error.code = "TZ0421";
  error.exit = ExitCode::PackageIncompatible;
  error.what = "the package holds no code that runs here";
  error.where = package.path();
  for (const std::string &wanted :
       target.empty() ? cpuTargets(cpu) : std::vector{target})
    for (const Variant *variant : variants)
      if (variant->target()->string_view() == wanted) {
        std::string why = whyNotOnCpu(wanted, cpu);
        if (why.empty())
          return variant;
        error.why = "'" + wanted + "' " + why;
        error.exit = ExitCode::TargetUnavailable;
        return error;
      }
  for (const Variant *variant : variants) {
    std::string why = whyNotOnCpu(variant->target()->string_view(), cpu);
    if (why.empty() && target.empty())
      return variant;
    if (!error.why.empty())
      error.why += "; ";
    error.why += "'" + variant->target()->str() + "' " +
                 (why.empty() ? "is not what was asked for" : why);
  }
  error.help = "compile it again for this machine, or add a target with "
               "`terrazzo compile --target`";
  return error;
}

Status matchWeights(const PackageFile &package,
                    const formats::GgufFile &weights) {
  Error error;
  error.code = "TZ0707";
  error.exit = ExitCode::PackageIncompatible;
  error.what = "the package was made from another model";
  error.where = weights.path();
  error.help = "give the model's file that the package was made from, or "
               "compile it again";
  for (uint32_t i = 0; i < count(package.root().weights()); ++i) {
    const Weight &wanted = *package.root().weights()->Get(i);
    const auto *tensor = weights.findTensor(wanted.name()->string_view());
    if (!tensor) {
      error.why = "it has no tensor '" + wanted.name()->str() + "'";
      return error;
    }
    bool same = tensor->offset == wanted.offset() &&
                tensor->bytes == wanted.bytes() &&
                formats::blockFormatInfo(tensor->format).name ==
                    wanted.type()->string_view();
    if (!same) {
      error.why = "tensor '" + wanted.name()->str() +
                  "' has another type, size or place";
      return error;
    }
  }
  return {};
}

/// Fills a session step by step; each answers the error that ends it.
class SessionBuilder {
public:
  SessionBuilder(Session &session, const SessionOptions &options)
      : session(session), options(options), root(session.file.root()) {}

  Status build();

private:
  void chooseContext();
  Status checkPrograms();
  Status allocate();
  Status allocateStates();
  Status allocateWorking();
  Status fetchPacked();
  void pack();
  void releaseHeaders();
  void copySmallWeights(const Program &program);
  void bindPrograms();
  Status checkMemory() const;
  uint64_t stateBytes(const State &state) const;
  void note(const std::string &text) const {
    if (options.note)
      options.note(text);
  }

  Session &session;
  const SessionOptions &options;
  const Package &root;
  const Program *prepare = nullptr;
  std::vector<const Program *> trunks, heads;
  uint64_t statesTotal = 0;
};

Status SessionBuilder::build() {
  auto variant = chooseVariant(session.file, options.target);
  if (!variant)
    return variant.takeError();
  session.chosen = *variant;
  if (Status status = matchWeights(session.file, *session.weights); !status)
    return status;
  auto bytes =
      PrivateFile::open(session.weights->path(), session.weights->fileBytes());
  if (!bytes)
    return bytes.takeError();
  session.weightBytes = std::move(*bytes);
  chooseContext();
  if (Status status = checkPrograms(); !status)
    return status;
  auto image = CodeImage::load(session.file, *session.chosen);
  if (!image)
    return image.takeError();
  session.image = std::move(*image);
  unsigned threads =
      options.threads ? options.threads : unsigned(usableProcessors().size());
  session.team = std::make_unique<Team>(threads, options.pinCaller);
  if (Status status = allocate(); !status)
    return status;
  releaseHeaders();
  if (Status status = fetchPacked(); !status)
    return status;
  bindPrograms();
  releaseHeaders();
  return {};
}

void SessionBuilder::chooseContext() {
  uint32_t own = root.manifest()->context_length();
  session.context = options.contextSize;
  if (session.context == 0)
    session.context = own == 0 ? defaultContext : std::min(own, defaultContext);
  constexpr uint32_t largest = 1u << 30;
  session.context = std::min(session.context, largest);
}

Status SessionBuilder::checkPrograms() {
  const Variant &variant = *session.chosen;
  for (uint32_t i = 0; i < count(variant.programs()); ++i) {
    const Program *program = variant.programs()->Get(i);
    if (startsWith(program->name(), "trunk_"))
      trunks.push_back(program);
    else if (startsWith(program->name(), "head_"))
      heads.push_back(program);
    else if (program->name()->string_view() == "prepare")
      prepare = program;
  }
  auto smaller = [](const Program *a, const Program *b) {
    return a->max_tokens() < b->max_tokens();
  };
  std::sort(trunks.begin(), trunks.end(), smaller);
  std::sort(heads.begin(), heads.end(), smaller);
  if (!trunks.empty() && !heads.empty() &&
      (prepare || variant.packed_bytes() == 0))
    return {};
  Error error;
  error.code = "TZ0708";
  error.exit = ExitCode::PackageIncompatible;
  error.what = "the package is not a language model";
  error.where = session.file.path();
  error.why = "it has no program to compute a trunk, a head, or packed weights";
  return error;
}

uint64_t SessionBuilder::stateBytes(const State &state) const {
  uint64_t rows = state.rows() ? state.rows() : session.context;
  return roundUp(state.row_bytes() * roundUp(rows, state.row_multiple()), 64);
}

Status SessionBuilder::checkMemory() const {
  uint64_t wanted = statesTotal + session.chosen->packed_bytes();
  uint64_t available = availableMemory();
  if (wanted <= available)
    return {};
  Error error;
  error.code = "TZ0602";
  error.exit = ExitCode::OutOfMemory;
  error.what = "the model does not fit into memory";
  error.where = session.weights->path();
  error.why = "weights need " + megabytes(session.chosen->packed_bytes()) +
              " and the KV cache for " + std::to_string(session.context) +
              " tokens " + megabytes(statesTotal) + ", " +
              megabytes(available) + " are available";
  error.help = "a smaller --ctx-size needs less";
  return error;
}

Status SessionBuilder::allocate() {
  if (Status status = allocateStates(); !status)
    return status;
  return allocateWorking();
}

Status SessionBuilder::allocateStates() {
  for (uint32_t i = 0; i < count(root.states()); ++i) {
    uint64_t bytes = stateBytes(*root.states()->Get(i));
    if (bytes > (uint64_t(1) << 46) - statesTotal)
      bytes = (uint64_t(1) << 46) - statesTotal; // refused by checkMemory
    statesTotal += bytes;
  }
  if (Status status = checkMemory(); !status)
    return status;
  auto states = Block::allocate(statesTotal + readBeyond, "the KV cache");
  if (!states)
    return states.takeError();
  session.states = std::move(*states);
  uint64_t offset = 0;
  for (uint32_t i = 0; i < count(root.states()); ++i) {
    session.buffers.states.push_back(session.states.data() + offset);
    offset += stateBytes(*root.states()->Get(i));
  }
  return {};
}

Status SessionBuilder::allocateWorking() {
  const Variant &variant = *session.chosen;
  uint64_t arena = prepare ? prepare->arena_bytes() : 0, scratch = 0;
  for (const auto *programs : {&trunks, &heads})
    for (const Program *program : *programs)
      arena = std::max(arena, program->arena_bytes());
  for (uint32_t i = 0; i < count(variant.entries()); ++i)
    scratch = std::max(scratch, variant.entries()->Get(i)->scratch_bytes());
  uint64_t rowBytes = uint64_t(session.hiddenSize()) * sizeof(float);
  uint64_t chunk = trunks.back()->max_tokens();
  uint64_t headRows = heads.back()->max_tokens();
  constexpr uint64_t page = 4096;
  uint64_t sizes[] = {arena,
                      roundUp(chunk * sizeof(int32_t), page),
                      page, // the call buffer
                      chunk * rowBytes,
                      headRows * rowBytes,
                      roundUp(scratch, page) * session.team->size()};
  uint64_t total = 0;
  for (uint64_t &size : sizes)
    total += size = roundUp(size, page);
  auto working = Block::allocate(total + readBeyond, "intermediate results");
  if (!working)
    return working.takeError();
  // Touched only as far as rows are asked for.
  auto logits = Block::allocate(headRows * session.vocabulary() * sizeof(float),
                                "logits");
  if (!logits)
    return logits.takeError();
  session.working = std::move(*working);
  session.logitsRoom = std::move(*logits);
  uint8_t *place = session.working.data();
  Buffers &buffers = session.buffers;
  uint8_t *staging = nullptr;
  uint8_t **places[] = {&buffers.arena,  &buffers.tokens, &buffers.call,
                        &buffers.hidden, &staging,        &buffers.scratch};
  for (size_t i = 0; i < std::size(sizes); place += sizes[i], ++i)
    *places[i] = place;
  session.headStaging = reinterpret_cast<float *>(staging);
  buffers.scratchStride = roundUp(scratch, page);
  buffers.logits = session.logitsRoom.data();
  buffers.weightsFile = session.weightBytes.data();
  return {};
}

Status SessionBuilder::fetchPacked() {
  const Variant &variant = *session.chosen;
  uint64_t bytes = variant.packed_bytes();
  if (bytes == 0)
    return {};
  auto memory = Block::allocate(bytes, "packed weights");
  if (!memory)
    return memory.takeError();
  session.packed = std::move(*memory);
  session.buffers.packed = session.packed.data();
  if (options.cacheFolder.empty()) {
    pack();
    return {};
  }
  std::string key = packedKey(root, variant);
  std::string path = packedPath(options.cacheFolder, key);
  if (readPacked(path, key, session.packed, *session.team))
    return {};
  pack();
  Status written = writePacked(path, key, session.packed);
  note(written ? "packed weights: +" + megabytes(bytes) + " in " + path
               : "packed weights are kept in memory only: " +
                     written.error().where + ": " + written.error().why);
  return {};
}

void SessionBuilder::pack() {
  BoundProgram program(root, *session.chosen, *prepare, session.image,
                       session.buffers);
  struct Context {
    const BoundProgram *program;
    Team *team;
    int64_t sizes[2];
  } context{&program,
            session.team.get(),
            {int64_t(prepare->max_tokens()), int64_t(session.context)}};
  session.team->run(
      [](void *argument, unsigned worker) {
        auto &self = *static_cast<Context *>(argument);
        self.program->walk(*self.team, worker, self.sizes);
      },
      &context);
  // What was packed need not stay resident twice.
  session.weightBytes.releasePages();
}

// A read of a mapped file makes the pages around it resident as well: 64 KiB
// and more for each norm's few hundred bytes. A write makes a copy of just its
// page, so or-ing nothing into small weights keeps their neighbours, which are
// in memory packed, from being there a second time.
void SessionBuilder::copySmallWeights(const Program &program) {
  constexpr uint64_t small = 64 << 10;
  constexpr uintptr_t page = 4096;
  for (uint32_t i = 0; i < count(program.commands()); ++i) {
    const auto *bindings = program.commands()->Get(i)->bindings();
    for (uint32_t b = 0; b < count(bindings); ++b) {
      if (bindings->Get(b)->space() != Space::Weight)
        continue;
      const Weight &weight = *root.weights()->Get(bindings->Get(b)->index());
      if (weight.bytes() > small)
        continue;
      uint8_t *begin = session.weightBytes.data() + weight.offset();
      uint8_t *end = begin + weight.bytes();
      for (; begin < end;
           begin += page - reinterpret_cast<uintptr_t>(begin) % page)
        copyPage(begin);
    }
  }
}

/// Pages of the model's and the package's tables, which opening has read, need
/// not stay resident.
void SessionBuilder::releaseHeaders() {
  session.file.releasePages();
  ::madvise(const_cast<uint8_t *>(session.weights->data()),
            session.weights->fileBytes(), MADV_DONTNEED);
}

void SessionBuilder::bindPrograms() {
  for (const auto *programs : {&trunks, &heads})
    for (const Program *program : *programs)
      copySmallWeights(*program);
  for (const Program *program : trunks)
    session.trunks.emplace_back(root, *session.chosen, *program, session.image,
                                session.buffers);
  for (const Program *program : heads)
    session.heads.emplace_back(root, *session.chosen, *program, session.image,
                               session.buffers);
}

Expected<std::unique_ptr<Session>>
Session::open(PackageFile package,
              std::shared_ptr<const formats::GgufFile> weights,
              const SessionOptions &options) {
  std::unique_ptr<Session> session(new Session);
  session->file = std::move(package);
  session->weights = std::move(weights);
  if (Status status = SessionBuilder(*session, options).build(); !status)
    return status.takeError();
  return session;
}

} // namespace terrazzo::exec
