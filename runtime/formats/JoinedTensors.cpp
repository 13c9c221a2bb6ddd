// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// GGUF files of some encoders hold tensors whose rows are those of several, one
// behind another. They are handed out as those, under the names that a file of
// the parts would have; nothing is copied.
#include "formats/GgufParser.h"

namespace terrazzo::formats {

namespace {

struct Joined {
  const char *architecture, *whole;
  std::vector<std::string_view> parts;
  /// One of them is called as the whole is: it is whole in a file that has the
  /// first.
  bool mayBeWhole = false;
};

const std::vector<Joined> &joinedTensors() {
  static const std::vector<Joined> all = {
      {"bert", "attn_qkv", {"attn_q", "attn_k", "attn_v"}},
      {"nomic-bert", "attn_qkv", {"attn_q", "attn_k", "attn_v"}},
      {"modern-bert", "attn_qkv", {"attn_q", "attn_k", "attn_v"}},
      {"modern-bert", "ffn_up", {"ffn_gate", "ffn_up"}, true},
  };
  return all;
}

/// "blk.0." and ".weight" of "blk.0.attn_qkv.weight"; empty: it is called
/// otherwise.
std::pair<std::string, std::string> aroundName(std::string_view name,
                                               std::string_view whole) {
  size_t kind = name.rfind('.');
  if (kind == name.npos || kind < whole.size() + 1 ||
      name.substr(kind - whole.size(), whole.size()) != whole ||
      name[kind - whole.size() - 1] != '.')
    return {};
  return {std::string(name.substr(0, kind - whole.size())),
          std::string(name.substr(kind))};
}

} // namespace

bool GgufParser::splitJoined() {
  const GgufValue *architecture = result.find("general.architecture");
  std::vector<ModelTensor> table;
  for (ModelTensor &tensor : result.tensorTable) {
    const Joined *found = nullptr;
    std::pair<std::string, std::string> around;
    for (const Joined &joined : joinedTensors()) {
      if (!architecture || architecture->type != GgufType::String ||
          architecture->string() != joined.architecture)
        continue;
      around = aroundName(tensor.name, joined.whole);
      if (around.first.empty() ||
          (joined.mayBeWhole &&
           result.findTensor(around.first + std::string(joined.parts[0]) +
                             around.second)))
        continue;
      found = &joined;
      break;
    }
    if (!found)
      table.push_back(tensor);
    else if (!addParts(tensor, around, found->parts, table))
      return false;
  }
  result.tensorTable = std::move(table);
  result.tensorIndex.clear();
  for (uint32_t i = 0; i < result.tensorTable.size(); ++i) {
    context = "tensor '" + std::string(result.tensorTable[i].name) + "'";
    if (!result.tensorIndex.emplace(result.tensorTable[i].name, i).second)
      return fail("TZ0106", "a tensor appears twice",
                  "on its own, and as rows of another");
  }
  context.clear();
  return true;
}

bool GgufParser::addParts(const ModelTensor &whole,
                          const std::pair<std::string, std::string> &around,
                          const std::vector<std::string_view> &parts,
                          std::vector<ModelTensor> &table) {
  ModelTensor part = whole;
  uint64_t &rows = part.dims.back();
  if (rows % parts.size() ||
      (part.dims.size() == 1 &&
       rows / parts.size() % blockFormatInfo(part.format).values)) {
    context = "tensor '" + std::string(whole.name) + "'";
    return fail("TZ0106", "a tensor of several parts cannot be taken apart",
                "its " + std::to_string(rows) + " rows are no " +
                    std::to_string(parts.size()) + " equal parts");
  }
  rows /= parts.size();
  part.bytes /= parts.size();
  for (std::string_view name : parts) {
    part.name = result.names.emplace_back(around.first + std::string(name) +
                                          around.second);
    table.push_back(part);
    part.offset += part.bytes;
  }
  return true;
}

} // namespace terrazzo::formats
