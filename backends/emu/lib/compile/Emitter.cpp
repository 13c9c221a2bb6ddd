// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operands, registers and calls of lane functions.
#include "compile/Emitter.h"

#include <llvm/IR/Constants.h>

#include <cstddef>
#include <cstring>

namespace terrazzo::emu {

using llvm::Value;

namespace {
constexpr unsigned scratchBytes = 2048;
}

Emitter::Emitter(CompileScope &scope, const DecodedFunction &decoded,
                 llvm::Function *function)
    : b(function->getContext()), scope(scope), code(decoded),
      ptx(*decoded.function), function(function),
      context(function->getContext()) {
  warp = function->getArg(0);
  firstMask = function->getArg(1);
  base = function->getArg(2);
  arguments = function->getArg(3);
}

llvm::VectorType *Emitter::integers(unsigned bits) {
  return llvm::FixedVectorType::get(b.getIntNTy(bits), lanes);
}
llvm::VectorType *Emitter::predicates() { return integers(1); }
llvm::VectorType *Emitter::floats(Type type) {
  return llvm::FixedVectorType::get(
      bitsOf(type) == 64 ? b.getDoubleTy() : b.getFloatTy(), lanes);
}

Value *Emitter::splat(unsigned bits, uint64_t value) {
  return llvm::ConstantVector::getSplat(
      llvm::ElementCount::getFixed(lanes),
      llvm::ConstantInt::get(b.getIntNTy(bits),
                             bits == 64 ? value
                                        : value & ((uint64_t(1) << bits) - 1)));
}
Value *Emitter::splat(Value *scalar) {
  return b.CreateVectorSplat(lanes, scalar);
}
Value *Emitter::toFloats(Value *value, Type type) {
  return b.CreateBitCast(value, floats(type));
}
Value *Emitter::toIntegers(Value *value) {
  unsigned bits = value->getType()->getScalarSizeInBits();
  return b.CreateBitCast(value, integers(bits));
}
Value *Emitter::toMask(Value *value) {
  return b.CreateBitCast(value, b.getInt32Ty());
}
Value *Emitter::fromMask(Value *value) {
  return b.CreateBitCast(value, predicates());
}

Value *Emitter::multiply(Value *left, Value *right, bool sign,
                         std::string_view mode) {
  if (mode == "lo")
    return b.CreateMul(left, right);
  unsigned bits = left->getType()->getScalarSizeInBits();
  auto widen = [&](Value *value) {
    return sign ? b.CreateSExt(value, integers(2 * bits))
                : b.CreateZExt(value, integers(2 * bits));
  };
  if (mode == "hi" && bits == 64)
    return call1(sign ? "mulhi.s64" : "mulhi.u64", 64, {left}, {right});
  Value *product = b.CreateMul(widen(left), widen(right));
  if (mode == "wide")
    return product;
  return b.CreateTrunc(b.CreateLShr(product, splat(2 * bits, bits)),
                       integers(bits));
}

Value *Emitter::widenHalf(Value *bits, bool brain) {
  if (brain)
    return toFloats(
        b.CreateShl(b.CreateZExt(bits, integers(32)), splat(32, 16)),
        Type::F32);
  if (!scope.wideHalf)
    return toFloats(call1("widen.f16", 32, {bits}), Type::F32);
  auto *halves = llvm::FixedVectorType::get(b.getHalfTy(), lanes);
  return b.CreateFPExt(b.CreateBitCast(bits, halves), floats(Type::F32));
}

Value *Emitter::spaceBase(Space space) {
  size_t field =
      space == Space::Shared ? offsetof(Warp, shared) : offsetof(Warp, local);
  Value *start =
      b.CreatePtrToInt(warpField(field, b.getPtrTy()), b.getInt64Ty());
  if (space == Space::Shared)
    return splat(start);
  llvm::SmallVector<llvm::Constant *, lanes> numbers;
  for (uint64_t lane = 0; lane < lanes; ++lane)
    numbers.push_back(b.getInt64(lane));
  Value *stride = warpField(offsetof(Warp, localBytes), b.getInt64Ty());
  return b.CreateAdd(
      splat(start),
      b.CreateMul(llvm::ConstantVector::get(numbers), splat(stride)));
}

Value *Emitter::carry() {
  return fromMask(b.CreateLoad(b.getInt32Ty(), carrySlot));
}
void Emitter::setCarry(Value *value) {
  Value *old = b.CreateLoad(b.getInt32Ty(), carrySlot);
  Value *now = mask();
  b.CreateStore(b.CreateOr(b.CreateAnd(old, b.CreateNot(now)),
                           b.CreateAnd(toMask(value), now)),
                carrySlot);
}

Value *Emitter::flowField(size_t offset) {
  return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), flow, offset);
}
Value *Emitter::warpField(size_t offset, llvm::Type *type) {
  return b.CreateLoad(
      type, b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), warp, offset));
}

