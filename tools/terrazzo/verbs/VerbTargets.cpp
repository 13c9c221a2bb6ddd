// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo targets: the devices of this machine and the backends that the
// compiler finds.
#include "Interrupt.h"
#include "Notes.h"
#include "Output.h"
#include "open/OpenDevice.h"
#include "verbs/Verbs.h"

#include "compile/CompilerProcess.h"
#include "machine/CpuTarget.h"

#include <nlohmann/json.hpp>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

ordered_json row(const std::string &name, const std::string &kind, bool usable,
                 const std::string &reason, const std::string &path) {
  return {{"name", name},
          {"kind", kind},
          {"usable", usable},
          {"reason", reason},
          {"path", path}};
}

std::vector<ordered_json> processors() {
  std::vector<ordered_json> rows;
  for (const std::string &target : machine::cpuTargets(machine::hostFeatures()))
    rows.push_back(row(target, "device", true, "", "built in"));
  if (rows.empty())
    rows.push_back(row("cpu", "device", false,
                       "this processor lacks what x86-64-v3 demands",
                       "built in"));
  return rows;
}

/// The devices of the catalogue, each opened to see whether it is there.
std::vector<ordered_json> devices(const Notes &notes) {
  std::vector<ordered_json> rows;
  for (const auto &description : readCatalogue(notes).devices)
    for (const std::string &name : description.probes()) {
      auto opened = exec::openDevice(description, name);
      rows.push_back(row(name, "device", bool(opened),
                         opened ? "" : opened.error().why, description.plugin));
      if (opened)
        rows.back()["product"] = (*opened)->product();
    }
  return rows;
}

/// What the compiler says of its backends, or one row that says why it cannot.
std::vector<ordered_json> backends(Notes &notes) {
  std::vector<ordered_json> rows;
  auto compiler = exec::findCompiler();
  if (!compiler)
    return {row("terrazzo-compile", "compiler", false, compiler.error().why,
                compiler.error().where)};
  exec::CompilerListener listener = notes.listener();
  listener.line = [&](const std::string &line) {
    ordered_json object = ordered_json::parse(line, nullptr, false);
    if (object.is_object() && object.contains("name"))
      rows.push_back(row(object.value("name", ""),
                         object.value("kind", "backend"),
                         object.value("usable", false),
                         object.value("reason", ""), object.value("path", "")));
  };
  auto done = exec::runCompiler(*compiler, {"--list-targets"}, listener,
                                &interrupted());
  if (!done)
    rows.push_back(row("terrazzo-compile", "compiler", false,
                       done.error().what + " " + done.error().why, *compiler));
  return rows;
}

int runTargets(const CommonOptions &common) {
  Notes notes(common.quiet, "");
  std::vector<ordered_json> rows = processors();
  for (auto &more : {devices(notes), backends(notes)})
    rows.insert(rows.end(), more.begin(), more.end());
  for (const ordered_json &one : rows) {
    std::string text = one.value("name", "") + "  " + one.value("kind", "") +
                       "  " +
                       (one.value("usable", false)
                            ? "usable"
                            : "not usable: " + one.value("reason", "")) +
                       "  " + one.value("path", "");
    if (std::string product = one.value("product", ""); !product.empty())
      text += "  (" + product + ")";
    text += "\n";
    Status written = common.json ? writeJson(one) : writeResult(text);
    if (!written)
      return report(written);
  }
  return 0;
}

} // namespace

void addTargetsVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb =
      app.add_subcommand("targets", "devices and backends, usable or why not");
  addOutputOptions(*verb, common);
  verb->callback([&common, &exitCode] { exitCode = runTargets(common); });
}
