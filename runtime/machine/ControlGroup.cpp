// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/ControlGroup.h"
#include "machine/SmallFile.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <sstream>

namespace terrazzo::machine {

namespace {

/// Where a hierarchy is mounted, and which of its groups the mount shows as its
/// root (a container sees its own only).
struct Mount {
  std::string folder;
  std::string shownRoot;
};

bool holds(const std::string &list, const std::string &word) {
  std::istringstream words(list);
  for (std::string one; std::getline(words, one, ',');)
    if (one == word)
      return true;
  return false;
}

/// 31 23 0:28 /shown /folder rw,... - cgroup source rw,cpu,cpuacct
std::vector<Mount> mountsOf(const std::string &controller,
                            const std::string &root, bool unified) {
  std::vector<Mount> found;
  std::istringstream lines(readSmallFile(root + "/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    size_t dash = line.find(" - ");
    if (dash == std::string::npos)
      continue;
    std::istringstream front(line.substr(0, dash)), back(line.substr(dash + 3));
    std::string skip, shown, folder, type, source, options;
    front >> skip >> skip >> skip >> shown >> folder;
    back >> type >> source >> options;
    if (unified ? type == "cgroup2"
                : type == "cgroup" && holds(options, controller))
      found.push_back({root + folder, shown});
  }
  return found;
}

/// The path of this process's group in a hierarchy: "9:memory:/a/b", "0::/a".
/// Nothing when it is in none.
bool groupPath(const std::string &controller, const std::string &root,
               bool unified, std::string &path) {
  std::istringstream lines(readSmallFile(root + "/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos)
      continue;
    std::string names = line.substr(first + 1, second - first - 1);
    if (unified ? names.empty() : holds(names, controller)) {
      path = line.substr(second + 1);
      return true;
    }
  }
  return false;
}

void addChain(std::vector<ControlGroup> &chain, const std::string &controller,
              const std::string &root, bool unified) {
  std::string path;
  if (!groupPath(controller, root, unified, path))
    return;
  for (const Mount &mount : mountsOf(controller, root, unified)) {
    std::string below = path;
    if (mount.shownRoot != "/" && below.starts_with(mount.shownRoot))
      below.erase(0, mount.shownRoot.size());
    for (;;) {
      while (!below.empty() && below.back() == '/')
        below.pop_back();
      chain.push_back({mount.folder + below, unified});
      if (below.empty())
        break;
      below.erase(below.rfind('/') == std::string::npos ? 0 : below.rfind('/'));
    }
    return;
  }
}

/// The number in a file; UINT64_MAX for "max", -1, or no file.
uint64_t numberIn(const std::string &path) {
  std::string text = readSmallFile(path);
  if (text.empty() || text[0] < '0' || text[0] > '9')
    return UINT64_MAX;
  return ::strtoull(text.c_str(), nullptr, 10);
}

/// The value behind `key` in "key value" lines; 0 when it is not there.
uint64_t statistic(const std::string &text, const std::string &key) {
  std::istringstream lines(text);
  for (std::string name, value; lines >> name >> value;)
    if (name == key)
      return ::strtoull(value.c_str(), nullptr, 10);
  return 0;
}

double quotaOf(const ControlGroup &group) {
  constexpr double none = std::numeric_limits<double>::infinity();
  uint64_t quota, period;
  if (group.unified) {
    std::string text = readSmallFile(group.folder + "/cpu.max");
    if (text.empty() || text[0] < '0' || text[0] > '9')
      return none;
    char *end;
    quota = ::strtoull(text.c_str(), &end, 10);
    period = ::strtoull(end, nullptr, 10);
  } else {
    quota = numberIn(group.folder + "/cpu.cfs_quota_us");
    period = numberIn(group.folder + "/cpu.cfs_period_us");
  }
  if (quota == UINT64_MAX || quota == 0 || period == UINT64_MAX || period == 0)
    return none;
  return double(quota) / double(period);
}

} // namespace

std::vector<ControlGroup> controlGroups(const std::string &controller,
                                        const std::string &root) {
  std::vector<ControlGroup> chain;
  addChain(chain, controller, root, /*unified=*/true);
  addChain(chain, controller, root, /*unified=*/false);
  return chain;
}

double processorQuota(const std::string &root) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const ControlGroup &group : controlGroups("cpu", root))
    smallest = std::min(smallest, quotaOf(group));
  return smallest;
}

GroupMemory groupMemory(const std::string &root) {
  GroupMemory memory;
  for (const ControlGroup &group : controlGroups("memory", root)) {
    const std::string &at = group.folder;
    uint64_t limit = group.unified ? std::min(numberIn(at + "/memory.max"),
                                              numberIn(at + "/memory.high"))
                                   : numberIn(at + "/memory.limit_in_bytes");
    uint64_t used = numberIn(
        at + (group.unified ? "/memory.current" : "/memory.usage_in_bytes"));
    if (limit == UINT64_MAX || used == UINT64_MAX)
      continue;
    std::string details = readSmallFile(at + "/memory.stat");
    uint64_t files = group.unified ? statistic(details, "file")
                                   : statistic(details, "total_cache");
    used -= std::min(used, files);
    memory.limit = std::min(memory.limit, limit);
    memory.available =
        std::min(memory.available, limit > used ? limit - used : 0);
  }
  return memory;
}

} // namespace terrazzo::machine