Value *Emitter::mask() {
  if (!guardLanes)
    return active;
  return b.CreateAnd(active, toMask(guardLanes));
}

Value *Emitter::slot(int reg) {
  Value *&place = slots[size_t(reg)];
  if (place)
    return place;
  llvm::IRBuilder<> head(prologue, prologue->begin());
  unsigned bits = bitsOf(ptx.registers[size_t(reg)].type);
  llvm::Type *type =
      bits == 1 ? static_cast<llvm::Type *>(b.getInt32Ty()) : integers(bits);
  auto *made = head.CreateAlloca(type);
  if (bits != 1)
    made->setAlignment(llvm::Align(64));
  place = made;
  return place;
}

Value *Emitter::read(int reg) {
  Value *&value = values[size_t(reg)];
  if (value)
    return value;
  unsigned bits = bitsOf(ptx.registers[size_t(reg)].type);
  if (bits == 1)
    value = fromMask(b.CreateLoad(b.getInt32Ty(), slot(reg)));
  else
    value = b.CreateAlignedLoad(integers(bits), slot(reg), llvm::Align(64));
  return value;
}

uint64_t Emitter::immediate(const Operand &operand, Type type) {
  if (!operand.isFloat)
    return operand.bits;
  if (bitsOf(type) == 64 && operand.isSingle) {
    float narrow = 0;
    uint32_t pattern = uint32_t(operand.bits);
    std::memcpy(&narrow, &pattern, sizeof narrow);
    double wide = narrow;
    uint64_t bits = 0;
    std::memcpy(&bits, &wide, sizeof bits);
    return bits;
  }
  if (bitsOf(type) == 32 && !operand.isSingle) {
    double wide = 0;
    std::memcpy(&wide, &operand.bits, sizeof wide);
    float narrow = float(wide);
    uint32_t bits = 0;
    std::memcpy(&bits, &narrow, sizeof bits);
    return bits;
  }
  return operand.bits;
}

bool Emitter::isImmediate(const Operand *operand, uint64_t &bits) {
  if (operand->kind != Operand::Kind::Immediate || operand->isFloat)
    return false;
  bits = operand->bits;
  return true;
}

Value *Emitter::source(const Operand *operand, Type type) {
  unsigned bits = bitsOf(type);
  switch (operand->kind) {
  case Operand::Kind::Register: {
    Value *value = read(operand->index);
    if (bits == 1)
      return operand->negated ? b.CreateNot(value) : value;
    if (value->getType()->getScalarSizeInBits() > bits)
      return b.CreateTrunc(value, integers(bits));
    return value;
  }
  case Operand::Kind::Immediate:
    if (bits == 1)
      return splat(1, operand->bits != 0);
    return splat(bits, immediate(*operand, type));
  case Operand::Kind::Special:
    return special(operand->name, bits);
  case Operand::Kind::Symbol: {
    Value *value = symbolAddress(operand);
    return bits == 64 ? value : b.CreateTrunc(value, integers(bits));
  }
  default:
    return splat(bits, 0);
  }
}

