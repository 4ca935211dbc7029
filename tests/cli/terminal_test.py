#!/usr/bin/env python3
"""The command `mintmark` in a terminal: the progress bar, Ctrl-C, completion.

usage: terminal_test.py MINTMARK MINTMARKD [UNITTEST ARGUMENT...]
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

import help_test
import mintmarkd
import terminal

MINTMARK = MINTMARKD = None

BASH = ["bash", "--norc", "--noprofile", "-i"]
ZSH = ["zsh", "-f", "-i"]


class TerminalTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = mintmarkd.Mintmarkd(MINTMARKD)
        cls.server.start()
        cls.addClassCleanup(cls.server.__exit__)
        help_test.MINTMARK = MINTMARK

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="mintmark-cli-")
        self.addCleanup(self.directory.cleanup)
        self.environment = {
            "MINTMARK_ADDRESS": self.server.address,
            "PATH": os.path.dirname(MINTMARK) + ":" + os.environ["PATH"],
        }

    def terminal(self, shell=None):
        return terminal.Terminal(shell or BASH, self.environment, self.directory.name)

    def lines_of(self, name):
        with open(os.path.join(self.directory.name, name), encoding="ascii") as file:
            return file.read().splitlines()

    def ids_in(self, name):
        """How many ids a file of ranges holds."""
        ranges = [[int(end) for end in line.split("..")] for line in self.lines_of(name)]
        return sum(last - first + 1 for first, last in ranges)

    # The progress bar.

    def test_a_long_draw_shows_how_far_it_has_come(self):
        with self.terminal() as shell:
            shell.run("mintmark next bar/file -n 200000000 --ranges --output ids; echo status=$?")
            screen = shell.wait_for("status=0", 60)
            written = shell.transcript()
        self.assertRegex(written, r"\[#+-+\] +\d+%  \d+00000 of 200000000 ids  \S+ left")
        self.assertRegex(written, r"\[#{40}\] 100%  200000000 of 200000000 ids")
        self.assertNotIn("%", screen, "the bar is still there")
        self.assertEqual(self.ids_in("ids"), 200_000_000)

    def test_ids_that_go_into_a_pipe_leave_the_terminal_to_the_bar(self):
        with self.terminal() as shell:
            shell.run("mintmark next bar/pipe -n 3000000 | wc -l; echo status=$?")
            screen = shell.wait_for("status=0")
            self.assertIn("of 3000000 ids", shell.transcript())
        self.assertIn("\n3000000\n", screen)

    def test_no_bar_stands_among_ids(self):
        with self.terminal() as shell:
            shell.run("mintmark next bar/none -n 200000 --ranges; echo status=$?")
            shell.wait_for("status=0")
            self.assertNotIn("%", shell.transcript())

    def test_no_bar_goes_into_a_file(self):
        with self.terminal() as shell:
            shell.run("mintmark next bar/errors -n 3000000 --output ids.txt 2>errors; echo status=$?")
            shell.wait_for("status=0")
        self.assertEqual(self.lines_of("errors"), [])

    # Ctrl-C.

    def test_an_interrupted_draw_keeps_what_it_drew(self):
        with self.terminal() as shell:
            shell.run("mintmark next stop/file -n 2000000000 --ranges --output ids; echo status=$?")
            shell.wait_for_output("00000 of 2000000000 ids")
            shell.press("C-c")
            screen = shell.wait_for("status=130")
        done = int(re.search(r"interrupted: (\d+) of 2000000000 ids were drawn", screen).group(1))
        self.assertEqual(self.ids_in("ids"), done)

    def test_a_call_that_hangs_is_ended_by_a_second_interrupt(self):
        with mintmarkd.Mintmarkd(MINTMARKD) as server, self.terminal() as shell:
            server.pause()
            shell.run(f"mintmark next stop/hangs --timeout 10m --address {server.address}")
            shell.wait_for("10m")
            shell.press("C-c")
            shell.press("C-c")
            shell.run("echo status=$?")
            shell.wait_for("status=130")
            server.resume()

    # Completion.

    def check_completion(self, shell):
        shell.type("mintmark seq\t")
        shell.wait_for("mintmark sequence")
        shell.type("cr\t")
        shell.wait_for("mintmark sequence create")
        shell.type("name --enc\t")
        shell.wait_for("mintmark sequence create name --encoding")
        shell.type("base5\t")
        shell.wait_for("--encoding base58")
        shell.type(" --js\t")
        shell.wait_for("--json")
        shell.press("C-u")
        shell.type("mintmark --timeout 5s completion z\t")
        shell.wait_for("mintmark --timeout 5s completion zsh")
        shell.press("C-u")
        shell.type("mintmark next orders --output a-f\t")
        shell.wait_for("--output a-file")

    def test_bash_completes(self):
        open(os.path.join(self.directory.name, "a-file"), "w", encoding="ascii").close()
        with self.terminal() as shell:
            shell.run("source <(mintmark completion bash); echo loaded=$?")
            shell.wait_for("loaded=0")
            self.check_completion(shell)

    def test_zsh_completes(self):
        open(os.path.join(self.directory.name, "a-file"), "w", encoding="ascii").close()
        with self.terminal(ZSH) as shell:
            shell.run("autoload -Uz compinit && compinit -u -D; source <(mintmark completion zsh);"
                      " echo loaded=$?")
            shell.wait_for("loaded=0")
            self.check_completion(shell)

    def test_zsh_completes_from_a_file_on_its_path(self):
        with self.terminal(ZSH) as shell:
            shell.run("mintmark completion zsh >_mintmark; fpath=($PWD $fpath);"
                      " autoload -Uz compinit; compinit -u -D; echo loaded=$?")
            shell.wait_for("loaded=0")
            shell.type("mintmark coun\t")
            shell.wait_for("mintmark counter")
            shell.type("sh\t")
            shell.wait_for("mintmark counter show")

    def bash_completions(self, *words):
        script = ('source <("$0" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
                  ' _mintmark; printf "%s\\n" "${COMPREPLY[@]}"')
        return subprocess.run(["bash", "-c", script, MINTMARK, *words], check=True, text=True,
                              stdout=subprocess.PIPE, timeout=60).stdout.split()

    def test_all_that_help_knows_is_completed(self):
        for verb, page in help_test.all_pages():
            words = ["mintmark", *verb.split()]
            flags = re.findall(r"(?:^  |,)(--[a-z-]+)", page, re.MULTILINE)
            self.assertIn("--help", flags)
            offered = self.bash_completions(*words, "-")
            self.assertEqual(sorted(set(flags) - set(offered)), [], verb)
            for flag in ("--address", "--json"):
                self.assertIn(flag, offered)
            if subverbs := help_test.subverbs(page):
                self.assertEqual(self.bash_completions(*words, ""), subverbs)

    def test_values_are_completed(self):
        def at(*words):
            return self.bash_completions("mintmark", *words)
        self.assertEqual(at("group", "create", "g", "--preset", "t"), ["twitter"])
        self.assertEqual(at("group", "create", "--preset", "=", "s"), ["snowfall", "sonyflake"])
        self.assertEqual(at("sequence", "update", "--unset", "ma"), ["max-gap", "max-id"])
        self.assertEqual(at("completion", ""), ["bash", "zsh"])
        # A value is no verb, and a name is none either.
        self.assertEqual(at("--timeout", "next", "comp"), ["completion"])
        self.assertIn("--request-id", at("--address=x", "next", "sequence", "--re"))


if __name__ == "__main__":
    MINTMARK, MINTMARKD = (os.path.realpath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
