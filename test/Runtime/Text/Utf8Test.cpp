// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/Utf8.h"

#include <gtest/gtest.h>

using namespace terrazzo;

TEST(Utf8, AcceptsWhatUnicodeDoes) {
  EXPECT_TRUE(isUtf8("aé\u20AC\U0001F642"));
  for (const char *bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5", "\xE2\x82", "\xFF"})
    EXPECT_FALSE(isUtf8(bad)) << bad;
  EXPECT_EQ(decodeUtf8("\U0001F642").code, 0x1F642u);
}

TEST(Utf8, EncodesEveryCodePoint) {
  for (uint32_t code = 0; code < 0x110000; code += code < 0x900 ? 1 : 251) {
    if (code >= 0xD800 && code <= 0xDFFF)
      continue;
    std::string text;
    appendUtf8(text, code);
    EXPECT_EQ(decodeUtf8(text).code, code);
    EXPECT_EQ(decodeUtf8(text).length, text.size());
    EXPECT_EQ(completeUtf8Prefix(text), text.size());
    for (size_t length = 1; length < text.size(); ++length)
      EXPECT_EQ(completeUtf8Prefix("a" + text.substr(0, length)), 1u);
  }
}

TEST(Utf8, Repairs) {
  EXPECT_EQ(repairUtf8("a\xFF"
                       "b\xE2\x82"),
            "a\uFFFDb\uFFFD\uFFFD");
  EXPECT_EQ(completeUtf8Prefix("a\xFF"), 2u);
  EXPECT_EQ(completeUtf8Prefix("a\xED\xA0"), 3u);
}