Value *Emitter::sourceFloat(const Operand *operand, Type type) {
  return toFloats(source(operand, type), type);
}

Value *Emitter::predicate(const Operand *operand) {
  return source(operand, Type::Predicate);
}

void Emitter::set(const Operand *operand, Value *value, bool sign) {
  if (operand->kind != Operand::Kind::Register)
    return;
  int reg = operand->index;
  unsigned bits = bitsOf(ptx.registers[size_t(reg)].type);
  if (!value->getType()->getScalarType()->isIntegerTy())
    value = toIntegers(value);
  if (value->getType()->getScalarSizeInBits() < bits)
    value = sign ? b.CreateSExt(value, integers(bits))
                 : b.CreateZExt(value, integers(bits));
  if (guardLanes)
    value = b.CreateSelect(guardLanes, value, read(reg));
  values[size_t(reg)] = value;
  dirty[size_t(reg)] = true;
}

bool Emitter::isKernelParameter(const Variable *variable) const {
  return ptx.kernel && variable >= ptx.parameters.data() &&
         variable < ptx.parameters.data() + ptx.parameters.size();
}

uint64_t Emitter::frameOf(const Function &function, uint64_t alignment,
                          std::map<const Variable *, uint64_t> &places) {
  uint64_t bytes = 0;
  for (const Variable &variable : function.variables) {
    if (variable.space == Space::Shared)
      continue;
    uint64_t align = variable.alignment;
    bytes = (bytes + align - 1) / align * align;
    places[&variable] = bytes;
    bytes += variable.bytes;
  }
  return (bytes + alignment - 1) / alignment * alignment;
}

/// The local offset, a scalar, of a variable of the frame or a parameter.
Value *Emitter::parameterPlace(const Variable *variable) {
  if (auto found = localPlaces.find(variable); found != localPlaces.end())
    return b.CreateAdd(base, b.getInt64(found->second));
  uint64_t index = 0;
  for (const std::vector<Variable> *list : {&ptx.results, &ptx.parameters})
    for (const Variable &parameter : *list) {
      if (&parameter == variable)
        return b.CreateLoad(
            b.getInt64Ty(),
            b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), arguments, index));
      ++index;
    }
  return b.getInt64(0);
}

Value *Emitter::symbolAddress(const Operand *operand) {
  uint64_t offset = uint64_t(operand->offset);
  const Variable *variable =
      findVariable(*scope.module, ptx, decoded->scope, operand->name);
  if (!variable) {
    auto found = scope.module->functionIndex.find(operand->name);
    uint64_t index = found == scope.module->functionIndex.end()
                         ? 0
                         : uint64_t(found->second);
    return splat(64, functionTag + index + offset);
  }
  switch (variable->space) {
  case Space::Shared:
    return splat(64, scope.shared.places[variable] + offset);
  case Space::Parameter:
    if (isKernelParameter(variable)) {
      Value *start = b.CreatePtrToInt(
          warpField(offsetof(Warp, parameters), b.getPtrTy()), b.getInt64Ty());
      return splat(b.CreateAdd(start, b.getInt64(variable->place + offset)));
    }
    return splat(b.CreateAdd(parameterPlace(variable), b.getInt64(offset)));
  case Space::Local:
    return splat(b.CreateAdd(parameterPlace(variable), b.getInt64(offset)));
  default: {
    // Addresses differ from process to process; the code is kept on disk.
    std::string name = "emu.variable." + std::string(variable->name);
    auto *global =
        function->getParent()->getOrInsertGlobal(name, b.getInt8Ty());
    return splat(b.CreateAdd(b.CreatePtrToInt(global, b.getInt64Ty()),
                             b.getInt64(offset)));
  }
  }
}

