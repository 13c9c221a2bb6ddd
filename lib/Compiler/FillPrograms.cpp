// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// plan.program as the package's command lists. Kernels of the first target are
// the variant's own, all others those of its host part.
#include "FillPackage.h"
#include "Locations.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Codegen/PackedRows.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace terrazzo {
namespace {

constexpr uint64_t kPackedAlignment = 64;
/// A tile that any number of rows fits.
constexpr uint64_t kAnyRows = uint64_t(1) << 40;

/// Of one row; multiply-adds count twice, and only products are counted.
uint64_t operationsPerRow(plan::KernelOp kernel) {
  uint64_t operations = 0;
  kernel.getModule().walk([&](tz::MatmulOp matmul) {
    auto weight = cast<RankedTensorType>(matmul.getWeight().getType());
    operations += 2 * weight.getNumElements();
  });
  return operations;
}

class ProgramFiller {
public:
  ProgramFiller(ModuleOp planned, exec::PackageT &package,
                package::VariantT &variant, PackageIndex &index)
      : planned(planned), package(package), variant(variant), index(index) {}

  void run() {
    for (auto state : planned.getOps<plan::StateOp>())
      addState(state);
    Attribute device =
        planned->getAttrOfType<ArrayAttr>(kTargetsAttr).getValue().front();
    uint32_t numbers[2] = {0, 0};
    for (auto kernel : planned.getOps<plan::KernelOp>()) {
      bool host = kernel.getTarget() != device;
      kernels[kernel.getSymName()] = {kernel, host, numbers[host]++,
                                      operationsPerRow(kernel)};
      describe(kernel, kernels[kernel.getSymName()]);
    }
    for (auto arena : planned.getOps<plan::ArenaOp>())
      arenas[arena.getSymName()] = arena.getBytes();
    for (auto program : planned.getOps<plan::ProgramOp>())
      addProgram(program);
  }

private:
  struct Kernel {
    plan::KernelOp op;
    bool host;
    uint32_t number;     ///< among those of its side
    uint64_t operations; ///< of one row
    size_t sizes = 0;
    bool rows = false; ///< whether its first size is how many rows it computes
  };

  static void describe(plan::KernelOp kernel, Kernel &to) {
    auto func = cast<tz::FuncOp>(kernel.getFunction().getOperation());
    FailureOr<tz::Sizes> sizes = tz::Sizes::infer(func);
    to.sizes = succeeded(sizes) ? sizes->names().size() : 0;
    to.rows = to.sizes > 0 && !kernel->hasAttr(kKernelRowsAttr) &&
              llvm::none_of(func.getBody().front(), [](Operation &op) {
                return codegen::needsLoops(&op) || isa<tz::ConvertLayoutOp>(op);
              });
  }

  void addState(plan::StateOp op) {
    if (index.states.contains(op.getSymName()))
      return;
    auto type = cast<tz::CacheType>(op.getType());
    auto state = std::make_unique<package::StateT>();
    state->name = op.getSymName().str();
    llvm::raw_string_ostream(state->type) << type.getElementType();
    state->row_bytes = type.getHeads() * type.getDim() *
                       (type.getElementType().getIntOrFloatBitWidth() / 8);
    state->rows = ShapedType::isDynamic(type.getRows()) ? 0 : type.getRows();
    index.states[op.getSymName()] = package.states.size();
    package.states.push_back(std::move(state));
  }

  void addProgram(plan::ProgramOp op) {
    auto program = std::make_unique<package::ProgramT>();
    program->name = op.getSymName().str();
    program->max_sizes.assign(op.getMaxSizes().begin(), op.getMaxSizes().end());
    ExtentTable none(nullptr, 0);
    extents = &none;
    if (auto function = op.getFunction()) {
      program->function = int32_t(index.functions.lookup(*function));
      extents = &index.extents.find(*function)->second;
    }
    bool forHost = op.getSymName() == kPrepareHostName;
    if (forHost)
      program->name = kPrepareName.str();
    bindings.clear();
    for (Operation &inner : op.getBody().front()) {
      if (auto launch = dyn_cast<plan::LaunchOp>(inner)) {
        program->commands.push_back(makeLaunch(launch));
        // A host part's own program knows no other side.
        program->commands.back()->host &= !forHost;
      } else if (auto copy = dyn_cast<plan::CopyOp>(inner)) {
        program->commands.push_back(makeCopy(copy));
      } else if (isa<plan::BarrierOp>(inner)) {
        auto barrier = std::make_unique<package::CommandT>();
        barrier->kind = package::CommandKind::Barrier;
        program->commands.push_back(std::move(barrier));
      } else {
        Value buffer = inner.getResult(0);
        bindings.insert({buffer, bind(&inner, op, *program)});
      }
    }
    (forHost ? *variant.host : variant).programs.push_back(std::move(program));
  }

  std::unique_ptr<package::CommandT> makeLaunch(plan::LaunchOp launch) {
    const Kernel &kernel = kernels.find(launch.getKernel())->second;
    plan::KernelOp op = kernel.op;
    auto command = std::make_unique<package::CommandT>();
    command->kind = package::CommandKind::Launch;
    command->kernel = kernel.number;
    command->host = kernel.host;
    for (Value binding : launch.getBindings())
      command->bindings.push_back(bindings.find(binding)->second);
    command->factor = op.getConfigAttr().getFactor();
    auto tiles = op.getConfigAttr().getTiles();
    command->tiles.assign(tiles.begin(), tiles.end());
    addSizes(launch, kernel, *command);
    command->source = sourceOf(launch.getLoc());
    return command;
  }

