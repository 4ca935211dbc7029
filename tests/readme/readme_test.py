#!/usr/bin/env python3
"""Runs the commands of README.md as they stand and compares what they print.

Blocks marked `console` hold commands after `$ ` and their output below; a line
`...` stands for any output. `./dev run` is started and kept running; `./dev test`
is what runs this test.
"""

import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def console_steps(text):
    """Yields (command, expected lines) in order."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        command, expected = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command is not None:
                    yield command, expected
                command, expected = line[2:], []
            else:
                expected.append(line)
        if command is not None:
            yield command, expected


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ReadmeTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        address = f"127.0.0.1:{free_port()}"
        store = os.path.join(self.directory.name, "mintmark.db")
        # Elsewhere than where a developer's own server may be running.
        self.environment = dict(
            os.environ,
            MINTMARKD_LISTEN=address,
            MINTMARKD_STORE=f"sqlite:{store}",
            MINTMARK_ADDRESS=address,
        )
        self.server = None

    def tearDown(self):
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(timeout=30)
        self.directory.cleanup()

    def start_server(self, command):
        self.server = subprocess.Popen(
            shlex.split(command), cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            if self.server.poll() is not None:
                self.fail(f"`{command}` ended with status {self.server.returncode}")
            status = subprocess.run(
                ["build/release/bin/mintmark", "status"],
                cwd=ROOT, env=self.environment, capture_output=True,
            )
            if status.returncode == 0:
                return
            time.sleep(0.1)
        self.fail(f"`{command}` does not serve")

    def check(self, command, expected):
        ran = subprocess.run(
            shlex.split(command), cwd=ROOT, env=self.environment, capture_output=True, text=True
        )
        self.assertEqual(ran.returncode, 0, f"`{command}` failed: {ran.stderr}")
        if expected == ["..."]:
            self.assertNotEqual(ran.stdout, "", f"`{command}` printed nothing")
            return
        self.assertEqual(ran.stdout.splitlines(), expected, f"`{command}` printed something else")

    def test_commands_print_what_the_readme_says(self):
        steps = list(console_steps((ROOT / "README.md").read_text(encoding="utf-8")))
        self.assertGreater(len(steps), 10, "the README lost its examples")
        commands = [command for command, _ in steps]
        self.assertEqual(commands[:2], ["./dev run", "./dev test"])
        for command, expected in steps:
            if command == "./dev run":
                self.start_server(command)
            elif command != "./dev test":
                self.check(command, expected)
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.wait(timeout=30), 0, "a clean stop exits with 0")


if __name__ == "__main__":
    unittest.main()
