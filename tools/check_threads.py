#!/usr/bin/env python3
"""The threads rule: clang compiles everything without a warning, those of its
thread-safety analysis included; the presets' compiler, g++, has none.

usage: check_threads.py ROOT BUILD

BUILD holds a compile_commands.json made for clang.
"""

import os
import subprocess
import sys

import clang_jobs


def main():
    root, build = os.path.realpath(sys.argv[1]), os.path.realpath(sys.argv[2])
    found = clang_jobs.tracked_sources(root, build)

    def command(_source, _path, arguments):
        return arguments + ["-fsyntax-only", "-Wthread-safety", "-Werror"]

    version = subprocess.run(["clang++-14", "--version"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    failures = clang_jobs.run_all("threads", found, command, version, build)
    for diagnostic in clang_jobs.unique_diagnostics(failures):
        print(diagnostic)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
