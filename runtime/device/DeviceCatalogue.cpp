// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/DeviceCatalogue.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace terrazzo::exec {

namespace {

using Json = nlohmann::json;

constexpr size_t largestFile = 1 << 20;
constexpr size_t longestText = 1024;
constexpr size_t mostEntries = 256;

/// The folder of this program or library.
std::string ownFolder() {
  static const char anchor = 0;
  Dl_info facts;
  std::string path;
  if (::dladdr(&anchor, &facts) && facts.dli_fname &&
      strchr(facts.dli_fname, '/'))
    path = facts.dli_fname;
  char own[4096];
  // A program that was started without a path is known by the kernel's link.
  if (path.empty())
    if (ssize_t length = ::readlink("/proc/self/exe", own, sizeof(own));
        length > 0)
      path.assign(own, size_t(length));
  return path.substr(0, path.rfind('/'));
}

/// The descriptors of a folder, by name; false when it cannot be read.
bool listDescriptors(const std::string &folder,
                     std::vector<std::string> &names) {
  DIR *entries = ::opendir(folder.c_str());
  if (!entries)
    return false;
  while (dirent *entry = ::readdir(entries))
    if (std::string_view(entry->d_name).ends_with(".json"))
      names.push_back(folder + "/" + entry->d_name);
  ::closedir(entries);
  std::sort(names.begin(), names.end());
  return true;
}

/// Why the file cannot be read; empty: `text` is its content.
std::string readFile(const std::string &path, std::string &text) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat facts;
  if (file < 0 || ::fstat(file, &facts) != 0) {
    std::string why = strerror(errno);
    if (file >= 0)
      ::close(file);
    return why;
  }
  bool fits = S_ISREG(facts.st_mode) && uint64_t(facts.st_size) <= largestFile;
  text.resize(fits ? size_t(facts.st_size) : 0);
  ssize_t count = fits ? ::read(file, text.data(), text.size()) : 0;
  ::close(file);
  if (!fits)
    return "it is no regular file of at most 1 MiB";
  text.resize(count > 0 ? size_t(count) : 0);
  return {};
}

bool isText(const Json &value) {
  if (!value.is_string())
    return false;
  const auto &text = value.get_ref<const std::string &>();
  return !text.empty() && text.size() <= longestText &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
         });
}

/// A list of texts under `key`, which may be absent; false when it is something
/// else.
bool readTexts(const Json &object, const char *key,
               std::vector<std::string> &texts) {
  auto found = object.find(key);
  if (found == object.end())
    return true;
  if (!found->is_array() || found->size() > mostEntries)
    return false;
  for (const Json &value : *found) {
    if (!isText(value))
      return false;
    texts.push_back(value.get<std::string>());
  }
  return true;
}

std::string pathFrom(const std::string &descriptor, const std::string &path) {
  return path[0] == '/'
             ? path
             : descriptor.substr(0, descriptor.rfind('/') + 1) + path;
}

/// Reads one device; why not, or nothing.
std::string readDevice(const Json &object, DeviceDescription &device) {
  if (!object.is_object())
    return "a device is no object";
  for (const char *key : {"name", "plugin"})
    if (!object.contains(key) || !isText(object[key]))
      return std::string("a device has no \"") + key +
             "\", or one that is no plain text";
  device.name = object["name"].get<std::string>();
  std::string place = "device '" + device.name + "'";
  if (device.matches("cpu") || device.name.starts_with("cpu:"))
    return place + " has the name of the processor";
  device.plugin =
      pathFrom(device.descriptor, object["plugin"].get<std::string>());
  if (auto driver = object.find("driver"); driver != object.end()) {
    if (!isText(*driver))
      return place + " has a \"driver\" that is no path";
    device.driver = pathFrom(device.descriptor, driver->get<std::string>());
  }
  if (!readTexts(object, "targets", device.targets) ||
      !readTexts(object, "examples", device.examples))
    return place +
           " has \"targets\" or \"examples\" that are no lists of names";
  for (const std::string &example : device.examples)
    if (!device.matches(example) || example.find('*') != example.npos)
      return place + " has the example '" + example +
             "', which its name does not fit";
  return {};
}

