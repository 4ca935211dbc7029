#!/usr/bin/env python3
"""Tells the thread sanitizer's reports about our code from those about libraries.

usage: tsan_reports.py forget DIR        removes the reports in DIR
       tsan_reports.py show DIR ROOT     prints those about sources below ROOT, and
                                         fails when there is one

The distribution's libraries are not instrumented: the sanitizer does not see the
atomics by which gRPC hands work from thread to thread, and reports dozens of races
in gRPC's headers that are none. Its own suppressions go by any frame of a stack, and since
every handler runs on a thread of gRPC's, one that names libgrpc would hide the
races of all handlers. So what counts here is where the access itself is made: the
innermost frame, apart from those of the sanitizer and the standard library's. A
race is ours when both of its accesses are; any other report when one of its
stacks is.
"""

import os
import re
import sys

_REPORT = re.compile(r"^WARNING: ThreadSanitizer: (.*?) \(pid=.*?^SUMMARY: [^\n]*",
                     re.DOTALL | re.MULTILINE)
_FRAME = re.compile(r"^\s+#\d+ ")
# Where the stacks of the report itself end and those that explain it begin.
_EXPLANATION = re.compile(r"^  (Location is|As if synchronized|Thread T\d+ .*created by|"
                          r"Mutex M\d+ .*(created|is already destroyed))")
_TRANSPARENT = re.compile(r"libsanitizer/|\(libtsan|/include/c\+\+/|/include/absl/|\(libstdc\+\+|"
                          r"\(libc\.so")
_PLACE = re.compile(r" (/[^\s:]+):\d+")


def stacks_of(report):
    """The frames of each stack that the report is about."""
    for block in report.split("\n\n"):
        lines = block.splitlines()
        if any(_EXPLANATION.match(line) for line in lines):
            # A leaked thread's only stack is that of its creation.
            if "thread leak" not in report:
                continue
        frames = [line for line in lines if _FRAME.match(line)]
        if frames:
            yield frames


def is_ours(frames, root):
    for frame in frames:
        if not _TRANSPARENT.search(frame):
            place = _PLACE.search(frame)
            if place is None:
                return False
            path = os.path.realpath(place.group(1))
            return path.startswith(root + "/") and not path.startswith(root + "/build/")
    return False


def our_reports(text, root):
    for match in _REPORT.finditer(text):
        ours = [is_ours(frames, root) for frames in stacks_of(match.group(0))]
        needed = all if match.group(1).startswith("data race") else any
        if ours and needed(ours):
            yield match.group(0)


def main():
    verb, directory = sys.argv[1], sys.argv[2]
    paths = [os.path.join(directory, name) for name in sorted(os.listdir(directory))]
    if verb == "forget":
        for path in paths:
            os.remove(path)
        return 0
    root = os.path.realpath(sys.argv[3])
    shown = {}
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as file:
            for report in our_reports(file.read(), root):
                summary = report.rsplit("\n", 1)[-1]
                shown.setdefault(summary, report)
    for report in shown.values():
        for line in report.splitlines():
            # Names of templates' instances run to thousands of characters.
            print(line if len(line) <= 240 else line[:100] + " ... " + line[-135:])
        print()
    return 1 if shown else 0


if __name__ == "__main__":
    sys.exit(main())
