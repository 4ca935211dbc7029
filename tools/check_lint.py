#!/usr/bin/env python3
"""The lint rule: clang-tidy 14 finds nothing, with the checks of .clang-tidy.

usage: check_lint.py ROOT BUILD

BUILD holds a compile_commands.json made for clang.
"""

import os
import re
import subprocess
import sys

import clang_jobs


def main():
    root, build = os.path.realpath(sys.argv[1]), os.path.realpath(sys.argv[2])
    found = clang_jobs.tracked_sources(root, build)
    config = os.path.join(root, ".clang-tidy")
    headers = f"^{re.escape(root)}/(src|server|client|tests|bench)/"

    def command(source, path, arguments):
        checks = []
        # The path-sensitive checks are half of all time. What a test does wrong
        # shows when it runs, under the sanitizers too.
        if source.path.startswith(os.path.join(root, "tests") + os.sep):
            checks = ["--checks=-clang-analyzer-*"]
        flags = [argument for argument in arguments[1:] if argument != path]
        return ["clang-tidy-14", "--quiet", f"--config-file={config}", f"--header-filter={headers}",
                *checks, path, "--", *flags]

    version = subprocess.run(["clang-tidy-14", "--version"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    with open(config, encoding="utf-8") as file:
        depends_on = version + file.read()
    failures = clang_jobs.run_all("lint", found, command, depends_on, build,
                                  compiles=lambda output: "[clang-diagnostic-error" not in output)
    for diagnostic in clang_jobs.unique_diagnostics(failures):
        print(diagnostic)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
