// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/DeviceCatalogue.h"
#include "ToyModel.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

using namespace terrazzo;
using namespace terrazzo::exec;
using namespace terrazzo::test;

static void write(const std::string &path, const std::string &text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// The one warning that a descriptor of this text ends in; empty: none.
static std::string warningOf(const std::string &text) {
  Folder folder;
  write(folder.file("bad.json"), text);
  auto catalogue = DeviceCatalogue::read({folder.path});
  EXPECT_EQ(catalogue.devices.empty(), !catalogue.warnings.empty());
  if (catalogue.warnings.empty())
    return {};
  EXPECT_EQ(catalogue.warnings.size(), 1u);
  EXPECT_NE(catalogue.warnings[0].find("bad.json"), std::string::npos);
  return catalogue.warnings[0].substr(catalogue.warnings[0].find(": ") + 2);
}

TEST(DeviceCatalogue, NamesAndPatterns) {
  DeviceDescription plain, pattern;
  plain.name = "chip";
  for (const char *name : {"chip", "chip:0", "chip:12"})
    EXPECT_TRUE(plain.matches(name)) << name;
  for (const char *name : {"", "chi", "chips", "chip:", "chip:a", "chip:1a"})
    EXPECT_FALSE(plain.matches(name)) << name;
  pattern.name = "sim:*";
  EXPECT_TRUE(pattern.matches("sim:a80"));
  EXPECT_FALSE(pattern.matches("sim"));
  pattern.name = "s*m:*0";
  EXPECT_TRUE(pattern.matches("stream:100"));
  EXPECT_FALSE(pattern.matches("stream:101"));
}

TEST(DeviceCatalogue, ReadsDescriptorsInOrder) {
  Folder folder;
  write(folder.file("b.json"),
        R"({"devices": [{"name": "sim:*", "plugin": "libx.so",
            "driver": "sub/libdriver.so", "targets": ["chip"],
            "examples": ["sim:a"]}]})");
  write(folder.file("a.json"),
        R"({"devices": [{"name": "chip", "plugin": "/opt/libchip.so"},
                        {"name": "sim:b", "plugin": "liby.so"}]})");
  write(folder.file("notes.txt"), "no descriptor");
  auto catalogue = DeviceCatalogue::read({folder.path});
  EXPECT_TRUE(catalogue.warnings.empty());
  ASSERT_EQ(catalogue.devices.size(), 3u);
  EXPECT_EQ(catalogue.devices[0].plugin, "/opt/libchip.so");
  const DeviceDescription *sim = catalogue.find("sim:c");
  ASSERT_NE(sim, nullptr);
  EXPECT_EQ(sim->plugin, folder.file("libx.so"));
  EXPECT_EQ(sim->driver, folder.file("sub/libdriver.so"));
  EXPECT_EQ(sim->probes(), std::vector<std::string>{"sim:a"});
  EXPECT_EQ(catalogue.find("sim:b")->plugin, folder.file("liby.so"));
  EXPECT_EQ(catalogue.find("chip:3")->name, "chip");
  EXPECT_EQ(catalogue.find("other"), nullptr);
}

TEST(DeviceCatalogue, ThePathReplacesTheInstallation) {
  Folder folder;
  write(folder.file("a.json"),
        R"({"devices": [{"name": "chip", "plugin": "x.so"}]})");
  std::string path = folder.file("none") + ":" + folder.path;
  ASSERT_EQ(::setenv("TERRAZZO_DEVICE_PATH", path.c_str(), 1), 0);
  auto catalogue = DeviceCatalogue::read();
  ::unsetenv("TERRAZZO_DEVICE_PATH");
  ASSERT_EQ(catalogue.devices.size(), 1u);
  ASSERT_EQ(catalogue.warnings.size(), 1u);
  EXPECT_NE(catalogue.warnings[0].find("none"), std::string::npos);
}

TEST(DeviceCatalogue, WhatCannotBeUnderstoodIsLeftOut) {
  auto device = [](const std::string &fields) {
    return R"({"devices": [{)" + fields + "}]}";
  };
  EXPECT_EQ(warningOf(device(R"("name": "chip", "plugin": "x.so")")), "");
  for (const char *text : {"", "{", "[]", "{}", R"({"devices": 3})", "\xff"})
    EXPECT_NE(warningOf(text), "") << text;
  for (const char *fields :
       {R"("name": "chip")", R"("name": 3, "plugin": "x.so")",
        R"("name": "", "plugin": "x.so")",
        R"("name": "a chip", "plugin": "x.so")",
        R"("name": "cpu", "plugin": "x.so")",
        R"("name": "cpu:fast", "plugin": "x.so")",
        R"("name": "*", "plugin": "x.so")",
        R"("name": "chip", "plugin": ["x.so"])",
        R"("name": "chip", "plugin": "x.so", "driver": 1)",
        R"("name": "chip", "plugin": "x.so", "targets": "chip")",
        R"("name": "chip", "plugin": "x.so", "examples": [1])",
        R"("name": "chip", "plugin": "x.so", "examples": ["ship"])",
        R"("name": "c*", "plugin": "x.so", "examples": ["c*"])"})
    EXPECT_NE(warningOf(device(fields)), "") << fields;
  EXPECT_NE(warningOf(std::string(100000, '[')), "");
  EXPECT_NE(warningOf(std::string(2 << 20, ' ')), "");
}

TEST(DeviceCatalogue, OnlyRegularFilesAreRead) {
  Folder folder;
  ASSERT_EQ(::mkfifo(folder.file("pipe.json").c_str(), 0600), 0);
  ASSERT_EQ(::mkdir(folder.file("folder.json").c_str(), 0700), 0);
  auto catalogue = DeviceCatalogue::read({folder.path});
  EXPECT_EQ(catalogue.warnings.size(), 2u);
}

TEST(DeviceCatalogue, PluginsThatAreNone) {
  DeviceDescription description;
  description.name = "chip";
  description.plugin = "/nonexistent/libchip.so";
  description.descriptor = "/some/chip.json";
  auto missing = openDevice(description, "chip");
  ASSERT_FALSE(bool(missing));
  EXPECT_EQ(missing.error().code, "TZ0441");
  EXPECT_EQ(missing.error().exit, ExitCode::TargetUnavailable);
  EXPECT_NE(missing.error().help.find("/some/chip.json"), std::string::npos);
  // A library, but no plugin.
  description.plugin = TERRAZZO_TOY_IMAGE;
  auto other = openDevice(description, "chip");
  ASSERT_FALSE(bool(other));
  EXPECT_EQ(other.error().code, "TZ0442");
  EXPECT_EQ(other.error().exit, ExitCode::TargetUnavailable);
}

TEST(DeviceCatalogue, TablesThatLackSomething) {
  auto refused = [](const terrazzo_device_table *table) {
    auto device = Device::open(table, "chip", "");
    return !device && device.error().code == "TZ0442";
  };
  EXPECT_TRUE(refused(nullptr));
  terrazzo_device_table table = {};
  table.struct_size = sizeof(table);
  EXPECT_TRUE(refused(&table));
  table.version = TERRAZZO_DEVICE_VERSION + 1;
  EXPECT_TRUE(refused(&table));
  table.version = 1;
  EXPECT_TRUE(refused(&table)) << "no function is there";
}
