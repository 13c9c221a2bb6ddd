// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a package must hold beyond well-formed tables. The first violation ends
// the check and is named with the place where it stands.
#include "package/Count.h"
#include "package/Extents.h"
#include "package/Package.h"
#include "package/Values.h"

#include <algorithm>

namespace terrazzo::exec {

namespace {

using namespace package;

/// No buffer of a package may be larger: offsets and sums stay far from
/// overflow.
constexpr uint64_t largestBuffer = uint64_t(1) << 46;
/// No image of code is larger.
constexpr uint64_t largestImage = uint64_t(1) << 30;
constexpr uint32_t mostDims = 8;
/// No size of a function is larger.
constexpr uint32_t mostRows = (1u << 31) - 1;
constexpr uint64_t mostStateRows = uint64_t(1) << 31;

class Checker {
public:
  Checker(const Package &package, uint64_t codeBytes)
      : root(package), codeBytes(codeBytes) {}

  /// Empty when all is well, else what is not.
  std::string run();

private:
  bool fail(std::string reason) {
    why = std::move(reason);
    return false;
  }
  bool checkManifest();
  bool checkWeights();
  bool checkStates();
  bool checkFunctions();
  bool checkValues(const flatbuffers::Vector<flatbuffers::Offset<Value>> *all,
                   const Function &function, const std::string &place);
  bool checkExpressions(const Function &function, const std::string &place);
  bool checkVariant(const Variant &variant);
  bool checkHost(const Variant &variant, const std::string &place);
  bool checkParts(const Variant &variant, const std::string &place);
  bool checkPacked(const Variant &variant, const std::string &place);
  bool checkSegments(const Variant &variant, const std::string &place);
  bool checkEntries(const Variant &variant, const std::string &place);
  bool checkProgram(const Program &program, const Variant &variant,
                    const std::string &place);
  bool checkBounds(const Program &program, const std::string &place);
  bool checkCommand(const Command &command, const Program &program,
                    const Variant &variant, const std::string &place);
  bool checkBinding(const Binding &binding, const Program &program,
                    const Variant &variant, const std::string &place,
                    bool writes, bool host, uint64_t &room);
  const Value *callers(const Binding &binding, const Program &program) const;
  bool checkSides(const Command &command, const Program &program,
                  const Variant &variant, const std::string &place);

