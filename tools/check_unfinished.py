#!/usr/bin/env python3
"""The unfinished rule: no file carries a note of what is still to be done in it.
What is left is written down where people look for it, not in a comment.

usage: check_unfinished.py ROOT
"""

import re
import sys

import sources

# The words are put together here so that this file does not contain them.
_MARKERS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]) + r")\b")
_SUFFIXES = (".cc", ".h", ".py", ".proto", ".sql", ".sh", ".cmake", "CMakeLists.txt", ".yaml",
             ".yml", ".toml", ".ts", ".js", ".go", ".java", ".rs", "Dockerfile")
_SCRIPTS = ("dev", ".ci/run")


def violations(root):
    for path in sources.project_files(root):
        if not path.endswith(_SUFFIXES) and path not in _SCRIPTS:
            continue
        for number, line in enumerate(sources.read_text(root, path).splitlines(), start=1):
            if _MARKERS.search(line):
                yield f"{path}:{number}: {line.strip()}"


def main():
    found = list(violations(sys.argv[1]))
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
