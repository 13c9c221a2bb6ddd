// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linking: several PTX texts become one, which a module is then loaded from.
// A name that is defined in two of them, even a private one, is refused.
#include "driver/DriverCapture.h"
#include "driver/DriverModule.h"

#include <algorithm>
#include <cstring>

namespace terrazzo::emu::driver {

namespace {

struct Link : Object {
  static constexpr Kind kindOf = Kind::Link;
  Link() : Object(kindOf) {}
  JitOptions options; ///< the program's own: results are written back
  std::vector<std::string> texts;
  std::string image;
  bool complete = false;
};

template <typename Body> CUresult useLink(CUlinkState handle, Body body) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Link> link = find<Link>(handle);
    return link ? body(context, *link) : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// A directive of a text's head, with its line's rest; empty: it is not there.
std::string_view headLine(std::string_view text, std::string_view directive) {
  size_t at = text.find(directive);
  return at == std::string_view::npos
             ? std::string_view()
             : text.substr(at, text.find('\n', at) - at);
}

/// The first number behind a directive: 83 of ".version 8.3", 80 of "sm_80".
int numberOf(std::string_view line) {
  int number = 0;
  for (char c : line)
    if (c >= '0' && c <= '9')
      number = number * 10 + (c - '0');
    else if (number && c != '.')
      break;
  return number;
}

/// The texts behind each other, under the newest head.
std::string join(const std::vector<std::string> &texts) {
  if (texts.size() == 1)
    return texts.front();
  std::string head, bodies;
  for (std::string_view directive : {".version", ".target", ".address_size"}) {
    std::string_view newest;
    for (const std::string &text : texts) {
      std::string_view line = headLine(text, directive);
      if (newest.empty() || numberOf(line) > numberOf(newest))
        newest = line;
    }
    head += std::string(newest) + "\n";
  }
  for (std::string text : texts) {
    for (const char *directive : {".version", ".target", ".address_size"}) {
      std::string_view line = headLine(text, directive);
      if (!line.empty())
        text.replace(size_t(line.data() - text.data()), line.size(), "");
    }
    bodies += text + "\n";
  }
  return head + bodies;
}

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuLinkCreate_v2(unsigned count, CUjit_option *options, void **values,
                         CUlinkState *result) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!result)
      return CUDA_ERROR_INVALID_VALUE;
    JitOptions given{options, values, count};
    if (CUresult wrong = checkJitOptions(given, context.device->architecture))
      return wrong;
    auto link = std::make_shared<Link>();
    link->options = given;
    driver().add(link, &context);
    *result = handleOf<Link, CUlinkState>(link);
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuLinkCreate, cuLinkCreate_v2);

CUresult cuLinkAddData_v2(CUlinkState state, CUjitInputType type, void *data,
                          size_t bytes, const char *, unsigned count,
                          CUjit_option *options, void **values) {
  return useLink(state, [&](Context &context, Link &link) -> CUresult {
    if (!data || !bytes || type < 0 || type > CU_JIT_INPUT_NVVM ||
        link.complete)
      return CUDA_ERROR_INVALID_VALUE;
    if (CUresult wrong = checkJitOptions({options, values, count},
                                         context.device->architecture))
      return wrong;
    if (type == CU_JIT_INPUT_NVVM)
      return CUDA_ERROR_NOT_SUPPORTED;
    if (type != CU_JIT_INPUT_PTX)
      return CUDA_ERROR_NO_BINARY_FOR_GPU;
    const char *text = static_cast<const char *>(data);
    link.texts.emplace_back(text, strnlen(text, bytes));
    if (link.texts.back().find(".version") != std::string::npos)
      return CUDA_SUCCESS;
    link.texts.pop_back();
    return CUDA_ERROR_INVALID_PTX;
  });
}
TZ_EMU_ALIAS(cuLinkAddData, cuLinkAddData_v2);

CUresult cuLinkAddFile_v2(CUlinkState state, CUjitInputType type,
                          const char *path, unsigned count,
                          CUjit_option *options, void **values) {
  if (!path)
    return CUDA_ERROR_INVALID_VALUE;
  std::string text;
  if (!readFile(path, text))
    return CUDA_ERROR_FILE_NOT_FOUND;
  return cuLinkAddData_v2(state, type, text.data(), text.size(), path, count,
                          options, values);
}
TZ_EMU_ALIAS(cuLinkAddFile, cuLinkAddFile_v2);

CUresult cuLinkComplete(CUlinkState state, void **image, size_t *bytes) {
  return useLink(state, [&](Context &context, Link &link) -> CUresult {
    if (!image || link.texts.empty())
      return CUDA_ERROR_INVALID_VALUE;
    if (CUresult forbidden = checkUnsafe())
      return forbidden;
    if (!link.complete) {
      // Loaded once to see that it can be.
      std::string joined = join(link.texts);
      std::shared_ptr<LoadedModule> module;
      if (CUresult wrong =
              loadModule(context, joined.c_str(), link.options, module))
        return wrong;
      unloadModule(*module);
      link.image = std::move(joined);
      link.complete = true;
    }
    *image = link.image.data();
    if (bytes)
      *bytes = link.image.size() + 1;
    return CUDA_SUCCESS;
  });
}

CUresult cuLinkDestroy(CUlinkState state) {
  return useLink(state, [&](Context &, Link &link) {
    driver().remove(link);
    return CUDA_SUCCESS;
  });
}
}
