"""A real mintmarkd for tests: on a SQLite file, on a free port, stopped in the end."""

import os
import signal
import socket
import subprocess
import tempfile
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mintmarkd:
    """Starts the server and waits until it listens; a context manager."""

    def __init__(self, program, *flags):
        self._program = program
        self._flags = flags
        self._directory = tempfile.TemporaryDirectory(prefix="mintmark-cli-")
        self._log_path = os.path.join(self._directory.name, "log")
        self._process = None
        self.address = f"127.0.0.1:{free_port()}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self._directory.cleanup()

    def start(self):
        store = os.path.join(self._directory.name, "mintmark.db")
        with open(self._log_path, "ab") as log:
            self._process = subprocess.Popen(
                [self._program, f"--listen={self.address}", f"--store=sqlite:{store}",
                 *self._flags], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("mintmarkd did not start:\n" + self.log())
            time.sleep(0.02)

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise RuntimeError("mintmarkd did not stop:\n" + self.log()) from None

    def pause(self):
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def log(self):
        with open(self._log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def _listens(self):
        host, port = self.address.split(":")
        try:
            socket.create_connection((host, int(port)), 1).close()
            return True
        except OSError:
            return False
