#!/usr/bin/env python3
"""The asan and tsan rules, on a project of one test with the repository's presets,
CMake modules and suppressions."""

import unittest

from planted_tree import PlantedTreeTest

_PROJECT = """cmake_minimum_required(VERSION 3.25)
project(planted LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
list(APPEND CMAKE_MODULE_PATH "${PROJECT_SOURCE_DIR}/cmake")
include(toolchain)
include(sanitizers)
include(warnings)
find_package(GTest CONFIG REQUIRED)
include(testing)
mintmark_add_test(NAME planted_test SOURCES planted_test.cc LABELS unit simulation)
"""

_TEST = """#include <gtest/gtest.h>

#include <thread>
#include <vector>

TEST(PlantedTest, Runs) {
%s
}
"""

_SOUND = "  EXPECT_EQ(std::vector<int>{1}.size(), 1U);"

_RACE = """  int sum = 0;
  std::thread other([&sum] { ++sum; });
  ++sum;
  other.join();
  EXPECT_GT(sum, 0);"""

_OVERFLOW = """  std::vector<int> values(4, 1);
  volatile std::size_t past = 4;
  EXPECT_LE(values.data()[past], 4);"""

_UNDEFINED = """  volatile int most = 2147483647;
  volatile int one = 1;
  const int sum = most + one;
  EXPECT_NE(sum, 0);"""


class SanitizersTest(PlantedTreeTest):
    def setUp(self):
        super().setUp()
        self.copy("CMakePresets.json", "cmake", "dev", "tools")
        self.write("CMakeLists.txt", _PROJECT)

    def test_asan_keeps_sound_code_and_sees_overflows(self):
        self.write("planted_test.cc", _TEST % _SOUND)
        self.assert_keeps("check_sanitizers.sh", "asan")
        self.write("planted_test.cc", _TEST % _OVERFLOW)
        self.assert_breaks("check_sanitizers.sh", "asan", says="heap-buffer-overflow")
        self.write("planted_test.cc", _TEST % _UNDEFINED)
        self.assert_breaks("check_sanitizers.sh", "asan", says="signed integer overflow")

    def test_tsan_keeps_sound_code_and_sees_a_race(self):
        self.write("planted_test.cc", _TEST % _SOUND)
        self.assert_keeps("check_sanitizers.sh", "tsan")
        self.write("planted_test.cc", _TEST % _RACE)
        self.assert_breaks("check_sanitizers.sh", "tsan", says="data race")


if __name__ == "__main__":
    unittest.main()