/// Adds the devices of one descriptor; a warning for what it must leave out.
void readDescriptor(const std::string &path, DeviceCatalogue &catalogue) {
  auto warn = [&](const std::string &why) {
    catalogue.warnings.push_back("the device descriptor " + path +
                                 " is left out: " + why);
  };
  std::string text;
  if (std::string why = readFile(path, text); !why.empty())
    return warn(why);
  // Deep nesting would end in the parser's destructors.
  size_t depth = 0;
  constexpr size_t deepest = 64;
  auto limit = [&](int nesting, Json::parse_event_t, Json &) {
    depth = std::max(depth, size_t(nesting));
    return nesting < int(deepest);
  };
  Json root = Json::parse(text, limit, /*allow_exceptions=*/false);
  if (root.is_discarded() || depth >= deepest)
    return warn("it is not JSON");
  if (!root.is_object() || !root.contains("devices") ||
      !root["devices"].is_array() || root["devices"].size() > mostEntries)
    return warn("it has no list of \"devices\"");
  std::vector<DeviceDescription> found;
  for (const Json &object : root["devices"]) {
    DeviceDescription device;
    device.descriptor = path;
    if (std::string why = readDevice(object, device); !why.empty())
      return warn(why);
    found.push_back(std::move(device));
  }
  for (DeviceDescription &device : found)
    catalogue.devices.push_back(std::move(device));
}

/// Whether `text` fits `pattern`, in which `*` stands for anything.
bool fits(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = pattern.npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

Error pluginError(const char *code, const DeviceDescription &description,
                  std::string why) {
  Error error;
  error.code = code;
  error.exit = ExitCode::TargetUnavailable;
  error.what = "the plugin of this device cannot be used";
  error.where = description.plugin;
  error.why = std::move(why);
  error.help = "it is named by " + description.descriptor +
               "; install it again, or remove that file";
  return error;
}

} // namespace

bool DeviceDescription::matches(std::string_view device) const {
  if (name.find('*') != name.npos)
    return fits(name, device);
  if (!device.starts_with(name))
    return false;
  device.remove_prefix(name.size());
  return device.empty() ||
         (device.size() > 1 && device[0] == ':' &&
          std::all_of(device.begin() + 1, device.end(),
                      [](char c) { return c >= '0' && c <= '9'; }));
}

std::vector<std::string> DeviceDescription::probes() const {
  std::vector<std::string> names;
  if (name.find('*') == name.npos)
    names.push_back(name);
  for (const std::string &example : examples)
    if (std::find(names.begin(), names.end(), example) == names.end())
      names.push_back(example);
  return names;
}

DeviceCatalogue DeviceCatalogue::read() {
  std::vector<std::string> folders;
  const char *given = ::getenv("TERRAZZO_DEVICE_PATH");
  if (given && *given) {
    std::string rest = given;
    while (!rest.empty()) {
      size_t end = std::min(rest.find(':'), rest.size());
      if (end > 0)
        folders.push_back(rest.substr(0, end));
      rest.erase(0, end + 1);
    }
    return read(folders);
  }
  // A program lies in bin, a library in lib.
  std::string own = ownFolder();
  for (const char *way : {"/terrazzo/devices", "/../lib/terrazzo/devices"})
    if (std::string folder = own + way; ::access(folder.c_str(), F_OK) == 0)
      return read({folder});
  return {};
}

DeviceCatalogue DeviceCatalogue::read(const std::vector<std::string> &folders) {
  DeviceCatalogue catalogue;
  for (const std::string &folder : folders) {
    std::vector<std::string> paths;
    if (!listDescriptors(folder, paths))
      catalogue.warnings.push_back("the folder of devices " + folder +
                                   " cannot be read: " + strerror(errno));
    for (const std::string &path : paths)
      readDescriptor(path, catalogue);
  }
  return catalogue;
}

const DeviceDescription *DeviceCatalogue::find(std::string_view device) const {
  for (const DeviceDescription &one : devices)
    if (one.name == device)
      return &one;
  for (bool pattern : {false, true})
    for (const DeviceDescription &one : devices)
      if ((one.name.find('*') != one.name.npos) == pattern &&
          one.matches(device))
        return &one;
  return nullptr;
}

Expected<std::shared_ptr<Device>>
DeviceCatalogue::open(const std::string &device) const {
  if (const DeviceDescription *description = find(device))
    return openDevice(*description, device);
  Error error;
  error.code = "TZ0020";
  error.exit = ExitCode::TargetUnavailable;
  error.what = "there is no device '" + device + "'";
  error.where = "--device " + device;
  error.why = "no plugin and no driver for it was found";
  error.help = "`terrazzo targets` lists what can be used";
  return error;
}

Expected<std::shared_ptr<Device>>
openDevice(const DeviceDescription &description, const std::string &name) {
  // Never closed: drivers below it may have threads and handlers of their own.
  void *plugin = ::dlopen(description.plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!plugin) {
    const char *why = ::dlerror();
    return pluginError("TZ0441", description, why ? why : "it is not there");
  }
  auto entry = reinterpret_cast<terrazzo_device_entry_fn>(
      ::dlsym(plugin, "terrazzo_device_entry"));
  if (!entry)
    return pluginError("TZ0442", description,
                       "it has no terrazzo_device_entry");
  return Device::open(entry(TERRAZZO_DEVICE_VERSION), name, description.driver);
}

} // namespace terrazzo::exec
