// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Locations.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace terrazzo {
namespace {

/// Names in order, each once; few enough to be searched.
struct Names {
  SmallVector<std::string> list;

  void insert(std::string name) {
    if (!llvm::is_contained(list, name))
      list.push_back(std::move(name));
  }
};

void collectNames(Location location, Names &names) {
  llvm::TypeSwitch<LocationAttr>(location)
      .Case<NameLoc>([&](NameLoc name) {
        StringRef text = name.getName().getValue();
        text.consume_back(".weight");
        names.insert(text.str());
      })
      .Case<FusedLoc>([&](FusedLoc fused) {
        for (Location part : fused.getLocations())
          collectNames(part, names);
      })
      .Case<CallSiteLoc>(
          [&](CallSiteLoc call) { collectNames(call.getCallee(), names); })
      .Case<FileLineColLoc>([&](FileLineColLoc file) {
        StringRef name = llvm::sys::path::filename(file.getFilename());
        names.insert((name + ":" + Twine(file.getLine())).str());
      });
}

/// "blk.0" of "blk.0.attn_q"; empty for names without a number.
StringRef blockOf(StringRef name) {
  size_t first = name.find('.');
  if (first == StringRef::npos)
    return {};
  size_t second = name.find('.', first + 1);
  StringRef number = name.slice(first + 1, second);
  if (number.empty() || !llvm::all_of(number, llvm::isDigit))
    return {};
  return name.take_front(second);
}

} // namespace

std::string describeLocation(Location location) {
  Names names;
  collectNames(location, names);
  std::string text;
  StringRef block;
  for (StringRef name : names.list) {
    StringRef own = blockOf(name);
    bool continues = !own.empty() && own == block;
    if (!text.empty())
      text += continues || own.empty() ? ", " : "; ";
    if (own.empty() || own == name)
      text += name;
    else if (continues)
      text += name.drop_front(own.size() + 1);
    else
      text += (own + ": " + name.drop_front(own.size() + 1)).str();
    block = own;
  }
  return text;
}

} // namespace terrazzo
