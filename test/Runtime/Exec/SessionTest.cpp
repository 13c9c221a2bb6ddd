// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "decode/Session.h"
#include "ToyModel.h"
#include "machine/CpuTarget.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>

using namespace terrazzo;
using namespace terrazzo::exec;
using decode::Session;
using namespace terrazzo::test;

namespace {

class SessionTest : public testing::Test {
protected:
  void SetUp() override {
    writeToyModel(folder.file("toy.gguf"));
    writeToyPackage(folder.file("toy.tzp"));
  }

  Expected<std::unique_ptr<Session>> tryOpen(const ExecutionOptions &options) {
    auto package = PackageFile::open(folder.file("toy.tzp"));
    if (!package)
      return package.takeError();
    auto weights = formats::ModelFile::open(folder.file("toy.gguf"));
    if (!weights)
      return weights.takeError();
    return Session::open(std::move(*package), std::move(*weights), options);
  }

  std::unique_ptr<Session> open(unsigned threads, uint32_t context = 2048) {
    ExecutionOptions options;
    options.threads = {threads, /*force=*/true};
    options.contextSize = context;
    auto session = tryOpen(options);
    if (!session) {
      ADD_FAILURE() << session.error().format();
      return nullptr;
    }
    return std::move(*session);
  }

  static std::vector<int32_t> tokens(size_t count) {
    std::vector<int32_t> ids(count);
    for (size_t i = 0; i < count; ++i)
      ids[i] = int32_t((i * 37 + i / 5) % toyVocabulary);
    return ids;
  }

  Folder folder;
};

void expectRows(const Session &session, const std::vector<float> &reference,
                size_t firstToken, size_t count) {
  EXPECT_EQ(memcmp(session.hidden(), &reference[firstToken * toyHidden],
                   count * toyHidden * sizeof(float)),
            0)
      << "tokens " << firstToken << " to " << firstToken + count;
}

} // namespace

TEST_F(SessionTest, EveryChunkingGivesTheSameRows) {
  std::vector<int32_t> ids = tokens(1200);
  std::vector<float> reference = toyReference(ids);
  for (size_t chunk : {1, 3, 8, 9, 511, 512}) {
    auto session = open(2);
    ASSERT_TRUE(session);
    for (size_t at = 0; at < ids.size(); at += chunk) {
      size_t count = std::min(chunk, ids.size() - at);
      ASSERT_TRUE(session->step(std::span(ids).subspan(at, count)).ok());
      expectRows(*session, reference, at, count);
    }
    EXPECT_EQ(session->position(), ids.size());
  }
}

TEST_F(SessionTest, LongPromptsAreCutAndAnswered) {
  std::vector<int32_t> ids = tokens(1300);
  std::vector<float> reference = toyReference(ids);
  auto session = open(2);
  ASSERT_TRUE(session);
  // One float off: a caller's buffer need not be aligned.
  std::vector<float> room(toyVocabulary + 1);
  ASSERT_TRUE(session->step(ids, room.data() + 1).ok());
  std::vector<float> wanted = toyLogits(&reference[1299 * toyHidden]);
  for (int v = 0; v < toyVocabulary; ++v)
    EXPECT_FLOAT_EQ(room[v + 1], wanted[v]);
}

TEST_F(SessionTest, LogitsOfAnyRowsOfTheChunk) {
  std::vector<int32_t> ids = tokens(100);
  std::vector<float> reference = toyReference(ids);
  auto session = open(2);
  ASSERT_TRUE(session);
  ASSERT_TRUE(session->step(ids).ok());
  for (uint32_t rows : {1, 5, 8, 31, 77}) {
    std::vector<float> logits(rows * toyVocabulary);
    uint32_t first = 100 - rows;
    ASSERT_TRUE(session->logits(first, rows, logits.data()).ok());
    for (uint32_t r = 0; r < rows; ++r) {
      auto wanted = toyLogits(&reference[(first + r) * toyHidden]);
      for (int v = 0; v < toyVocabulary; ++v)
        ASSERT_FLOAT_EQ(logits[r * toyVocabulary + v], wanted[v]);
    }
  }
  float unused;
  EXPECT_EQ(session->logits(99, 2, &unused).error().code, "TZ0803");
}

TEST_F(SessionTest, OneThreadAndManyGiveTheSameBits) {
  std::vector<int32_t> ids = tokens(700);
  std::vector<std::vector<float>> answers;
  for (unsigned threads : {1, 2, 5}) {
    auto session = open(threads);
    ASSERT_TRUE(session);
    std::vector<float> logits(toyVocabulary);
    ASSERT_TRUE(session->step(std::span(ids).first(600)).ok());
    for (int32_t id : std::span(ids).subspan(600))
      ASSERT_TRUE(session->step({&id, 1}, logits.data()).ok());
    answers.push_back(logits);
  }
  EXPECT_EQ(memcmp(answers[0].data(), answers[1].data(), toyVocabulary * 4), 0);
  EXPECT_EQ(memcmp(answers[0].data(), answers[2].data(), toyVocabulary * 4), 0);
}

