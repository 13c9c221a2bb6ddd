// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/PackageCache.h"
#include "compile/BuildId.h"
#include "compile/CacheFolder.h"
#include "exec/ModelHash.h"
#include "exec/PackedWeights.h"
#include "formats/Hash.h"
#include "machine/Clock.h"
#include "machine/Limits.h"
#include "package/PackageFit.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace terrazzo::exec {

namespace {

double secondsNow() { return double(machine::nanosecondsNow()) * 1e-9; }

std::vector<std::string> librariesIn(const std::string &folder) {
  std::vector<std::string> found;
  DIR *entries = ::opendir(folder.c_str());
  if (!entries)
    return found;
  while (dirent *entry = ::readdir(entries)) {
    std::string name = entry->d_name;
    if (name.size() > 6 && name.substr(0, 3) == "lib" &&
        name.substr(name.size() - 3) == ".so")
      found.push_back(folder + "/" + name);
  }
  ::closedir(entries);
  std::sort(found.begin(), found.end());
  return found;
}

/// A folder that is removed with the package in it, for --no-cache.
class TemporaryFolder {
public:
  Status create() {
    auto base = machine::temporaryFolder();
    if (!base)
      return base.takeError();
    path = *base + "/terrazzo-XXXXXX";
    if (::mkdtemp(path.data()))
      return {};
    path.clear();
    return machine::temporaryError(*base, errno);
  }
  ~TemporaryFolder() {
    if (path.empty())
      return;
    ::unlink(package().c_str());
    ::rmdir(path.c_str());
  }
  std::string package() const { return path + "/model.tzp"; }
  std::string path;
};

Expected<PackageFile> compileTo(const std::string &output,
                                const PackageSource &source,
                                const std::string &compiler,
                                const PackageRequest &request) {
  std::vector<std::string> arguments = {"--model",      source.path, "--target",
                                        request.target, "--output",  output,
                                        "--format",     "json"};
  if (request.fallbackError)
    arguments.push_back("--fallback=error");
  if (!request.cacheFolder.empty())
    arguments.insert(
        arguments.end(),
        {"--object-cache", request.cacheFolder + "/" + objectFolder});
  auto done =
      runCompiler(compiler, arguments, request.listener, request.cancelled);
  if (!done)
    return done.takeError();
  return PackageFile::open(output);
}

/// The file is open when its folder is removed.
Expected<PackageFile> compileToTemporary(const PackageSource &source,
                                         const std::string &compiler,
                                         const PackageRequest &request) {
  TemporaryFolder folder;
  if (Status status = folder.create(); !status)
    return status.takeError();
  return compileTo(folder.package(), source, compiler, request);
}

} // namespace

std::string compilerFingerprint(const std::string &compiler) {
  std::string folder = compiler.substr(0, compiler.rfind('/'));
  std::string text = buildIdOf(compiler) + "\n";
  text += buildIdOf(folder + "/../lib/libTerrazzo.so") + "\n";
  std::vector<std::string> plugins =
      librariesIn(folder + "/../lib/terrazzo/backends");
  if (const char *more = ::getenv("TERRAZZO_PLUGIN_PATH")) {
    std::string rest = more;
    while (!rest.empty()) {
      size_t end = std::min(rest.find(':'), rest.size());
      for (std::string &path : librariesIn(rest.substr(0, end)))
        plugins.push_back(std::move(path));
      rest.erase(0, end + 1);
    }
  }
  for (const std::string &plugin : plugins)
    text +=
        plugin.substr(plugin.rfind('/') + 1) + " " + buildIdOf(plugin) + "\n";
  return text;
}

Expected<ObtainedPackage> obtainPackage(const PackageSource &source,
                                        const PackageRequest &request) {
  auto compiler = request.compiler.empty()
                      ? findCompiler()
                      : Expected<std::string>(request.compiler);
  if (!compiler)
    return compiler.takeError();
  ObtainedPackage obtained;
  std::string path, cache = request.cacheFolder;
  if (!cache.empty()) {
    std::string text =
        source.hash + "\n" +
        (source.weights ? modelHash(*source.weights, cache) : std::string()) +
        "\n" + request.target + "\n" +
        (request.fallbackError ? "fallback=error\n" : "\n") +
        std::to_string(packageFormatVersion) + "\n" +
        compilerFingerprint(*compiler);
    path = cache + "/packages/" +
           formats::hash128(text.data(), text.size()).hex() + ".tzp";
    // A model that was replaced while it was compiled has left another's.
    if (auto file = PackageFile::open(path);
        file && (!source.weights || matchWeights(*file, *source.weights))) {
      obtained.file = std::move(*file);
      obtained.file.nameAfter(source.path);
      return obtained;
    }
    Status made = makeFolders(cache + "/packages");
    if (!made || ::access((cache + "/packages").c_str(), W_OK) != 0) {
      if (request.note)
        request.note("the cache cannot be written, so nothing is kept: " +
                     cache);
      cache.clear();
    }
  }
  double begin = secondsNow();
  auto file = cache.empty() ? compileToTemporary(source, *compiler, request)
                            : compileTo(path, source, *compiler, request);
  // No room in the cache is no reason to give up.
  if (!file && file.error().code == "TZ0701" && !cache.empty())
    file = compileToTemporary(source, *compiler, request);
  if (!file)
    return file.takeError();
  obtained.file = std::move(*file);
  obtained.file.nameAfter(source.path);
  obtained.compileSeconds = secondsNow() - begin;
  return obtained;
}

} // namespace terrazzo::exec
