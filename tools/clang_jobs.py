"""Runs a clang program over every source of a compilation database, side by side,
and remembers which sources had nothing to report.

A source is looked at again when anything that its result depends on has changed:
its own text, that of any header it reached last time (those of the system apart),
the command that compiles it, or whatever else the caller names. A failure is
never remembered.

Most of the time goes into the headers of gRPC and the standard library. So sources
with the same flags are looked at several in one, and one by one only where they do
not compile so, because two of them give one name to different things.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import tempfile
import time

import sources

_GROUP_COUNT_MAX = 6
_DIAGNOSTIC = re.compile(r"^(/[^\s:]+):\d+:\d+: (?:warning|error|fatal error): ", re.MULTILINE)


class Source:
    """One entry of a compilation database."""

    def __init__(self, entry):
        self.directory = entry["directory"]
        self.argument = entry["file"]
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


def run_all(name, found, make_command, depends_on, build, compiles=lambda output: False):
    """Runs `make_command(source, path, arguments)` for every source, or for one of
    several sources of a folder that lie together at `path`; `arguments` compile
    that. Returns the failures' output.

    `name` keeps the memories of several programs apart; `depends_on` is a text.
    `compiles(output)` tells a failure for what was found in sources that compile.
    """
    cache = os.path.join(build, "checked", name)
    os.makedirs(cache, exist_ok=True)

    def run(group, path):
        """The result for sources that lie together at `path`; remembers clean ones."""
        started_ns = time.time_ns()
        source = group[0]
        arguments = [path if argument == source.argument else argument
                     for argument in source.arguments]
        result = subprocess.run(make_command(source, path, arguments), cwd=source.directory,
                                text=True, check=False, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        clean = _clean_ones(group, result)
        if clean:
            reached = _dependencies(arguments, source.directory) - {path}
            reached -= {other.path for other in group}
            for one in clean:
                _Memory(cache, one, depends_on).remember({one.path} | reached, started_ns)
        return result

    def run_group(group):
        if len(group) > 1:
            with tempfile.NamedTemporaryFile("w", suffix=".cc", dir=cache) as together:
                together.writelines(f'#include "{source.path}"\n' for source in group)
                together.flush()
                result = run(group, together.name)
            if result.returncode == 0 or compiles(result.stdout):
                return [result]
        return [run([source], source.path) for source in group]

    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        clean = pool.map(lambda source: _Memory(cache, source, depends_on).is_clean(), found)
        groups = _groups([source for source, known in zip(found, clean) if not known])
        return [result.stdout for results in pool.map(run_group, groups) for result in results
                if result.returncode != 0]


def _clean_ones(group, result):
    """The sources that nothing was found in; none when something was in a header."""
    if result.returncode == 0:
        return group
    paths = {source.path for source in group}
    named = {match.group(1) for match in _DIAGNOSTIC.finditer(result.stdout)}
    if not named or not named <= paths:
        return []
    return [source for source in group if source.path not in named]


def _groups(found):
    """Sources of one folder with the same flags, several at a time, most work first."""
    alike = {}
    for source in found:
        flags = [argument for argument in source.arguments if argument != source.argument]
        alike.setdefault((os.path.dirname(source.path), *flags), []).append(source)
    groups = []
    for same in alike.values():
        # Even parts: 13 sources make 5, 4 and 4 rather than 6, 6 and 1.
        parts = -(-len(same) // _GROUP_COUNT_MAX)
        groups.extend(same[part::parts] for part in range(parts))
    return sorted(groups, key=len, reverse=True)


def unique_diagnostics(outputs):
    """The diagnostics of several outputs, each once: headers are seen often."""
    shown = {}
    for output in outputs:
        current = []
        for line in output.splitlines():
            if re.match(r"\d+ warnings?( and \d+ errors?)? generated|Suppressed \d+|Use -", line):
                continue
            if _DIAGNOSTIC.match(line) and current:
                shown.setdefault("\n".join(current))
                current = []
            current.append(line)
        if current:
            shown.setdefault("\n".join(current))
    return list(shown)


def _dependencies(arguments, directory):
    """What a compilation reads outside system directories."""
    with tempfile.NamedTemporaryFile(suffix=".d") as rules:
        subprocess.run(arguments + ["-E", "-MD", "-MF", rules.name, "-MT", "x", "-o", os.devnull],
                       cwd=directory, check=True, stdout=subprocess.DEVNULL)
        text = rules.read().decode()
    paths = shlex.split(text.replace("\\\n", " ").partition(":")[2])
    paths = {os.path.realpath(os.path.join(directory, path)) for path in paths}
    return {path for path in paths if not path.startswith("/usr/")}


class _Memory:
    """What is known of one source: a file with its dependencies and their hash."""

    def __init__(self, cache, source, depends_on):
        self._base = "\0".join([depends_on, source.path] + source.arguments)
        name = hashlib.sha256(source.path.encode()).hexdigest()[:24]
        self._path = os.path.join(cache, name + ".json")

    def is_clean(self):
        try:
            with open(self._path, encoding="utf-8") as file:
                known = json.load(file)
            return known["key"] == self._key_of(known["paths"])
        except (OSError, ValueError, KeyError):
            return False

    def remember(self, paths, started_ns):
        """Notes that the source is clean, unless something changed since the start."""
        paths = sorted(paths)
        if all(os.stat(path).st_mtime_ns < started_ns for path in paths):
            with open(self._path, "w", encoding="utf-8") as file:
                json.dump({"key": self._key_of(paths), "paths": paths}, file)

    def _key_of(self, paths):
        digest = hashlib.sha256(self._base.encode())
        for path in paths:
            with open(path, "rb") as file:
                digest.update(path.encode() + b"\0" + hashlib.sha256(file.read()).digest())
        return digest.hexdigest()
