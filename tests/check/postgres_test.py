#!/usr/bin/env python3
"""tools/postgres.sh: the server that tests and benches bring along."""

import os
import subprocess
import unittest

from planted_tree import TOOLS, PlantedTreeTest


class PostgresTest(PlantedTreeTest):
    def setUp(self):
        super().setUp()
        self.directory = os.path.join(self.root, "postgres")
        self.addCleanup(self.call, "stop")

    def call(self, verb, *arguments):
        return subprocess.run([os.path.join(TOOLS, "postgres.sh"), verb, self.directory, *arguments],
                              stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def ask(self, url, sql):
        return subprocess.run(["psql", "--no-psqlrc", "--tuples-only", "--no-align", url, "-c", sql],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)

    def test_starts_durable_with_settings_and_a_password_and_leaves_nothing(self):
        url = self.call("start", "max_connections=37")
        for setting, value in (("fsync", "on"), ("full_page_writes", "on"),
                               ("synchronous_commit", "on"), ("max_connections", "37")):
            self.assertEqual(self.ask(url, f"SHOW {setting}").stdout.strip(), value)
        self.assertEqual(self.ask(url, "SELECT usesuper FROM pg_user "
                                  "WHERE usename = current_user").stdout.strip(), "t")
        without_password = url.replace(url.split(":")[2].split("@")[0], "wrong")
        self.assertIn("password authentication failed", self.ask(without_password, "SELECT 1").stderr)

        self.call("stop")
        self.assertNotEqual(self.ask(url, "SELECT 1").returncode, 0)
        self.assertFalse(os.path.exists(self.directory))
        self.call("stop")


if __name__ == "__main__":
    unittest.main()
