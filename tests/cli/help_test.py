#!/usr/bin/env python3
"""Every --help page of `mintmark` has examples, and they work as they stand.

usage: help_test.py MINTMARK MINTMARKD [UNITTEST ARGUMENT...]
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

import mintmarkd

MINTMARK = MINTMARKD = None

# What the examples take for granted, but where it is them who make it.
THINGS = [
    "mintmark next orders",
    "mintmark sequence create tickets --min-id 1000 --max-id 9999 --prefix T- --width 5",
    "mintmark sequence create tests",
    "mintmark incr hits",
    "mintmark guid",
    "mintmark group create tweets --preset twitter",
    "mintmark group create tickets --preset js --encoding base32 --prefix T-",
]
MAKERS = {"sequence", "sequence create", "group", "group create"}


def help_of(verb):
    return subprocess.run([MINTMARK, *verb.split(), "--help"], check=True, text=True,
                          stdout=subprocess.PIPE, timeout=60).stdout


def subverbs(page):
    match = re.search(r"^Subcommands:\n((?:  .*\n)+)", page, re.MULTILINE)
    return re.findall(r"^  (\S+)", match.group(1), re.MULTILINE) if match else []


def all_pages():
    """Yields (verb, its help), from the command itself down."""
    waiting = [""]
    while waiting:
        verb = waiting.pop(0)
        page = help_of(verb)
        waiting += [f"{verb} {each}".strip() for each in subverbs(page)]
        yield verb, page


def examples(page):
    """The commands in a page; what follows three blanks says what they do."""
    return [re.split(r"\s{3,}", line.strip())[0]
            for line in page.splitlines() if re.match(r"  (mintmark|source <\(mintmark) ", line)]


class HelpTest(unittest.TestCase):
    def run_shell(self, command, directory, address):
        environment = dict(os.environ, MINTMARK_ADDRESS=address,
                           PATH=os.path.dirname(MINTMARK) + ":" + os.environ["PATH"])
        return subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=directory,
                              env=environment, text=True, capture_output=True, timeout=60,
                              check=False)

    def test_every_example_works(self):
        count = 0
        for verb, page in all_pages():
            with self.subTest(verb=verb), tempfile.TemporaryDirectory() as directory, \
                    mintmarkd.Mintmarkd(MINTMARKD) as server:
                self.assertTrue(examples(page), "there is no example")
                for command in [] if verb in MAKERS else THINGS:
                    done = self.run_shell(command, directory, server.address)
                    self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}")
                for command in examples(page):
                    there = command.replace("127.0.0.1:50051", server.address)
                    done = self.run_shell(there, directory, server.address)
                    self.assertEqual((done.returncode, done.stderr), (0, ""), command)
                    count += 1
        self.assertGreater(count, 60)

    def test_every_page_fits_a_terminal(self):
        for verb, page in all_pages():
            for line in page.splitlines():
                self.assertLessEqual(len(line), 100, f"{verb}: {line}")

    def test_the_exit_statuses_are_documented(self):
        self.assertEqual(re.findall(r"^  (\d+)  ", help_of(""), re.MULTILINE),
                         ["0", "2", "3", "4", "5", "6", "7", "8", "130"])


if __name__ == "__main__":
    MINTMARK, MINTMARKD = (os.path.realpath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