Value *Emitter::address(const Operand *operand) {
  Value *offset = splat(64, uint64_t(operand->offset));
  if (operand->elements.empty())
    return offset;
  const Operand &first = operand->elements.front();
  if (first.kind == Operand::Kind::Symbol) {
    Operand moved = first;
    moved.offset += operand->offset;
    return symbolAddress(&moved);
  }
  Value *value = read(first.index);
  if (value->getType()->getScalarSizeInBits() < 64)
    value = b.CreateZExt(value, integers(64));
  return operand->offset == 0 ? value : b.CreateAdd(value, offset);
}

llvm::FunctionCallee
Emitter::external(const std::string &name, llvm::Type *result,
                  llvm::ArrayRef<llvm::Type *> parameters) {
  auto *type = llvm::FunctionType::get(result, parameters, false);
  auto callee = function->getParent()->getOrInsertFunction(name, type);
  if (auto *made = llvm::dyn_cast<llvm::Function>(callee.getCallee()))
    made->setDoesNotThrow();
  return callee;
}

void Emitter::storeLine() {
  b.CreateStore(
      b.getInt32(uint32_t(decoded->line)),
      b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), warp, offsetof(Warp, line)));
}

std::vector<Value *> Emitter::call(const std::string &name, unsigned results,
                                   unsigned bits, llvm::ArrayRef<Value *> a,
                                   llvm::ArrayRef<Value *> c1,
                                   llvm::ArrayRef<Value *> c2, uint64_t flags) {
  unsigned index = 1;
  for (llvm::ArrayRef<Value *> list : {a, c1, c2}) {
    uint64_t offset = 0;
    for (Value *value : list) {
      if (value->getType()->getScalarSizeInBits() == 1)
        value = toMask(value);
      b.CreateAlignedStore(
          value,
          b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), scratch[index], offset),
          llvm::Align(4));
      offset += value->getType()->getPrimitiveSizeInBits() / 8;
    }
    ++index;
  }
  storeLine();
  auto callee =
      external("emu.lane." + name, b.getVoidTy(),
               {b.getPtrTy(), b.getPtrTy(), b.getPtrTy(), b.getPtrTy(),
                b.getPtrTy(), b.getInt32Ty(), b.getInt64Ty()});
  b.CreateCall(callee, {warp, scratch[0], scratch[1], scratch[2], scratch[3],
                        mask(), b.getInt64(flags)});
  std::vector<Value *> values;
  for (unsigned i = 0; i < results; ++i) {
    uint64_t offset = uint64_t(i) * (bits == 1 ? 4 : bits * lanes / 8);
    Value *from =
        b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), scratch[0], offset);
    if (bits == 1)
      values.push_back(fromMask(b.CreateLoad(b.getInt32Ty(), from)));
    else
      values.push_back(
          b.CreateAlignedLoad(integers(bits), from, llvm::Align(4)));
  }
  return values;
}

