// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a well-formed file gives, and one test per way to be malformed.
#include "GgufWriter.h"
#include "formats/Hash.h"

#include <gtest/gtest.h>

using namespace terrazzo;
using namespace terrazzo::test;
using formats::BlockFormat;
using formats::GgufType;
using formats::ModelFile;

namespace {

GgufWriter sample() {
  return GgufWriter()
      .string("general.architecture", "llama")
      .number("llama.block_count", 2)
      .boolean("flag", true)
      .value("small", 6, GgufWriter::raw(0.5f))
      .value("negative", 5, GgufWriter::raw(int32_t(-3)))
      .array<int32_t>("list", 5, {1, -2, 3})
      .strings("words", {"a", "", "bcd"})
      .tensor("plain", 0, {3, 2}, std::string(24, 'x'))
      .tensor("blocks", 3, {64, 2}, std::string(80, 'y'));
}

TEST(Gguf, ReadsWhatWasWritten) {
  for (uint32_t version : {2u, 3u}) {
    TemporaryFile temporary(sample().bytes(version));
    auto file = ModelFile::open(temporary.path());
    ASSERT_TRUE(bool(file)) << file.error().format();
    EXPECT_EQ((*file)->version(), version);
    EXPECT_EQ(*(*file)->getString("general.architecture"), "llama");
    EXPECT_EQ(*(*file)->getUInt("llama.block_count"), 2u);
    EXPECT_EQ(*(*file)->getUInt("absent", 7), 7u);
    EXPECT_EQ(*(*file)->getFloat("small"), 0.5);
    EXPECT_TRUE(*(*file)->getBool("flag", false));
    auto list = (*file)->getArray("list", GgufType::Int32);
    ASSERT_TRUE(bool(list));
    EXPECT_EQ(list->count, 3u);
    EXPECT_EQ(list->integer(1), -2);
    std::string joined;
    (*file)
        ->getArray("words", GgufType::String)
        ->forEachString(
            [&](std::string_view word) { joined.append(word).append("|"); });
    EXPECT_EQ(joined, "a||bcd|");
    auto blocks = (*file)->getTensor("blocks");
    ASSERT_TRUE(bool(blocks));
    EXPECT_EQ((*blocks)->format, BlockFormat::Q4_1);
    EXPECT_EQ((*blocks)->bytes, 80u);
    EXPECT_EQ((*blocks)->rowBytes(), 40u);
    EXPECT_EQ((*blocks)->elements(), 128u);
    EXPECT_EQ((*file)->tensorData(**blocks)[79], 'y');
    EXPECT_EQ((*file)->header().size() % 32, 0u);
  }
}

TEST(Gguf, LookupErrors) {
  TemporaryFile temporary(sample().bytes());
  auto file = ModelFile::open(temporary.path());
  ASSERT_TRUE(bool(file));
  EXPECT_EQ((*file)->getUInt("absent").error().code, "TZ0110");
  EXPECT_EQ((*file)->getUInt("negative").error().code, "TZ0111");
  EXPECT_EQ((*file)->getUInt("flag", 1).error().code, "TZ0111");
  EXPECT_EQ((*file)->getString("list").error().code, "TZ0111");
  EXPECT_EQ((*file)->getArray("list", GgufType::String).error().code, "TZ0111");
  EXPECT_EQ((*file)->getTensor("absent").error().code, "TZ0112");
}

TEST(Gguf, HashesFollowContent) {
  std::string bytes = sample().bytes();
  TemporaryFile first(bytes), same(bytes);
  bytes.back() = 'z';
  TemporaryFile other(bytes);
  auto a = ModelFile::open(first.path()), b = ModelFile::open(same.path()),
       c = ModelFile::open(other.path());
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(hashModel(**a), hashModel(**b));
  EXPECT_EQ(hashHeader(**a), hashHeader(**c));
  EXPECT_FALSE(hashModel(**a) == hashModel(**c));
  EXPECT_EQ(hashTensor(**a, (*a)->tensors()[0]),
            hashTensor(**c, (*c)->tensors()[0]));
  EXPECT_FALSE(hashTensor(**a, (*a)->tensors()[1]) ==
               hashTensor(**c, (*c)->tensors()[1]));
  EXPECT_EQ(hashModel(**a).hex().size(), 32u);
}

TEST(GgufHostile, NotAModel) {
  EXPECT_EQ(ModelFile::open("/nonexistent").error().code, "TZ0101");
  EXPECT_EQ(ModelFile::open("/tmp").error().code, "TZ0117");
  EXPECT_EQ(ModelFile::open("/dev/zero").error().code, "TZ0101");
  EXPECT_EQ(openingCode(""), "TZ0102");
  EXPECT_EQ(openingCode("GGU"), "TZ0102");
  EXPECT_EQ(openingCode("PK\3\4 something else"), "TZ0102");
  EXPECT_EQ(openingCode(sample().bytes(1)), "TZ0103");
  EXPECT_EQ(openingCode(sample().bytes(4)), "TZ0103");
  EXPECT_EQ(openingCode(sample().bytes(__builtin_bswap32(3))), "TZ0103");
}

TEST(GgufHostile, Counts) {
  std::string bytes = sample().bytes();
  for (uint64_t count : {uint64_t(1) << 63, ~uint64_t(0), uint64_t(100000)}) {
    std::string tensors = bytes, values = bytes;
    tensors.replace(8, 8, GgufWriter::raw(count));
    values.replace(16, 8, GgufWriter::raw(count));
    EXPECT_EQ(openingCode(tensors), "TZ0106");
    EXPECT_EQ(openingCode(values), "TZ0105");
  }
}

TEST(GgufHostile, Metadata) {
  auto code = [](uint32_t type, const std::string &payload) {
    return openingCode(GgufWriter().value("key", type, payload).bytes());
  };
  auto raw32 = [](uint32_t v) { return GgufWriter::raw(v); };
  auto raw64 = [](uint64_t v) { return GgufWriter::raw(v); };
  EXPECT_EQ(code(13, ""), "TZ0105");
  EXPECT_EQ(code(7, GgufWriter::raw(uint8_t(2))), "TZ0105");
  EXPECT_EQ(code(8, raw64(~uint64_t(0))), "TZ0104");
  EXPECT_EQ(code(8, raw64(1000)), "TZ0104");
  EXPECT_EQ(code(9, raw32(0) + raw64(~uint64_t(0))), "TZ0104");
  EXPECT_EQ(code(9, raw32(12) + raw64(uint64_t(1) << 61)), "TZ0104");
  EXPECT_EQ(code(9, raw32(99) + raw64(0)), "TZ0105");
  EXPECT_EQ(code(9, raw32(8) + raw64(1) + raw64(1 << 30)), "TZ0104");
  std::string nested;
  for (int depth = 0; depth < 100; ++depth)
    nested += raw32(9) + raw64(1);
  EXPECT_EQ(code(9, nested), "TZ0105");
  EXPECT_EQ(code(9, raw32(9) + raw64(1) + raw32(4) + raw64(1) + raw32(5)), "");
  EXPECT_EQ(openingCode(GgufWriter().number("a", 1).number("a", 2).bytes()),
            "TZ0105");
  EXPECT_EQ(openingCode(GgufWriter().number("", 1).bytes()), "TZ0105");
  EXPECT_EQ(openingCode(GgufWriter().number("a\nb", 1).bytes()), "TZ0105");
  EXPECT_EQ(openingCode(GgufWriter().number("\xC0\x80", 1).bytes()), "TZ0105");
  EXPECT_EQ(openingCode(GgufWriter().number("split.count", 3).bytes()),
            "TZ0109");
  for (uint32_t alignment : {0u, 3u, 1u << 30})
    EXPECT_EQ(openingCode(
                  GgufWriter().number("general.alignment", alignment).bytes()),
              "TZ0105");
}

TEST(GgufHostile, Tensors) {
  auto code = [](uint32_t type, const std::vector<uint64_t> &dims,
                 uint64_t offset) {
    return openingCode(GgufWriter().entry("t", type, dims, offset).bytes() +
                       std::string(4096, '\0'));
  };
  EXPECT_EQ(code(0, {4}, 0), "");
  EXPECT_EQ(code(0, {}, 0), "TZ0106");
  EXPECT_EQ(code(0, {1, 1, 1, 1, 1}, 0), "TZ0106");
  EXPECT_EQ(code(0, {0}, 0), "TZ0106");
  EXPECT_EQ(code(0, {uint64_t(1) << 63, 2}, 0), "TZ0106");
  EXPECT_EQ(code(0, {uint64_t(1) << 32, uint64_t(1) << 32}, 0), "TZ0106");
  EXPECT_EQ(code(0, {~uint64_t(0)}, 0), "TZ0106");
  EXPECT_EQ(code(3, {48}, 0), "TZ0106");
  EXPECT_EQ(code(4, {32}, 0), "TZ0108");
  EXPECT_EQ(code(99999, {32}, 0), "TZ0108");
  EXPECT_EQ(code(0, {4}, 4), "TZ0107");
  EXPECT_EQ(code(0, {4}, 4096), "TZ0107");
  EXPECT_EQ(code(0, {4}, ~uint64_t(31)), "TZ0107");
  EXPECT_EQ(code(0, {1025}, 0), "TZ0107");
  EXPECT_EQ(code(0, {1024}, 0), "");
  auto pair = [](std::string_view second, uint64_t offset) {
    return openingCode(GgufWriter()
                           .entry("a", 0, {16}, 0)
                           .entry(second, 0, {16}, offset)
                           .bytes() +
                       std::string(128, '\0'));
  };
  EXPECT_EQ(pair("b", 64), "");
  EXPECT_EQ(pair("b", 32), "TZ0107");
  EXPECT_EQ(pair("b", 0), "TZ0107");
  EXPECT_EQ(pair("a", 64), "TZ0106");
  EXPECT_EQ(pair(std::string(300, 'n'), 64), "TZ0105");
}

// Every prefix of a file, and thousands of changed ones, either open or give
// one of the reader's own errors.
TEST(GgufHostile, EveryPrefix) {
  std::string bytes = sample().bytes();
  for (size_t length = 0; length < bytes.size(); ++length) {
    std::string code = openingCode(bytes.substr(0, length));
    EXPECT_TRUE(code.starts_with("TZ010")) << length << " bytes: " << code;
  }
}

TEST(GgufHostile, RandomCorruptions) {
  const std::string original = sample().bytes();
  uint64_t state = 1;
  auto random = [&](uint64_t limit) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (state >> 33) % limit;
  };
  size_t refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = original;
    for (uint64_t changes = 1 + random(4); changes; --changes) {
      size_t place = random(bytes.size());
      switch (random(4)) {
      case 0:
        bytes[place] = char(random(256));
        break;
      case 1:
        bytes[place] = char(bytes[place] ^ (1 << random(8)));
        break;
      case 2:
        bytes.replace(place, std::min<size_t>(8, bytes.size() - place), 8,
                      char(0xFF));
        break;
      default:
        bytes.erase(place, random(16));
      }
    }
    TemporaryFile temporary(bytes);
    auto file = ModelFile::open(temporary.path());
    if (!file) {
      ++refused;
      EXPECT_TRUE(file.error().code.starts_with("TZ010"))
          << file.error().format();
      continue;
    }
    uint64_t sum = 0;
    for (const auto &tensor : (*file)->tensors())
      sum += (*file)->tensorData(tensor)[tensor.bytes - 1];
    for (const auto &value : (*file)->metadata())
      sum += value.describe().size();
    EXPECT_GT(sum, 0u);
  }
  EXPECT_GT(refused, 1000u);
}

} // namespace
