// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CommandLine.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace terrazzo {

const char *const kUsage =
    R"(usage: terrazzo-compile -m MODEL [--target T,T...] -o OUT.tzp
       terrazzo-compile -m MODEL --emit tz|plan [--target T]
       terrazzo-compile --list-targets
       terrazzo-compile -m MODEL --reference --ids FILE [--logits OUT.npy]

  -m, --model PATH      a GGUF file, or a tz module (.mlir, .mlirbc)
      --target T,T      targets, a variant each (default: cpu)
  -o, --output PATH     the package
      --emit tz|plan    print the graph, or kernels and programs
      --object-cache DIR  compiled kernels are kept there and found again
      --dump-to DIR     IR per stage and assembly of the kernels
      --fallback=error  an operation that the target cannot run is an error
      --list-targets    every backend, where it was found, whether it is usable
      --reference       evaluate with the float64 interpreter
      --ids FILE        whitespace-separated token ids
      --logits PATH     float32 [tokens, vocabulary] as .npy
      --batch N         tokens evaluated at a time (default: 512)
      --format text|json  what is printed (default: json)
      --quiet           no remarks
      --version, --help
)";

namespace {

Error usageError(const Twine &what) {
  return Error{ExitCode::Usage,
               "TZ0540",
               what.str(),
               "terrazzo-compile",
               "",
               "terrazzo-compile --help lists the options"};
}

class Parser {
public:
  Parser(ArrayRef<const char *> arguments) : arguments(arguments) {}

  Expected<CommandLine> run() {
    for (at = 0; at < arguments.size(); ++at)
      if (Status status = parse(arguments[at]); !status)
        return status.takeError();
    return check();
  }

private:
  Status parse(StringRef argument) {
    auto [name, value] = argument.split('=');
    inlineValue = argument.contains('=') ? std::optional(value) : std::nullopt;
    if (name == "--list-targets" || name == "--reference" || name == "--help" ||
        name == "-h" || name == "--version" || name == "--quiet")
      return parseSwitch(name);
    std::string *text = StringSwitch<std::string *>(name)
                            .Cases({"-m", "--model"}, &result.compile.model)
                            .Cases({"-o", "--output"}, &result.compile.output)
                            .Case("--dump-to", &result.compile.dumpDirectory)
                            .Case("--object-cache", &result.compile.objectCache)
                            .Case("--ids", &result.ids)
                            .Case("--logits", &result.logits)
                            .Case("--target", &targets)
                            .Case("--emit", &emit)
                            .Case("--fallback", &fallback)
                            .Case("--format", &format)
                            .Cases({"-b", "--batch"}, &batch)
                            .Default(nullptr);
    if (!text)
      return usageError("unknown option '" + argument + "'");
    if (inlineValue)
      *text = inlineValue->str();
    else if (++at < arguments.size())
      *text = arguments[at];
    else
      return usageError(argument + " needs a value");
    return {};
  }

  Status parseSwitch(StringRef name) {
    if (inlineValue)
      return usageError(name + " takes no value");
    if (name == "--quiet")
      result.remarks = false;
    else
      result.action =
          StringSwitch<CommandLine::Action>(name)
              .Case("--list-targets", CommandLine::Action::ListTargets)
              .Case("--reference", CommandLine::Action::Reference)
              .Case("--version", CommandLine::Action::Version)
              .Default(CommandLine::Action::Help);
    return {};
  }

  Expected<CommandLine> check() {
    CompileOptions &compile = result.compile;
    if (!targets.empty()) {
      compile.targets.clear();
      SmallVector<StringRef> parts;
      StringRef(targets).split(parts, ',', -1, /*KeepEmpty=*/false);
      for (StringRef part : parts)
        compile.targets.push_back(part.str());
      if (compile.targets.empty())
        return usageError("--target names no target");
    }
    if (format != "json" && format != "text")
      return usageError("--format is text or json, not '" + format + "'");
    result.json = format == "json";
    if (fallback != "cpu" && fallback != "error")
      return usageError("--fallback is cpu or error, not '" + fallback + "'");
    compile.unsupportedIsError = fallback == "error";
    if (StringRef(batch).getAsInteger(10, result.chunk) || result.chunk < 1)
      return usageError("--batch is a number of tokens, not '" + batch + "'");
    if (emit == "tz")
      compile.emit = CompileOptions::Emit::Tz;
    else if (emit == "plan")
      compile.emit = CompileOptions::Emit::Plan;
    else if (!emit.empty())
      return usageError("--emit is tz or plan, not '" + emit + "'");
    bool compiles = result.action == CommandLine::Action::Compile;
    bool evaluates = result.action == CommandLine::Action::Reference;
    if ((compiles || evaluates) && compile.model.empty())
      return usageError("no model is given");
    if (compiles && emit.empty() && compile.output.empty())
      return usageError("no output is given");
    if (evaluates && result.ids.empty())
      return usageError("--reference needs --ids");
    return std::move(result);
  }

  ArrayRef<const char *> arguments;
  size_t at = 0;
  std::optional<StringRef> inlineValue;
  CommandLine result;
  std::string targets, emit, fallback = "cpu", format = "json", batch = "512";
};

} // namespace

Expected<CommandLine> parseCommandLine(ArrayRef<const char *> arguments) {
  return Parser(arguments).run();
}

} // namespace terrazzo
