// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo-c/program.h through the shared library, on the toy model.
#include "ToyModel.h"
#include "support/Error.h"
#include "terrazzo-c/dlpack.h"
#include "terrazzo-c/program.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <thread>

using namespace terrazzo;
using namespace terrazzo::test;

namespace {

class ProgramC : public testing::Test {
protected:
  void SetUp() override {
    writeToyModel(folder.file("toy.gguf"));
    writeToyBothPackage(folder.file("toy.tzp"));
  }

  terrazzo_program *open(const char *device = nullptr) {
    std::string package = folder.file("toy.tzp"),
                weights = folder.file("toy.gguf");
    terrazzo_program_options options = TERRAZZO_PROGRAM_OPTIONS_INIT;
    options.package_path = package.c_str();
    options.weights_path = weights.c_str();
    options.device = device;
    options.cache_rows = 60;
    options.threads = 2;
    char error[500] = "";
    terrazzo_program *program = nullptr;
    EXPECT_EQ(terrazzo_program_open(&options, &program, error, sizeof(error)),
              0)
        << error;
    return program;
  }

  static terrazzo_view view(void *data, const int64_t *shape, uint32_t rank,
                            uint32_t element = TERRAZZO_F32) {
    return {sizeof(terrazzo_view), data, shape, nullptr, rank, element, 0, 0};
  }

  /// Hidden rows of all tokens, in steps of `step`.
  static std::vector<float> rowsOf(terrazzo_program *program,
                                   std::vector<int32_t> ids, size_t step) {
    std::vector<float> hidden(ids.size() * toyHidden);
    for (size_t at = 0; at < ids.size(); at += step) {
      auto count = int64_t(std::min(step, ids.size() - at));
      int64_t rows[] = {count}, out[] = {count, toyHidden};
      auto position = int32_t(at);
      terrazzo_view tokens = view(&ids[at], rows, 1, TERRAZZO_I32),
                    first = view(&position, nullptr, 0, TERRAZZO_I32),
                    result = view(&hidden[at * toyHidden], out, 2);
      const terrazzo_view *arguments[] = {&tokens, &first},
                          *results[] = {&result};
      EXPECT_EQ(terrazzo_program_call(program, 0, arguments, 2, results, 1), 0)
          << terrazzo_program_error(program);
    }
    return hidden;
  }

  static std::vector<int32_t> tokens(size_t count) {
    std::vector<int32_t> ids(count);
    for (size_t i = 0; i < count; ++i)
      ids[i] = int32_t((i * 29 + 3) % toyVocabulary);
    return ids;
  }

  static void expectClose(const std::vector<float> &got,
                          const std::vector<float> &want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_FLOAT_EQ(got[i], want[i]) << i;
  }

