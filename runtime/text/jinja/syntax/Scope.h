// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where names live. As in Jinja, that is settled before a template runs: each
// scope (the template, a loop's body, a macro) has one slot for each name that
// it sets, or that nothing around it has; a slot begins with a value from
// outside or with none.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace terrazzo::text::jinja {

/// A slot, seen from a scope: that many scopes outwards.
struct Place {
  int hops = -1;
  int slot = -1;
};

class Scope {
public:
  enum class Begin {
    Given,   ///< a parameter
    Resolve, ///< a variable of the rendering, by name
    Alias,   ///< the same name's value in a scope around
    Nothing,
  };
  struct Slot {
    Begin begin;
    int index = 0;
    Place alias;
  };

  explicit Scope(Scope *parent) : parent(parent) {}
  Scope(const Scope &) = default;

  void declareParameter(const std::string &name);
  void store(const std::string &name);
  void load(const std::string &name);
  /// What the branches of an `if` did, each in a copy of this.
  void merge(const std::vector<Scope> &branches);

  /// Number the slots; no more is declared.
  void settle();
  /// hops below 0 where the name is unknown.
  Place find(const std::string &name) const;
  const std::map<std::string, Slot> &all() const { return slots; }
  const std::set<std::string> &stored() const { return stores; }
  bool isParameter(const std::string &name) const;
  Scope *outer() const { return parent; }

private:
  bool knows(const std::string &name) const;

  Scope *parent;
  std::map<std::string, Slot> slots;
  std::set<std::string> stores;
};

} // namespace terrazzo::text::jinja