  const Package &root;
  uint64_t codeBytes;
  std::string why;
  /// Who uses a state of the variant at hand: 1 the device, 2 the host.
  std::vector<uint8_t> stateUsers;
  /// The largest value of each extent in the program at hand.
  std::vector<uint64_t> bounds;
};

bool isText(const flatbuffers::String *text) {
  constexpr uint32_t longest = 1 << 16;
  return text && text->size() > 0 && text->size() <= longest;
}

std::string Checker::run() {
  bool good =
      checkManifest() && checkWeights() && checkStates() && checkFunctions();
  if (good && count(root.variants()) == 0)
    good = fail("it holds no code");
  for (uint32_t i = 0; good && i < count(root.variants()); ++i)
    good = checkVariant(*root.variants()->Get(i));
  return why;
}

bool Checker::checkManifest() {
  const Manifest *manifest = root.manifest();
  if (!manifest)
    return fail("it has no manifest");
  if (manifest->format_version() != packageFormatVersion)
    return fail(
        "its format is " +
        (manifest->format_version() == 0
             ? "older than version 5"
             : "version " + std::to_string(manifest->format_version())) +
        ", this program reads version " + std::to_string(packageFormatVersion));
  return true;
}

bool Checker::checkWeights() {
  for (uint32_t i = 0; i < count(root.weights()); ++i) {
    const Weight &weight = *root.weights()->Get(i);
    std::string place = "weight " + std::to_string(i);
    if (!isText(weight.name()) || !isText(weight.type()))
      return fail(place + " has no name or no type");
    if (weight.offset() > largestBuffer || weight.bytes() > largestBuffer ||
        weight.bytes() == 0)
      return fail(place + " ('" + weight.name()->str() +
                  "') lies beyond any file");
    if (count(weight.dims()) > mostDims)
      return fail(place + " has too many dimensions");
  }
  return true;
}

bool Checker::checkStates() {
  for (uint32_t i = 0; i < count(root.states()); ++i) {
    const State &state = *root.states()->Get(i);
    constexpr uint64_t largestRow = uint64_t(1) << 28;
    if (!isText(state.name()) || state.row_bytes() == 0 ||
        state.row_bytes() > largestRow || state.rows() > mostStateRows)
      return fail("state " + std::to_string(i) + " has absurd sizes");
  }
  return true;
}

bool Checker::checkFunctions() {
  for (uint32_t i = 0; i < count(root.functions()); ++i) {
    const Function &function = *root.functions()->Get(i);
    std::string place = "function " + std::to_string(i);
    if (!isText(function.name()))
      return fail(place + " has no name");
    place = "function " + function.name()->str();
    constexpr uint32_t mostSizes = 16;
    if (count(function.sizes()) > mostSizes)
      return fail(place + " has absurdly many sizes");
    for (uint32_t s = 0; s < count(function.sizes()); ++s)
      if (!isText(function.sizes()->Get(s)))
        return fail(place + " has a size without a name");
    if (!checkExpressions(function, place) ||
        !checkValues(function.arguments(), function, place + ", argument ") ||
        !checkValues(function.results(), function, place + ", result "))
      return false;
  }
  return true;
}

bool Checker::checkExpressions(const Function &function,
                               const std::string &place) {
  constexpr uint32_t mostExpressions = 1 << 16;
  if (count(function.expressions()) > mostExpressions)
    return fail(place + " has absurdly many expressions");
  // An expression of expressions would have texts of any length.
  for (uint32_t i = 0; i < count(function.expressions()); ++i)
    if (!isExpression(*function.expressions()->Get(i),
                      count(function.sizes()) + 1))
      return fail(place + ", expression " + std::to_string(i) + " is none");
  return true;
}

/// The number of a function's extents.
uint32_t extentsOf(const Function &function) {
  return count(function.sizes()) + 1 + count(function.expressions());
}

/// How large values become is checked for each program.
bool Checker::checkValues(
    const flatbuffers::Vector<flatbuffers::Offset<Value>> *all,
    const Function &function, const std::string &place) {
  for (uint32_t i = 0; i < count(all); ++i) {
    const Value &value = *all->Get(i);
    std::string name = place + std::to_string(i);
    const ElementType *type =
        value.type() ? findElementType(value.type()->string_view()) : nullptr;
    if (!isText(value.name()) || !type)
      return fail(name + " has no name, or a type that there is not");
    if (count(value.dims()) > mostDims ||
        (value.dims() &&
         reinterpret_cast<uintptr_t>(value.dims()->Data()) % alignof(Dim) != 0))
      return fail(name + " has too many dimensions, or misaligned ones");
    for (uint32_t d = 0; d < count(value.dims()); ++d) {
      const Dim &dim = *value.dims()->Get(d);
      if (dim.extent() < -1 || dim.extent() >= int32_t(extentsOf(function)) ||
          dim.extent() == int32_t(count(function.sizes())) ||
          dim.value() > largestBuffer)
        return fail(name + " has a dimension of a size that there is not");
    }
    for (uint32_t r = 0; r < count(value.position_rows()); ++r)
      if (value.position_rows()->Get(r) >= extentsOf(function))
        return fail(name + " is a position of rows that there are not");
  }
  return true;
}

bool Checker::checkVariant(const Variant &variant) {
  if (!isText(variant.target()))
    return fail("a variant names no target");
  std::string place = "variant " + variant.target()->str();
  stateUsers.assign(count(root.states()), 0);
  return (!variant.host() || checkHost(variant, place)) &&
         checkParts(variant, place);
}

/// The part beside a device is code for the processor; of programs it has only
/// the one that packs, on weights alone.
bool Checker::checkHost(const Variant &variant, const std::string &place) {
  const Variant &host = *variant.host();
  std::string name = place + ", host part";
  if (variant.target()->string_view().starts_with("cpu:"))
    return fail(name + ": the processor has none beside it");
  if (!isText(host.target()) ||
      !host.target()->string_view().starts_with("cpu:") || host.host())
    return fail(name + " is not for a processor");
  if (count(host.programs()) > 1 ||
      (count(host.programs()) == 0 && host.packed_bytes() != 0))
    return fail(name + " has the wrong programs");
  if (!checkParts(host, name))
    return false;
  for (uint32_t p = 0; p < count(host.programs()); ++p) {
    const Program &program = *host.programs()->Get(p);
    if (program.function() >= 0)
      return fail(name + " has the wrong programs");
    for (uint32_t i = 0; i < count(program.commands()); ++i) {
      const Command &command = *program.commands()->Get(i);
      for (uint32_t b = 0; b < count(command.bindings()); ++b) {
        Space space = command.bindings()->Get(b)->space();
        if (space != Space::Weight && space != Space::Packed)
          return fail(name + ", command " + std::to_string(i) +
                      " uses more than weights");
      }
    }
  }
  return true;
}

bool Checker::checkParts(const Variant &variant, const std::string &place) {
  if (!checkPacked(variant, place) || !checkSegments(variant, place) ||
      !checkEntries(variant, place))
    return false;
  for (uint32_t i = 0; i < count(variant.programs()); ++i)
    if (!checkProgram(*variant.programs()->Get(i), variant, place))
      return false;
  return true;
}

bool Checker::checkPacked(const Variant &variant, const std::string &place) {
  if (variant.packed_bytes() > largestBuffer)
    return fail(place + ": packed weights are absurdly large");
  uint64_t end = 0;
  for (uint32_t i = 0; i < count(variant.packed()); ++i) {
    const Packed &packed = *variant.packed()->Get(i);
    std::string name = place + ", packed weight " + std::to_string(i);
    constexpr uint64_t alignment = 64;
    if (packed.offset() % alignment != 0 || packed.offset() < end ||
        packed.offset() > variant.packed_bytes() ||
        packed.bytes() > variant.packed_bytes() - packed.offset())
      return fail(name + " is misaligned, overlaps its neighbour or lies "
                         "outside the side cache");
    end = packed.offset() + packed.bytes();
    for (uint32_t index = 0; index < count(packed.weights()); ++index)
      if (packed.weights()->Get(index) >= count(root.weights()))
        return fail(name + " is made of a weight that does not exist");
  }
  return true;
}

bool Checker::checkSegments(const Variant &variant, const std::string &place) {
  uint64_t end = 0;
  for (uint32_t i = 0; i < count(variant.segments()); ++i) {
    const Segment &segment = *variant.segments()->Get(i);
    std::string name = place + ", segment " + std::to_string(i);
    if (segment.address() % packagePageBytes != 0 ||
        segment.offset() % packagePageBytes != 0)
      return fail(name + " is not on a page boundary");
    if (segment.offset() > codeBytes ||
        segment.file_bytes() > codeBytes - segment.offset())
      return fail(name + " ends behind the end of the file");
    uint64_t pages = (segment.file_bytes() + packagePageBytes - 1) /
                     packagePageBytes * packagePageBytes;
    if (segment.memory_bytes() < segment.file_bytes() ||
        segment.memory_bytes() > pages)
      return fail(name + " wants memory that the file does not fill");
    if (segment.address() < end || segment.address() > largestImage ||
        pages > largestImage - segment.address())
      return fail(name + " overlaps another one or is absurdly large");
    end = segment.address() + pages;
  }
  return true;
}

bool Checker::checkEntries(const Variant &variant, const std::string &place) {
  // A device starts a kernel from whatever its backend put there.
  bool runsInPlace = variant.target()->string_view().starts_with("cpu:");
  for (uint32_t i = 0; i < count(variant.entries()); ++i) {
    const Entry &entry = *variant.entries()->Get(i);
    bool inside = false;
    for (uint32_t s = 0; s < count(variant.segments()); ++s) {
      const Segment &segment = *variant.segments()->Get(s);
      inside |= (segment.executable() || !runsInPlace) &&
                entry.address() >= segment.address() &&
                entry.address() - segment.address() < segment.file_bytes();
    }
    std::string name = place + ", kernel " + std::to_string(i);
    if (!isText(entry.kernel()) || !inside)
      return fail(name + " does not lie in the code");
    if (entry.scratch_bytes() > largestImage)
      return fail(name + " wants absurdly much scratch memory");
    constexpr uint32_t mostFacts = 64;
    if (count(entry.facts()) > mostFacts)
      return fail(name + " has absurdly many facts");
  }
  return true;
}

bool Checker::checkProgram(const Program &program, const Variant &variant,
                           const std::string &place) {
  if (!isText(program.name()))
    return fail(place + ": a program has no name");
  std::string name = place + ", program " + program.name()->str();
  if (program.function() < -1 ||
      program.function() >= int32_t(count(root.functions())))
    return fail(name + " computes a function that there is not");
  if (!checkBounds(program, name))
    return false;
  if (program.arena_bytes() > largestBuffer ||
      program.host_arena_bytes() > largestBuffer)
    return fail(name + " wants absurdly much memory");
  for (uint32_t i = 0; i < count(program.commands()); ++i)
    if (!checkCommand(*program.commands()->Get(i), program, variant,
                      name + ", command " + std::to_string(i)))
      return false;
  return true;
}

/// Notes how large the extents become, and checks the callers' values.
bool Checker::checkBounds(const Program &program, const std::string &place) {
  if (program.function() < 0) {
    bounds = {mostStateRows};
    return count(program.max_sizes()) == 0 ||
           fail(place + " has sizes without a function");
  }
  const Function &function =
      *root.functions()->Get(uint32_t(program.function()));
  if (count(program.max_sizes()) != count(function.sizes()))
    return fail(place + " has other sizes than its function");
  std::vector<uint64_t> most;
  for (uint32_t i = 0; i < count(program.max_sizes()); ++i) {
    most.push_back(program.max_sizes()->Get(i));
    if (most.back() == 0 || most.back() > mostRows)
      return fail(place + " is for a size of " + std::to_string(most.back()));
  }
  bounds = extentBounds(function, most, mostStateRows);
  for (const auto *values : {function.arguments(), function.results()})
    for (uint32_t i = 0; i < count(values); ++i)
      if (byteBound(*values->Get(i), bounds) > largestBuffer)
        return fail(place + ", '" + values->Get(i)->name()->str() +
                    "' is absurdly large");
  return true;
}

bool Checker::checkCommand(const Command &command, const Program &program,
                           const Variant &variant, const std::string &place) {
  if (command.kind() > CommandKind::ToDevice)
    return fail(place + " is of an unknown kind");
  if (!checkSides(command, program, variant, place))
    return false;
  // Executors read these of every command, whatever its kind.
  if (command.size() >= bounds.size())
    return fail(place + " is of a size that there is not");
  for (uint32_t i = 0; i < count(command.sizes()); ++i)
    if (command.sizes()->Get(i) >= bounds.size())
      return fail(place + " brings its kernel a size that there is not");
  if (count(command.sizes()) > mostKernelSizes ||
      count(command.tiles()) > count(command.sizes()))
    return fail(place + " has an absurd number of sizes");
  if (command.kind() == CommandKind::Barrier)
    return count(command.bindings()) == 0 ||
           fail(place + " is a barrier with bindings");
  // The verifier looks at the alignment of a vector's length only.
  if (command.bindings() &&
      reinterpret_cast<uintptr_t>(command.bindings()->Data()) %
              alignof(Binding) !=
          0)
    return fail(place + " has misaligned bindings");
  if (count(root.sources()) != 0 && command.source() >= count(root.sources()))
    return fail(place + " names an unknown source");
  bool launch = command.kind() == CommandKind::Launch;
  uint64_t bytes = 0;
  if (launch) {
    constexpr uint64_t mostGroups = uint64_t(1) << 40;
    constexpr uint32_t mostBindings = 4096;
    const Variant &part = command.host() ? *variant.host() : variant;
    if (command.kernel() >= count(part.entries()))
      return fail(place + " runs a kernel that does not exist");
    if (command.factor() > mostGroups ||
        count(command.bindings()) > mostBindings)
      return fail(place + " has an absurd number of workgroups or bindings");
  } else {
    if (count(command.bindings()) != 2)
      return fail(place + " has the wrong number of bindings");
    if (command.bytes() > largestBuffer ||
        (bounds[command.size()] &&
         command.bytes_per_size() > largestBuffer / bounds[command.size()]))
      return fail(place + " writes absurdly much");
    bytes = command.bytes() + command.bytes_per_size() * bounds[command.size()];
  }
  for (uint32_t i = 0; i < count(command.bindings()); ++i) {
    bool written = !launch && i + 1 == count(command.bindings());
    bool host = command.host() ||
                (command.kind() == CommandKind::ToHost && written) ||
                (command.kind() == CommandKind::ToDevice && !written);
    uint64_t room = 0;
    if (!checkBinding(*command.bindings()->Get(i), program, variant,
                      place + ", binding " + std::to_string(i), written, host,
                      room))
      return false;
    if (!launch && bytes > room)
      return fail(place + " goes beyond its buffer");
  }
  return true;
}

/// Only a launch, in a program that computes, has another side.
bool Checker::checkSides(const Command &command, const Program &program,
                         const Variant &variant, const std::string &place) {
  bool crosses = command.kind() == CommandKind::ToHost ||
                 command.kind() == CommandKind::ToDevice;
  if (!command.host() && !crosses)
    return true;
  if (!variant.host() || program.function() < 0 ||
      (command.host() && command.kind() != CommandKind::Launch))
    return fail(place + " needs a host part where there is none");
  for (uint32_t i = 0; crosses && i < count(command.bindings()); ++i) {
    Space space = command.bindings()->Get(i)->space();
    bool onHost = (i == 0) == (command.kind() == CommandKind::ToDevice);
    if (space != Space::Arena &&
        (onHost || (space != Space::Argument && space != Space::Result)))
      return fail(place + " copies what does not cross");
  }
  return true;
}

/// The caller's value that a binding stands for; null when there is none.
const Value *Checker::callers(const Binding &binding,
                              const Program &program) const {
  if (program.function() < 0)
    return nullptr;
  const Function &function =
      *root.functions()->Get(uint32_t(program.function()));
  const auto *all = binding.space() == Space::Argument ? function.arguments()
                                                       : function.results();
  return binding.index() < count(all) ? all->Get(binding.index()) : nullptr;
}

bool Checker::checkBinding(const Binding &binding, const Program &program,
                           const Variant &variant, const std::string &place,
                           bool writes, bool host, uint64_t &room) {
  const Variant &part = host ? *variant.host() : variant;
  uint64_t limit = 0;
  uint32_t buffers = 1;
  switch (binding.space()) {
  case Space::Weight:
    buffers = count(root.weights());
    if (binding.index() < buffers)
      limit = root.weights()->Get(binding.index())->bytes();
    break;
  case Space::Packed:
    buffers = count(part.packed());
    if (binding.index() < buffers)
      limit = part.packed()->Get(binding.index())->bytes();
    break;
  case Space::Arena:
    limit = host ? program.host_arena_bytes() : program.arena_bytes();
    break;
  case Space::State:
    buffers = count(root.states());
    if (binding.index() < buffers) {
      // How many rows there are is known when a session opens; one is certain.
      const State &state = *root.states()->Get(binding.index());
      limit = state.row_bytes() * std::max<uint64_t>(state.rows(), 1);
      if ((stateUsers[binding.index()] |= host ? 2 : 1) == 3)
        return fail(place + " is a state that both sides use");
    }
    break;
  case Space::Argument:
  case Space::Result: {
    const Value *value = callers(binding, program);
    buffers = value ? binding.index() + 1 : 0;
    limit = value ? byteBound(*value, bounds) : 0;
    // Integers come from the host; of other values only the device has them.
    if (host && value &&
        (binding.space() == Space::Result ||
         !findElementType(value->type()->string_view())->integer))
      return fail(place + " lies on the device alone");
    break;
  }
  default:
    return fail(place + " is in an unknown space");
  }
  if (binding.index() >= buffers)
    return fail(place + " names a buffer that does not exist");
  if (binding.offset() > limit || binding.bytes() > limit - binding.offset()) {
    // A state's whole size depends on the session; its range is not stored.
    bool openEnded = binding.space() == Space::State && binding.offset() == 0;
    if (!openEnded)
      return fail(place + " goes beyond its buffer");
  }
  if (writes &&
      (binding.space() == Space::Weight || binding.space() == Space::Argument))
    return fail(place + " writes where nothing may be written");
  room = limit - std::min(limit, binding.offset());
  return true;
}

} // namespace

Status checkPackage(const Package &package, uint64_t codeBytes,
                    const std::string &path) {
  std::string why = Checker(package, codeBytes).run();
  if (why.empty())
    return {};
  Error error;
  error.code = "TZ0705";
  error.exit = ExitCode::PackageIncompatible;
  error.what = "not a usable package";
  error.where = path;
  error.why = std::move(why);
  error.help = "make it again with `terrazzo compile`";
  return error;
}

Status checkPackage(const std::string &bytes, const std::string &path) {
  uint64_t root = uint64_t(flatbuffers::GetPrefixedSize(
                      reinterpret_cast<const uint8_t *>(bytes.data()))) +
                  sizeof(uint32_t);
  return checkPackage(*GetSizePrefixedPackage(bytes.data()),
                      bytes.size() - wholePages(root), path);
}

} // namespace terrazzo::exec
