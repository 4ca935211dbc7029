#!/usr/bin/env python3
"""`./dev check` as a whole, on a tree that breaks one rule and keeps another."""

import os
import subprocess
import unittest

from planted_tree import PlantedTreeTest


class DevCheckTest(PlantedTreeTest):
    def setUp(self):
        super().setUp()
        self.copy("dev", "tools", ".clang-format")
        self.write("src/core/name.cc", '#include "server/config.h"\n')

    def check(self, *rules):
        result = subprocess.run([os.path.join(self.root, "dev"), "check", *rules], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        return result.returncode, result.stdout

    def test_says_of_each_rule_how_it_went_and_fails_for_one(self):
        status, output = self.check("format", "layers", "migrations")
        self.assertEqual(status, 1, output)
        self.assertRegex(output, r"(?m)^format +ok ")
        self.assertRegex(output, r"(?m)^layers +FAILED ")
        self.assertIn("src/core/name.cc:1: ", output)
        self.assertRegex(output, r"(?m)^migrations +ok ")

    def test_succeeds_when_the_named_rules_are_kept(self):
        status, output = self.check("format", "migrations")
        self.assertEqual(status, 0, output)
        self.assertNotIn("layers", output)

    def test_refuses_a_rule_that_does_not_exist(self):
        status, output = self.check("fromat")
        self.assertEqual(status, 2, output)
        self.assertIn("fromat", output)


if __name__ == "__main__":
    unittest.main()