  void addSizes(plan::LaunchOp launch, const Kernel &kernel,
                package::CommandT &command) {
    for (size_t i = 0; i < kernel.sizes; ++i) {
      AffineExpr size = launch.getSizes()
                            ? launch.getSizesAttr().getValue().getResult(i)
                            : getAffineSymbolExpr(i, launch.getContext());
      command.sizes.push_back(extents->of(size));
    }
    plan::KernelOp op = kernel.op;
    auto rows = op->getAttrOfType<IntegerAttr>(kKernelRowsAttr);
    if (rows || command.sizes.empty()) {
      command.operations = kernel.operations * (rows ? rows.getInt() : 1);
    } else {
      command.operations_per_size = kernel.operations;
      command.size = command.sizes.front();
    }
    command.sizes.push_back(extents->cacheRows());
    // Without rows there is nothing to do, however its work is cut: code for
    // one row does not look whether there is one.
    if (kernel.rows) {
      command.tiles.resize(std::max<size_t>(command.tiles.size(), 1));
      if (command.tiles[0] == 0)
        command.tiles[0] = kAnyRows;
    }
  }

  std::unique_ptr<package::CommandT> makeCopy(plan::CopyOp copy) {
    auto command = std::make_unique<package::CommandT>();
    command->kind = copy.isToHost() ? package::CommandKind::ToHost
                                    : package::CommandKind::ToDevice;
    for (Value buffer : copy->getOperands())
      command->bindings.push_back(bindings.find(buffer)->second);
    auto type = cast<RankedTensorType>(
        cast<plan::BufferType>(copy.getFrom().getType()).getContent());
    AffineExpr elements = getAffineConstantExpr(1, type.getContext());
    for (AffineExpr size : plan::bufferDims(copy.getFrom()))
      elements = elements * size;
    uint64_t bytes = tz::elementBytes(type.getElementType());
    if (auto number = dyn_cast<AffineConstantExpr>(elements)) {
      command->bytes = bytes * number.getValue();
    } else {
      command->bytes_per_size = bytes;
      command->size = extents->of(elements);
    }
    command->source = sourceOf(copy.getLoc());
    return command;
  }

  uint32_t sourceOf(Location location) {
    std::string text = describeLocation(location);
    auto [entry, isNew] =
        index.sources.try_emplace(text, package.sources.size());
    if (isNew)
      package.sources.push_back(text);
    return entry->second;
  }

  package::Binding bind(Operation *op, plan::ProgramOp of,
                        package::ProgramT &program) {
    using package::Binding;
    using package::Space;
    return llvm::TypeSwitch<Operation *, Binding>(op)
        .Case<plan::WeightBufferOp>([&](auto weight) {
          uint32_t number = index.weights.lookup(weight.getWeight());
          return Binding(Space::Weight, number, 0,
                         package.weights[number]->bytes);
        })
        .Case<plan::PackedOp>([&](auto packed) {
          bool host = isForHost(packed);
          uint32_t number = packedIndex(packed, host);
          return Binding(Space::Packed, number, 0,
                         part(host).packed[number]->bytes);
        })
        .Case<plan::SliceOp>([&](auto slice) {
          (slice.getHost() ? program.host_arena_bytes : program.arena_bytes) =
              arenas.lookup(slice.getArena());
          return Binding(Space::Arena, 0, slice.getOffset(), slice.getBytes());
        })
        .Case<plan::StateBufferOp>([&](auto state) {
          return Binding(Space::State, index.states.lookup(state.getState()), 0,
                         0);
        })
        .Case<plan::ArgumentOp, plan::ResultOp>([&](auto given) {
          bool argument = isa<plan::ArgumentOp>(op);
          auto content = cast<plan::BufferType>(given.getType()).getContent();
          return Binding(
              argument ? Space::Argument : Space::Result, given.getNumber(), 0,
              tz::byteBound(cast<RankedTensorType>(content),
                            plan::bufferDims(given), of.getMaxSizes()));
        });
  }

  package::VariantT &part(bool host) { return host ? *variant.host : variant; }

  /// Whether launches on the host use it; they use it alone.
  bool isForHost(plan::PackedOp op) const {
    return llvm::any_of(op->getUsers(), [&](Operation *user) {
      auto launch = dyn_cast<plan::LaunchOp>(user);
      return launch && kernels.find(launch.getKernel())->second.host;
    });
  }

  uint32_t packedIndex(plan::PackedOp op, bool host) {
    package::VariantT &own = part(host);
    auto [entry, isNew] =
        packed[host].try_emplace(op.getWeight(), own.packed.size());
    if (!isNew)
      return entry->second;
    auto type = cast<RankedTensorType>(
        cast<plan::BufferType>(op.getType()).getContent());
    auto table = std::make_unique<package::PackedT>();
    table->weights = {index.weights.lookup(op.getWeight())};
    llvm::raw_string_ostream(table->layout) << type.getEncoding();
    table->offset = llvm::alignTo(own.packed_bytes, kPackedAlignment);
    table->bytes = codegen::PackedRows(type).bytes();
    own.packed_bytes = table->offset + table->bytes;
    own.packed.push_back(std::move(table));
    return entry->second;
  }

  ModuleOp planned;
  exec::PackageT &package;
  package::VariantT &variant;
  PackageIndex &index;
  ExtentTable *extents = nullptr; ///< of the program at hand
  llvm::StringMap<Kernel> kernels;
  llvm::StringMap<uint64_t> arenas;
  llvm::StringMap<uint32_t> packed[2]; ///< of the device, of the host
  llvm::DenseMap<Value, package::Binding> bindings;
};

} // namespace

void fillPrograms(ModuleOp planned, exec::PackageT &package,
                  package::VariantT &variant, PackageIndex &index) {
  ProgramFiller(planned, package, variant, index).run();
}

} // namespace terrazzo