  Folder folder;
};

TEST_F(ProgramC, SaysWhatItHolds) {
  terrazzo_program *program = open();
  ASSERT_TRUE(program);
  EXPECT_EQ(terrazzo_program_version(), uint32_t(TERRAZZO_PROGRAM_VERSION));
  EXPECT_EQ(terrazzo_program_functions(program), 2u);
  uint32_t head = 9;
  EXPECT_EQ(terrazzo_program_find(program, "head", &head), 0);
  EXPECT_EQ(head, 1u);
  EXPECT_EQ(terrazzo_program_find(program, "tail", &head), 2);
  EXPECT_NE(strstr(terrazzo_program_error(program), "it has trunk, head"),
            nullptr);
  terrazzo_function_facts facts = {sizeof(facts), 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(terrazzo_program_function(program, 0, &facts), 0);
  EXPECT_STREQ(facts.name, "trunk");
  EXPECT_STREQ(facts.signature, "trunk(tokens: i32[T], position: i32) -> "
                                "hidden: f32[T, 16]");
  EXPECT_STREQ(facts.size, "T");
  EXPECT_EQ(facts.largest_size, 512u);
  EXPECT_EQ(facts.arguments, 2u);
  EXPECT_EQ(facts.sizes, 1u);
  terrazzo_size_facts size = {sizeof(size), nullptr, 0};
  EXPECT_EQ(terrazzo_program_size(program, 0, 0, &size), 0);
  EXPECT_STREQ(size.name, "T");
  EXPECT_EQ(size.largest, 512u);
  EXPECT_EQ(terrazzo_program_size(program, 0, 1, &size), 2);
  uint64_t rows = 7;
  int64_t shape[2] = {0, 0};
  EXPECT_EQ(terrazzo_program_result_shape(program, 0, 0, &rows, 1, shape), 0);
  EXPECT_EQ(shape[0], 7);
  EXPECT_EQ(shape[1], toyHidden);
  EXPECT_EQ(terrazzo_program_result_shape(program, 0, 1, &rows, 1, shape), 2);
  EXPECT_EQ(terrazzo_program_result_shape(program, 0, 0, &rows, 2, shape), 2);
  EXPECT_EQ(terrazzo_program_function(program, 2, &facts), 2);
  terrazzo_value_facts value = {sizeof(value), 0, 0, 0, 0, 0};
  EXPECT_EQ(terrazzo_program_result(program, 0, 0, &value), 0);
  EXPECT_STREQ(value.name, "hidden");
  EXPECT_EQ(value.element, uint32_t(TERRAZZO_F32));
  EXPECT_EQ(value.rank, 2u);
  EXPECT_EQ(value.dims[0], -1);
  EXPECT_EQ(value.dims[1], toyHidden);
  EXPECT_EQ(terrazzo_program_argument(program, 0, 2, &value), 2);
  terrazzo_state_facts state = {sizeof(state), 0, 0, 0, 0, 0};
  EXPECT_EQ(terrazzo_program_states(program), 1u);
  EXPECT_EQ(terrazzo_program_state(program, 0, &state), 0);
  EXPECT_STREQ(state.name, "history");
  EXPECT_EQ(state.rows, 60u);
  EXPECT_EQ(state.row_bytes, toyHidden * sizeof(float));
  EXPECT_EQ(terrazzo_program_state(program, 1, &state), 2);
  // An older caller's struct ends earlier.
  facts.struct_size = offsetof(terrazzo_function_facts, size);
  facts.size = "untouched";
  EXPECT_EQ(terrazzo_program_function(program, 1, &facts), 0);
  EXPECT_STREQ(facts.name, "head");
  EXPECT_STREQ(facts.size, "untouched");
  terrazzo_program_close(program);
}

TEST_F(ProgramC, CallsAndKeepsStates) {
  std::ofstream(folder.file("toy.json"))
      << R"({"devices": [{"name": "toy:*", "examples": ["toy:0"], "plugin": ")" TERRAZZO_TOY_DEVICE
         R"("}]})";
  ::setenv("TERRAZZO_DEVICE_PATH", folder.path.c_str(), 1);
  char names[200];
  EXPECT_EQ(terrazzo_devices(names, sizeof(names)), strlen(names) + 1);
  EXPECT_STREQ(names, "cpu\ntoy:0\n");
  for (const char *device : {"cpu", "toy:0"}) {
    terrazzo_program *program = open(device);
    ASSERT_TRUE(program) << device;
    auto ids = tokens(23);
    expectClose(rowsOf(program, ids, 5), toyReference(ids));
    EXPECT_EQ(terrazzo_program_reset_states(program), 0);
    std::vector<float> state(60 * toyHidden, 1.0f);
    EXPECT_EQ(
        terrazzo_program_read_state(program, 0, state.data(), state.size() * 4),
        0);
    expectClose(state, std::vector<float>(state.size(), 0.0f));
    EXPECT_EQ(terrazzo_program_read_state(program, 0, state.data(), 4), 2);
    expectClose(rowsOf(program, ids, 23), toyReference(ids));
    terrazzo_program_close(program);
  }
  ::unsetenv("TERRAZZO_DEVICE_PATH");
}

