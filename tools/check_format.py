#!/usr/bin/env python3
"""The format rule: C++ sources are as clang-format 14 writes them.

usage: check_format.py ROOT
"""

import subprocess
import sys

import sources


def main():
    root = sys.argv[1]
    paths = [path for path in sources.project_files(root) if path.endswith((".cc", ".h"))]
    if not paths:
        return 0
    result = subprocess.run(["clang-format-14", "--dry-run", "--Werror", "--ferror-limit=1"] + paths,
                            cwd=root, stderr=subprocess.PIPE, text=True, check=False)
    for line in result.stderr.splitlines():
        if ": error: " in line:
            print(line)
    if result.returncode != 0:
        print("`./dev format` rewrites the sources in that format.")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
