// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Scope.h.
#include "text/jinja/syntax/Scope.h"

namespace terrazzo::text::jinja {

bool Scope::knows(const std::string &name) const {
  return slots.count(name) || (parent && parent->knows(name));
}

void Scope::declareParameter(const std::string &name) {
  stores.insert(name);
  slots[name].begin = Begin::Given;
}

void Scope::store(const std::string &name) {
  stores.insert(name);
  if (!slots.count(name))
    slots[name].begin =
        parent && parent->knows(name) ? Begin::Alias : Begin::Nothing;
}

void Scope::load(const std::string &name) {
  if (!knows(name))
    slots[name].begin = Begin::Resolve;
}

void Scope::merge(const std::vector<Scope> &branches) {
  std::set<std::string> fresh;
  for (const Scope &branch : branches)
    for (const std::string &name : branch.stores)
      if (!stores.count(name))
        fresh.insert(name);
  for (const Scope &branch : branches) {
    for (const auto &[name, slot] : branch.slots)
      slots[name] = slot;
    stores.insert(branch.stores.begin(), branch.stores.end());
  }
  // A branch that was not taken leaves what was there before.
  for (const std::string &name : fresh)
    slots[name].begin =
        parent && parent->knows(name) ? Begin::Alias : Begin::Resolve;
}

void Scope::settle() {
  int index = 0;
  for (auto &[name, slot] : slots) {
    slot.index = index++;
    if (slot.begin == Begin::Alias)
      slot.alias = parent->find(name);
  }
}

Place Scope::find(const std::string &name) const {
  int hops = 0;
  for (const Scope *scope = this; scope; scope = scope->parent, ++hops)
    if (auto found = scope->slots.find(name); found != scope->slots.end())
      return {hops, found->second.index};
  return {};
}

bool Scope::isParameter(const std::string &name) const {
  auto found = slots.find(name);
  return found != slots.end() && found->second.begin == Begin::Given;
}

} // namespace terrazzo::text::jinja
