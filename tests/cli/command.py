"""What the tests of the command `mintmark` have in common."""

import json
import os
import subprocess
import unittest

import mintmarkd

# Set by the test program before it runs.
MINTMARK = MINTMARKD = None


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr


class CommandTest(unittest.TestCase):
    """Runs the command against a server that all tests of a class share."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = mintmarkd.Mintmarkd(MINTMARKD)
        cls.server.start()
        cls.addClassCleanup(cls.server.__exit__)

    def run_mintmark(self, *arguments, address=None):
        environment = dict(os.environ, MINTMARK_ADDRESS=address or self.server.address)
        return Result(subprocess.run([MINTMARK, *arguments], env=environment, text=True,
                                     capture_output=True, timeout=60, check=False))

    def ok(self, *arguments):
        """Runs a command that succeeds, and returns what it prints."""
        result = self.run_mintmark(*arguments)
        self.assertEqual((result.status, result.err), (0, ""), arguments)
        return result.out

    def ok_json(self, *arguments):
        return json.loads(self.ok(*arguments, "--json"))

    def refused(self, status, reason, *arguments):
        """Runs a command that fails; says with which exit status and reason."""
        result = self.run_mintmark(*arguments)
        self.assertEqual(result.status, status, result.err)
        self.assertRegex(result.err, rf"\Amintmark: \S.* \[{reason}\]\n\Z")
        return result
