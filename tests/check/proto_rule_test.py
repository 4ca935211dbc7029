#!/usr/bin/env python3
"""The proto rule, on a copy of the API."""

import os
import unittest

from planted_tree import SKIPPED, PlantedTreeTest


class ProtoTest(PlantedTreeTest):
    def setUp(self):
        super().setUp()
        self.copy("proto")
        status, output = self.run_rule("check_proto.sh")
        if status == SKIPPED:
            self.skipTest(output)
        self.assertEqual(status, 0, output)

    def test_sees_an_enum_without_an_unspecified_value(self):
        self.write("proto/mintmark/v1/bad.proto",
                   'syntax = "proto3";\n\npackage mintmark.v1;\n\n// A metal.\nenum Metal {\n'
                   "  // Gold.\n  METAL_GOLD = 0;\n}\n")
        self.assert_breaks("check_proto.sh", says="METAL_GOLD")

    def test_sees_a_field_that_is_not_in_snake_case(self):
        path = "proto/mintmark/v1/types.proto"
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            text = file.read()
        self.write(path, text + "\n// A coin.\nmessage Coin {\n  // Its mark.\n"
                   "  string mintMark = 1;\n}\n")
        self.assert_breaks("check_proto.sh", says="mintMark")


if __name__ == "__main__":
    unittest.main()