TEST_F(SessionTest, ResetAndRewindForget) {
  std::vector<int32_t> ids = tokens(40);
  std::vector<float> reference = toyReference(ids);
  auto session = open(2);
  ASSERT_TRUE(session);
  ASSERT_TRUE(session->step(ids).ok());
  session->rewind(10);
  ASSERT_TRUE(session->step(std::span(ids).subspan(10)).ok());
  expectRows(*session, reference, 10, 30);
  session->reset();
  ASSERT_TRUE(session->step(ids).ok());
  expectRows(*session, reference, 0, 40);
}

TEST_F(SessionTest, RefusesWhatDoesNotFit) {
  auto session = open(1, 16);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->contextSize(), 16u);
  auto ids = tokens(17);
  EXPECT_EQ(session->step(ids).error().code, "TZ0801");
  EXPECT_TRUE(session->step(std::span(ids).first(16)).ok());
  EXPECT_EQ(session->step(std::span(ids).first(1)).error().code, "TZ0801");
  session->reset();
  for (int32_t bad : {-1, toyVocabulary, INT32_MAX})
    EXPECT_EQ(session->step({&bad, 1}).error().code, "TZ0802");
}

TEST_F(SessionTest, AContextIsNoLongerThanACacheOfFixedRows) {
  PackageCode code;
  package::PackageT package =
      toyPackage(code, machine::cpuTargets(machine::hostFeatures()).front());
  package.states[0]->rows = 24;
  ASSERT_TRUE(writePackage(package, code, folder.file("toy.tzp")));
  auto session = open(1, 2048);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->contextSize(), 24u);
  auto ids = tokens(25);
  EXPECT_EQ(session->step(ids).error().code, "TZ0801");
  EXPECT_TRUE(session->step(std::span(ids).first(24)).ok());
}

TEST_F(SessionTest, RefusesAnAbsurdContext) {
  ExecutionOptions options;
  options.contextSize = 4000000000u;
  auto session = tryOpen(options);
  ASSERT_FALSE(bool(session));
  EXPECT_EQ(session.error().exit, ExitCode::OutOfMemory);
}

TEST_F(SessionTest, RefusesAnotherModel) {
  std::string path = folder.file("toy.gguf");
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes(256, 0);
  file.read(bytes.data(), 256);
  size_t at = bytes.find("head");
  ASSERT_NE(at, std::string::npos);
  file.seekp(std::streamoff(at));
  file << "tail";
  file.close();
  auto session = tryOpen({});
  ASSERT_FALSE(bool(session));
  EXPECT_EQ(session.error().code, "TZ0707");
  EXPECT_EQ(session.error().exit, ExitCode::PackageIncompatible);
}

TEST_F(SessionTest, RefusesCodeForAnotherProcessor) {
  PackageCode code;
  auto package = toyPackage(code, "cpu:x86-64-v3+amx");
  ASSERT_TRUE(writePackage(package, code, folder.file("toy.tzp")).ok());
  auto session = tryOpen({});
  ASSERT_FALSE(bool(session));
  EXPECT_EQ(session.error().why,
            "'cpu:x86-64-v3+amx' needs amx, which is not known here");
}

TEST_F(SessionTest, TimesEachCommand) {
  auto session = open(2);
  ASSERT_TRUE(session);
  session->enableTiming();
  auto ids = tokens(1);
  std::vector<float> logits(toyVocabulary);
  ASSERT_TRUE(session->step(ids, logits.data()).ok());
  auto times = session->times();
  ASSERT_EQ(times.size(), 6u);
  EXPECT_EQ(times[0].times[0].runs, 1u); // trunk_1, embed
  EXPECT_EQ(times[0].times[1].runs, 0u); // a barrier
  EXPECT_EQ(times[3].times[0].runs, 1u); // head_1, project
}

namespace {

/// The last token's logits by a session on `model`, with a cache of packed
/// weights.
std::vector<float> answer(const Folder &folder, const std::string &model) {
  auto package = PackageFile::open(folder.file("toy.tzp"));
  auto weights = formats::ModelFile::open(folder.file(model));
  ExecutionOptions options;
  options.threads.count = 1;
  options.cacheFolder = folder.file("cache");
  auto session =
      Session::open(std::move(*package), std::move(*weights), options);
  std::vector<float> logits(toyVocabulary);
  std::vector<int32_t> ids = {3, 1, 4};
  EXPECT_TRUE(bool(session) && (*session)->step(ids, logits.data()).ok());
  return logits;
}

} // namespace