Value *Emitter::special(std::string_view name, unsigned bits) {
  llvm::Type *word = b.getInt32Ty();
  Value *value = nullptr;
  size_t dot = name.find('.');
  std::string_view stem = name.substr(0, dot);
  unsigned dimension = 0;
  if (dot != std::string_view::npos && dot + 1 < name.size())
    dimension = name[dot + 1] == 'y' ? 1 : name[dot + 1] == 'z' ? 2 : 0;
  auto uniform = [&](size_t offset) { return splat(warpField(offset, word)); };
  auto perLane = [&](auto compute) {
    llvm::SmallVector<llvm::Constant *, lanes> list;
    for (uint32_t lane = 0; lane < lanes; ++lane)
      list.push_back(b.getInt32(compute(lane)));
    return static_cast<Value *>(llvm::ConstantVector::get(list));
  };
  if (stem == "%tid") {
    value = b.CreateAlignedLoad(
        integers(32),
        b.CreateConstInBoundsGEP1_64(
            b.getInt8Ty(), warp, offsetof(Warp, tid) + dimension * 4 * lanes),
        llvm::Align(4));
  } else if (stem == "%ntid") {
    value = uniform(offsetof(Warp, ntid) + 4 * dimension);
  } else if (stem == "%ctaid") {
    value = uniform(offsetof(Warp, ctaid) + 4 * dimension);
  } else if (stem == "%nctaid") {
    value = uniform(offsetof(Warp, nctaid) + 4 * dimension);
  } else if (stem == "%clusterid") {
    value = uniform(offsetof(Warp, ctaid) + 4 * dimension);
  } else if (stem == "%nclusterid") {
    value = uniform(offsetof(Warp, nctaid) + 4 * dimension);
  } else if (stem == "%cluster_nctaid" || stem == "%cluster_nctarank") {
    value = splat(32, 1);
  } else if (stem == "%laneid") {
    value = perLane([](uint32_t lane) { return lane; });
  } else if (stem == "%lanemask_eq") {
    value = perLane([](uint32_t lane) { return 1u << lane; });
  } else if (stem == "%lanemask_lt") {
    value = perLane([](uint32_t lane) { return (1u << lane) - 1; });
  } else if (stem == "%lanemask_le") {
    value = perLane([](uint32_t lane) { return (2u << lane) - 1; });
  } else if (stem == "%lanemask_ge") {
    value = perLane([](uint32_t lane) { return ~((1u << lane) - 1); });
  } else if (stem == "%lanemask_gt") {
    value = perLane([](uint32_t lane) { return ~((2u << lane) - 1); });
  } else if (stem == "%warpid") {
    value = uniform(offsetof(Warp, index));
  } else if (stem == "%nwarpid") {
    value = uniform(offsetof(Warp, warpCount));
  } else if (stem == "%smid") {
    value = uniform(offsetof(Warp, multiprocessor));
  } else if (stem == "%nsmid") {
    value = uniform(offsetof(Warp, multiprocessors));
  } else if (stem == "%dynamic_smem_size") {
    value = uniform(offsetof(Warp, dynamicSharedBytes));
  } else if (stem == "%total_smem_size" || stem == "%aggr_smem_size") {
    value = uniform(offsetof(Warp, sharedBytes));
  } else if (stem == "WARP_SZ") {
    value = splat(32, lanes);
  } else if (stem == "%gridid") {
    value = splat(warpField(offsetof(Warp, grid), b.getInt64Ty()));
  } else if (stem.substr(0, 6) == "%clock" ||
             stem.substr(0, 12) == "%globaltimer") {
    bool timer = stem[1] == 'g';
    Value *now = b.CreateCall(external(
        timer ? "emu.flow.timer" : "emu.flow.clock", b.getInt64Ty(), {}));
    if (stem.size() > 3 && stem.substr(stem.size() - 3) == "_hi")
      now = b.CreateLShr(now, 32);
    value = splat(now);
  } else {
    value = splat(32, 0);
  }
  unsigned held = value->getType()->getScalarSizeInBits();
  if (bits == 1)
    return b.CreateICmpNE(value, splat(held, 0));
  if (held < bits)
    return b.CreateZExt(value, integers(bits));
  return held > bits ? b.CreateTrunc(value, integers(bits)) : value;
}

void Emitter::layOutFrame() {
  frameBytes = frameOf(ptx, scope.localAlignment, localPlaces);
  for (unsigned i = 0; i < 4; ++i) {
    auto *place = b.CreateAlloca(b.getInt8Ty(), b.getInt32(scratchBytes));
    place->setAlignment(llvm::Align(64));
    scratch[i] = place;
  }
  carrySlot = b.CreateAlloca(b.getInt32Ty());
  b.CreateStore(b.getInt32(0), carrySlot);
  auto *made = b.CreateAlloca(b.getInt8Ty(), b.getInt32(sizeof(Flow)));
  made->setAlignment(llvm::Align(64));
  flow = made;
}

} // namespace terrazzo::emu
