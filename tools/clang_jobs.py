"""Runs a clang program over every source of a compilation database, side by side,
and remembers which sources had nothing to report.

A source is looked at again when anything that its result depends on has changed:
its own text, that of any header it reached last time (those of the system apart),
the command that compiles it, or whatever else the caller names. A failure is
never remembered.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import tempfile

import sources


class Source:
    """One entry of a compilation database."""

    def __init__(self, entry):
        self.directory = entry["directory"]
        self.path = os.path.realpath(os.path.join(self.directory, entry["file"]))
        arguments = entry.get("arguments") or shlex.split(entry["command"])
        if os.path.basename(arguments[0]) == "ccache":
            arguments = arguments[1:]
        self.arguments = _without_outputs(arguments)


def _without_outputs(arguments):
    """A compilation's arguments without what makes it write files."""
    kept, skip = [], False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in ("-o", "-MF", "-MT", "-MQ"):
            skip = True
        elif argument not in ("-c", "-MD", "-MMD"):
            kept.append(argument)
    return kept


def tracked_sources(root, build):
    """The entries of `build`/compile_commands.json that are files of the project."""
    root = os.path.realpath(root)
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = [Source(entry) for entry in json.load(file)]
    wanted = {os.path.join(root, path) for path in sources.project_files(root)
              if path.endswith(".cc")}
    found = {source.path: source for source in entries if source.path in wanted}
    return [found[path] for path in sorted(found)]


def run_all(name, found, make_command, depends_on, build):
    """Runs `make_command(source)` for every source; returns the failures' output.

    `name` keeps the memories of several programs apart; `depends_on` is a text.
    """
    cache = os.path.join(build, "checked", name)
    os.makedirs(cache, exist_ok=True)

    def run_one(source):
        memory = _Memory(cache, source, depends_on)
        if memory.is_clean():
            return None
        dependencies = _dependencies(source)
        seen = memory.key_of(dependencies)
        result = subprocess.run(make_command(source), cwd=source.directory, text=True, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if result.returncode == 0:
            memory.remember(dependencies, seen)
            return None
        return result.stdout

    # The largest first, so that no long one starts last and runs alone.
    found = sorted(found, key=lambda source: -os.path.getsize(source.path))
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return [output for output in pool.map(run_one, found) if output is not None]


def unique_diagnostics(outputs):
    """The diagnostics of several outputs, each once: headers are seen often."""
    shown = {}
    for output in outputs:
        current = []
        for line in output.splitlines():
            if re.match(r"\d+ warnings?( and \d+ errors?)? generated|Suppressed \d+|Use -", line):
                continue
            if re.match(r"\S+?:\d+:\d+: (warning|error|fatal error): ", line) and current:
                shown.setdefault("\n".join(current))
                current = []
            current.append(line)
        if current:
            shown.setdefault("\n".join(current))
    return list(shown)


def _dependencies(source):
    """The source itself and all headers that it reaches outside system directories."""
    with tempfile.NamedTemporaryFile(suffix=".d") as rules:
        result = subprocess.run(source.arguments + ["-E", "-MD", "-MF", rules.name, "-MT", "x",
                                                    "-o", os.devnull],
                                cwd=source.directory, check=False, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        text = rules.read().decode() if result.returncode == 0 else ""
    paths = shlex.split(text.replace("\\\n", " ").partition(":")[2])
    paths = {os.path.realpath(os.path.join(source.directory, path)) for path in paths}
    paths.add(source.path)
    return sorted(path for path in paths if not path.startswith("/usr/"))


class _Memory:
    """What is known of one source: a file with its dependencies and their hash."""

    def __init__(self, cache, source, depends_on):
        self._base = "\0".join([depends_on, source.path] + source.arguments)
        name = hashlib.sha256(source.path.encode()).hexdigest()[:24]
        self._path = os.path.join(cache, name + ".json")

    def key_of(self, paths):
        digest = hashlib.sha256(self._base.encode())
        for path in paths:
            with open(path, "rb") as file:
                digest.update(path.encode() + b"\0" + hashlib.sha256(file.read()).digest())
        return digest.hexdigest()

    def is_clean(self):
        try:
            with open(self._path, encoding="utf-8") as file:
                known = json.load(file)
            return known["key"] == self.key_of(known["paths"])
        except (OSError, ValueError, KeyError):
            return False

    def remember(self, paths, key):
        with open(self._path, "w", encoding="utf-8") as file:
            json.dump({"key": key, "paths": paths}, file)