TEST_F(SessionTest, PackedWeightsAreThoseOfTheFileInUse) {
  std::vector<float> other = toyHead();
  for (float &value : other)
    value = -2 * value;
  writeToyModel(folder.file("other.gguf"), toyTable(), other);
  std::vector<float> first = answer(folder, "toy.gguf");
  std::vector<float> second = answer(folder, "other.gguf");
  for (int v = 0; v < toyVocabulary; ++v)
    EXPECT_FLOAT_EQ(second[v], -2 * first[v]);
  // Now from the cache, each its own.
  EXPECT_EQ(answer(folder, "toy.gguf"), first);
  EXPECT_EQ(answer(folder, "other.gguf"), second);
  // The same path holds the other model.
  writeToyModel(folder.file("toy.gguf"), toyTable(), other);
  EXPECT_EQ(answer(folder, "toy.gguf"), second);
}

TEST_F(SessionTest, AFileReplacedWhileItIsOpenedIsRefused) {
  auto package = PackageFile::open(folder.file("toy.tzp"));
  auto weights = formats::ModelFile::open(folder.file("toy.gguf"));
  writeToyModel(folder.file("new.gguf"));
  ASSERT_EQ(::rename(folder.file("new.gguf").c_str(),
                     folder.file("toy.gguf").c_str()),
            0);
  auto session = Session::open(std::move(*package), std::move(*weights), {});
  ASSERT_FALSE(bool(session));
  EXPECT_EQ(session.error().code, "TZ0603");
}

TEST_F(SessionTest, SettingsThatWereCompiledInAreDemanded) {
  PackageCode code;
  auto package =
      toyPackage(code, machine::cpuTargets(machine::hostFeatures()).front());
  package.manifest->settings = {"general.architecture = 'toy'"};
  ASSERT_TRUE(writePackage(package, code, folder.file("toy.tzp")).ok());
  EXPECT_TRUE(bool(tryOpen({})));
  package.manifest->settings.push_back("toy.epsilon = 1");
  ASSERT_TRUE(writePackage(package, code, folder.file("toy.tzp")).ok());
  auto session = tryOpen({});
  ASSERT_FALSE(bool(session));
  EXPECT_EQ(session.error().code, "TZ0713");
  EXPECT_EQ(session.error().exit, ExitCode::PackageIncompatible);
  EXPECT_EQ(session.error().why,
            "'toy.epsilon' is 1 in the package and not given in the file");
}

TEST_F(SessionTest, ATensorThatThePackageDoesNotKnowIsRefused) {
  PackageCode code;
  auto package =
      toyPackage(code, machine::cpuTargets(machine::hostFeatures()).front());
  package.manifest->settings = {"general.architecture = 'toy'"};
  package.weights[1]->name = "table";
  package.weights[1]->offset = package.weights[0]->offset;
  ASSERT_TRUE(writePackage(package, code, folder.file("toy.tzp")).ok());
  auto session = tryOpen({});
  ASSERT_FALSE(bool(session));
  EXPECT_EQ(session.error().code, "TZ0707");
  EXPECT_EQ(session.error().why, "tensor 'head' is not in the package");
}

namespace {

void expectNoAnswer(Status status, const std::string &why) {
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "TZ0805");
  EXPECT_EQ(status.error().exit, ExitCode::NumericsFailed);
  EXPECT_NE(status.error().why.find(why), std::string::npos)
      << status.error().why;
}

} // namespace

TEST_F(SessionTest, WeightsThatAreNotFiniteAreNamed) {
  for (float bad : {NAN, INFINITY, -INFINITY})
    for (int which : {0, 1}) {
      std::vector<float> weights[] = {toyTable(), toyHead()};
      weights[which][3 * toyHidden + 5] = bad;
      writeToyModel(folder.file("toy.gguf"), weights[0], weights[1]);
      auto session = open(2);
      ASSERT_TRUE(session);
      std::vector<float> logits(2 * toyVocabulary);
      std::vector<int32_t> ids = {3, 1};
      std::string name = which ? "'head' holds " : "'table' holds ";
      std::string why = name +
                        (std::isnan(bad) ? "NaN"
                         : bad > 0       ? "Inf"
                                         : "-Inf") +
                        ", at value 5 of row 3";
      expectNoAnswer(session->step(ids, logits.data()), why);
      session->reset();
      ASSERT_TRUE(session->step(ids).ok());
      expectNoAnswer(session->logits(0, 2, logits.data()), why);
    }
}

TEST_F(SessionTest, SumsThatOverflowAreFound) {
  std::vector<float> table = toyTable(), head = toyHead();
  for (float &value : table)
    value = 3e38f;
  writeToyModel(folder.file("toy.gguf"), table, head);
  auto session = open(2);
  ASSERT_TRUE(session);
  std::vector<float> logits(toyVocabulary);
  std::vector<int32_t> ids = {1, 2, 3};
  expectNoAnswer(session->step(ids, logits.data()),
                 "weights and caches are finite: it began in the last layer, "
                 "in the attention over 'history'");
  for (float &value : table)
    value = 1e30f;
  for (float &value : head)
    value = 1e30f;
  session = nullptr;
  writeToyModel(folder.file("toy.gguf"), table, head);
  session = open(2);
  ASSERT_TRUE(session);
  expectNoAnswer(session->step(ids, logits.data()),
                 "it began in the last norm or the product that gives logits");
}
