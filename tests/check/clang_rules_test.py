#!/usr/bin/env python3
"""The rules that clang finds violations for: threads and lint."""

import json
import os
import unittest

from planted_tree import PlantedTreeTest

_HEADER = """#pragma once

#include <mutex>

namespace mintmark {

class __attribute__((capability("mutex"))) Mutex {
 public:
  void Lock() __attribute__((acquire_capability())) { mutex_.lock(); }
  void Unlock() __attribute__((release_capability())) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class Tally {
 public:
  void Add(int delta);

 private:
  Mutex mutex_;
  int sum_ __attribute__((guarded_by(mutex_))) = 0;
};

}  // namespace mintmark
"""

_GUARDED = """#include "src/core/tally.h"

namespace mintmark {

void Tally::Add(int delta) {
  mutex_.Lock();
  sum_ += delta;
  mutex_.Unlock();
}

}  // namespace mintmark
"""

_UNGUARDED = _GUARDED.replace("  mutex_.Lock();\n", "").replace("  mutex_.Unlock();\n", "")


class ClangRulesTest(PlantedTreeTest):
    def setUp(self):
        super().setUp()
        self.copy(".clang-tidy")
        self.write("src/core/tally.h", _HEADER)
        self.write("src/core/tally.cc", _GUARDED)
        self.build = os.path.join(self.root, "build")
        self.compile("src/core/tally.cc")

    def compile(self, *paths):
        """Makes a compilation database of these sources."""
        self.write("build/compile_commands.json", json.dumps([{
            "directory": self.build,
            "file": os.path.join(self.root, path),
            "command": f"ccache clang++-14 -std=c++20 -I{self.root} -o {path}.o "
                       f"-c {os.path.join(self.root, path)}",
        } for path in paths]))

    def test_keep_sound_code_twice(self):
        for program in ("check_threads.py", "check_lint.py"):
            self.assert_keeps(program, self.build)
            self.assert_keeps(program, self.build)

    def test_threads_sees_an_unguarded_access(self):
        self.assert_keeps("check_threads.py", self.build)
        self.write("src/core/tally.cc", _UNGUARDED)
        for _ in range(2):
            self.assert_breaks("check_threads.py", self.build, says="sum_")

    def test_threads_sees_code_that_clang_cannot_compile(self):
        self.write("src/core/tally.cc", _GUARDED + "int Broken( {}\n")
        self.assert_breaks("check_threads.py", self.build, says="error")

    def test_lint_sees_a_moved_from_value_in_use(self):
        self.assert_keeps("check_lint.py", self.build)
        self.write("src/core/tally.cc", _GUARDED + """
#include <string>
#include <utility>
std::string::size_type Length(std::string text) {
  std::string taken = std::move(text);
  return taken.size() + text.size();
}
""")
        for _ in range(2):
            self.assert_breaks("check_lint.py", self.build, says="bugprone-use-after-move")

    def test_lint_looks_again_when_a_header_changed(self):
        self.assert_keeps("check_lint.py", self.build)
        self.write("src/core/tally.h", _HEADER.replace(
            "}  // namespace", "struct bad_name {};\n}  // namespace"))
        self.assert_breaks("check_lint.py", self.build, says="readability-identifier-naming")

    def test_lint_looks_again_when_its_configuration_changed(self):
        self.assert_keeps("check_lint.py", self.build)
        self.write(".clang-tidy", "Checks: '-*,readability-identifier-naming'\n"
                   "WarningsAsErrors: '*'\nCheckOptions:\n"
                   "  - {key: readability-identifier-naming.ClassCase, value: UPPER_CASE}\n")
        self.assert_breaks("check_lint.py", self.build, says="readability-identifier-naming")

    def test_lint_tells_the_good_from_the_bad_among_sources_of_a_folder(self):
        paths = [f"src/core/part_{number}.cc" for number in range(4)]
        for number, path in enumerate(paths):
            self.write(path, f"int Part{number}() {{ return {number}; }}\n")
        self.write(paths[2], "int* Part2() { return 0; }\n")
        self.compile("src/core/tally.cc", *paths)
        for _ in range(2):
            status, output = self.run_rule("check_lint.py", self.build)
            self.assertEqual(status, 1)
            self.assertIn(paths[2], output)
            self.assertIn("modernize-use-nullptr", output)
            self.assertNotIn(paths[1], output)
        self.write(paths[2], "int* Part2() { return nullptr; }\n")
        self.assert_keeps("check_lint.py", self.build)

    def test_sources_may_use_one_name_for_different_things(self):
        for number in range(2):
            self.write(f"src/core/part_{number}.cc",
                       f"namespace {{\nint Answer() {{ return {number}; }}\n}}  // namespace\n"
                       f"int Part{number}() {{ return Answer(); }}\n")
        self.compile("src/core/part_0.cc", "src/core/part_1.cc")
        self.assert_keeps("check_threads.py", self.build)
        self.assert_keeps("check_lint.py", self.build)


if __name__ == "__main__":
    unittest.main()
