"""A small tree that keeps every rule, for a test to plant a violation in."""

import os
import shutil
import subprocess
import tempfile
import unittest

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
TOOLS = os.path.join(REPOSITORY, "tools")
SKIPPED = 77


class PlantedTreeTest(unittest.TestCase):
    """Makes an empty tree for each test; what a test writes goes in there."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="mintmark-check.")
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name

    def write(self, path, text):
        whole = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8") as file:
            file.write(text)

    def remove(self, path):
        os.remove(os.path.join(self.root, path))

    def copy(self, *paths):
        """Copies files and folders of the repository to the same place in the tree."""
        for path in paths:
            source, target = os.path.join(REPOSITORY, path), os.path.join(self.root, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.isdir(source):
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)

    def run_rule(self, program, *arguments):
        """Runs a rule of tools/ on the tree; returns its exit status and output."""
        result = subprocess.run([os.path.join(TOOLS, program), self.root, *arguments], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        return result.returncode, result.stdout

    def assert_keeps(self, program, *arguments):
        status, output = self.run_rule(program, *arguments)
        self.assertEqual(status, 0, output)

    def assert_breaks(self, program, *arguments, says):
        status, output = self.run_rule(program, *arguments)
        self.assertNotIn(status, (0, SKIPPED), output)
        self.assertIn(says, output)
