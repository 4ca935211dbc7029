#!/usr/bin/env python3
"""The migrations rule: SQL migrations are `NNNN_verb_noun.sql`, numbered from
0001 without a gap in each directory, since a store applies them by number.

usage: check_migrations.py ROOT
"""

import collections
import os
import re
import sys

import sources

_NAME = re.compile(r"(\d{4})(_[a-z][a-z0-9]*){2,}\.sql")


def violations(root):
    numbers = collections.defaultdict(list)
    for path in sources.project_files(root):
        directory, name = os.path.split(path)
        if not name.endswith(".sql") or "migrations" not in directory.split(os.sep):
            continue
        match = _NAME.fullmatch(name)
        if not match:
            yield f"{path}: a migration is named NNNN_verb_noun.sql"
            continue
        numbers[directory].append((int(match.group(1)), path))
    for found in numbers.values():
        for expected, (number, path) in enumerate(sorted(found), start=1):
            if number != expected:
                yield f"{path}: its number should be {expected:04d}"
                break


def main():
    found = list(violations(sys.argv[1]))
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
