"""A terminal with a shell in it, typed into and read as a person would."""

import os
import shlex
import subprocess
import tempfile
import time


class Terminal:
    """A shell in a tmux of its own, which leaves the user's alone; a context manager."""

    def __init__(self, shell, environment, directory):
        self._scratch = tempfile.TemporaryDirectory(prefix="mintmark-terminal-")
        self._socket = os.path.join(self._scratch.name, "tmux")
        self._transcript = os.path.join(self._scratch.name, "transcript")
        self._shell = shell
        self._environment = environment
        self._directory = directory

    def __enter__(self):
        variables = [f"{name}={value}" for name, value in self._environment.items()]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "40",
                   "-c", self._directory,
                   shlex.join(["env", "TERM=screen", "PS1=ready> ", *variables, *self._shell]))
        self._tmux("pipe-pane", "-o", f"cat >>{shlex.quote(self._transcript)}")
        self.wait_for("ready>")
        return self

    def __exit__(self, *_):
        self._tmux("kill-server")
        self._scratch.cleanup()

    def type(self, text):
        self._tmux("send-keys", "-l", text)

    def press(self, key):
        """Enter, Tab, C-c..."""
        self._tmux("send-keys", key)

    def run(self, command):
        self.type(command)
        self.press("Enter")

    def screen(self):
        return self._tmux("capture-pane", "-p", "-J").rstrip()

    def transcript(self):
        """All that was ever written to the terminal, what was removed again included."""
        with open(self._transcript, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for(self, text, timeout=20):
        """Waits until the screen shows `text`, and returns the screen."""
        return self._wait(self.screen, text, timeout)

    def wait_for_output(self, text, timeout=20):
        """Waits until `text` was written, though it may be gone again."""
        return self._wait(self.transcript, text, timeout)

    @staticmethod
    def _wait(read, text, timeout):
        deadline = time.monotonic() + timeout
        while text not in (seen := read()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} does not come:\n{seen}")
            time.sleep(0.02)
        return seen

    def _tmux(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if name != "TMUX"}
        return subprocess.run(["tmux", "-S", self._socket, *arguments], check=True, text=True,
                              stdout=subprocess.PIPE, timeout=20, env=environment).stdout