TEST_F(ProgramC, OpensPackagesInMemory) {
  std::ifstream file(folder.file("toy.tzp"), std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  std::string bytes = text.str(), weights = folder.file("toy.gguf");
  terrazzo_program_options options = TERRAZZO_PROGRAM_OPTIONS_INIT;
  options.package_bytes = bytes.data();
  options.package_size = bytes.size();
  options.weights_path = weights.c_str();
  terrazzo_program *program = nullptr;
  ASSERT_EQ(terrazzo_program_open(&options, &program, nullptr, 0), 0);
  bytes.assign(bytes.size(), 'x');
  expectClose(rowsOf(program, tokens(9), 9), toyReference(tokens(9)));
  terrazzo_program_close(program);

  char error[300] = "";
  options.package_size = 40;
  EXPECT_EQ(terrazzo_program_open(&options, &program, error, sizeof(error)), 7)
      << error;
  EXPECT_EQ(program, nullptr);
  options.package_bytes = nullptr;
  EXPECT_EQ(terrazzo_program_open(&options, &program, error, sizeof(error)), 2);
  EXPECT_NE(strstr(error, "neither a path nor the bytes"), nullptr);
  std::string package = folder.file("toy.tzp");
  options.package_path = package.c_str();
  options.weights_path = nullptr;
  EXPECT_EQ(terrazzo_program_open(&options, &program, error, sizeof(error)), 2);
  EXPECT_NE(strstr(error, "TZ0709"), nullptr) << error;
}

TEST_F(ProgramC, RefusesViewsThatDoNotFit) {
  terrazzo_program *program = open();
  ASSERT_TRUE(program);
  std::vector<float> hidden(4 * toyHidden), logits(4 * toyVocabulary);
  int64_t in[] = {4, toyHidden}, out[] = {4, toyVocabulary};
  auto refusal = [&](auto change) {
    terrazzo_view from = view(hidden.data(), in, 2),
                  to = view(logits.data(), out, 2);
    change(from, to);
    const terrazzo_view *arguments[] = {&from}, *results[] = {&to};
    int code = terrazzo_program_call(program, 1, arguments, 1, results, 1);
    EXPECT_TRUE(code == 0 || code == 2) << code;
    return code ? std::string(terrazzo_program_error(program))
                : std::string("accepted");
  };
  auto has = [](const std::string &text, const char *part) {
    return text.find(part) != std::string::npos;
  };
  using View = terrazzo_view;
  EXPECT_EQ(refusal([](View &, View &) {}), "accepted");
  EXPECT_TRUE(
      has(refusal([](View &from, View &) { from.element = TERRAZZO_F64; }),
          "its view is of another element"));
  EXPECT_TRUE(has(refusal([](View &from, View &) { from.rank = 1; }),
                  "its view has 1 dimensions"));
  EXPECT_TRUE(has(refusal([](View &from, View &) { from.shape = nullptr; }),
                  "dimensions"));
  EXPECT_TRUE(has(refusal([](View &from, View &) { from.data = nullptr; }),
                  "has no data"));
  EXPECT_TRUE(has(refusal([](View &from, View &) { from.place = 7; }),
                  "unknown place"));
  EXPECT_TRUE(
      has(refusal([](View &from, View &) { from.place = TERRAZZO_DEVICE; }),
          "the package runs on the processor"));
  int64_t negative[] = {-3, toyHidden}, narrow[] = {4, 15}, other[] = {3, 64},
          dense[] = {toyHidden, 1}, sparse[] = {toyHidden + 1, 1};
  EXPECT_TRUE(has(refusal([&](View &from, View &) { from.shape = negative; }),
                  "has -3"));
  EXPECT_TRUE(has(refusal([&](View &from, View &) { from.shape = narrow; }),
                  "dimension 1 of its view has 15, not 16"));
  EXPECT_TRUE(has(refusal([&](View &, View &to) { to.shape = other; }),
                  "the size T is 4 as 'hidden' says, and 3 as 'logits' does"));
  EXPECT_EQ(refusal([&](View &from, View &) { from.strides = dense; }),
            "accepted");
  EXPECT_TRUE(has(refusal([&](View &from, View &) { from.strides = sparse; }),
                  "is not dense"));
  EXPECT_EQ(terrazzo_program_call(program, 1, nullptr, 0, nullptr, 0), 2);
  EXPECT_TRUE(has(terrazzo_program_error(program), "0 arguments are given"));
  // Views of an older caller, without a place.
  terrazzo_view from = view(hidden.data(), in, 2),
                to = view(logits.data(), out, 2);
  from.struct_size = to.struct_size = offsetof(terrazzo_view, place);
  from.place = to.place = 99;
  const terrazzo_view *arguments[] = {&from}, *results[] = {&to};
  EXPECT_EQ(terrazzo_program_call(program, 1, arguments, 1, results, 1), 0);
  terrazzo_program_close(program);
}

TEST_F(ProgramC, ViewsOfDlpack) {
  int64_t shape[] = {2, 3}, strides[] = {3, 1};
  float data[8];
  terrazzo_dl_tensor tensor = {data, 1, 0, 2, 2, 32, 1, shape, strides, 8};
  terrazzo_view view = {sizeof(view), nullptr, nullptr, nullptr, 0, 0, 0, 0};
  EXPECT_EQ(terrazzo_view_from_dlpack(&tensor, &view), 0);
  EXPECT_EQ(view.data, data + 2);
  EXPECT_EQ(view.shape, shape);
  EXPECT_EQ(view.strides, strides);
  EXPECT_EQ(view.rank, 2u);
  EXPECT_EQ(view.element, uint32_t(TERRAZZO_F32));
  EXPECT_EQ(view.place, uint32_t(TERRAZZO_HOST));
  tensor.device_type = 2;
  EXPECT_EQ(terrazzo_view_from_dlpack(&tensor, &view), 0);
  EXPECT_EQ(view.place, uint32_t(TERRAZZO_DEVICE));
  const struct {
    uint8_t code, bits;
    uint32_t element;
  } known[] = {
      {2, 64, TERRAZZO_F64}, {2, 16, TERRAZZO_F16}, {4, 16, TERRAZZO_BF16},
      {0, 64, TERRAZZO_I64}, {0, 32, TERRAZZO_I32}, {0, 16, TERRAZZO_I16},
      {0, 8, TERRAZZO_I8},   {1, 8, TERRAZZO_U8},   {6, 8, TERRAZZO_BOOL}};
  for (auto [code, bits, element] : known) {
    tensor.code = code;
    tensor.bits = bits;
    EXPECT_EQ(terrazzo_view_from_dlpack(&tensor, &view), 0);
    EXPECT_EQ(view.element, element);
  }
  tensor.lanes = 4;
  EXPECT_EQ(terrazzo_view_from_dlpack(&tensor, &view), 2);
  tensor.lanes = 1;
  tensor.code = 5;
  EXPECT_EQ(terrazzo_view_from_dlpack(&tensor, &view), 2);
}

TEST_F(ProgramC, ProgramsOfSeveralThreads) {
  auto ids = tokens(40);
  auto want = toyReference(ids);
  std::vector<std::thread> threads;
  for (size_t step : {1, 3, 7})
    threads.emplace_back([&, step] {
      for (int round = 0; round < 10; ++round) {
        terrazzo_program *program = open();
        ASSERT_TRUE(program);
        expectClose(rowsOf(program, ids, step), want);
        terrazzo_program_close(program);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  // One program, by one thread after the other.
  terrazzo_program *program = open();
  for (size_t step : {4, 40})
    std::thread([&, step] {
      expectClose(rowsOf(program, ids, step), want);
    }).join();
  terrazzo_program_close(program);
}

} // namespace
