"""What the checks look at: the files of a tree that belong to the project."""

import os
import subprocess

# Where nobody keeps sources: build trees, what a server stored, fetched packages.
_SKIPPED_DIRECTORIES = {".git", "build", "var", "node_modules", "__pycache__"}


def project_files(root):
    """The paths below `root`, relative to it and sorted.

    In a git checkout the tracked files that are still there; in any other tree
    all files but those of build and data directories.
    """
    if os.path.exists(os.path.join(root, ".git")):
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "--cached"],
            check=True, stdout=subprocess.PIPE).stdout.decode()
        return sorted({path for path in listed.split("\0")
                       if path and os.path.isfile(os.path.join(root, path))})
    found = []
    for directory, names, files in os.walk(root):
        names[:] = [name for name in names if name not in _SKIPPED_DIRECTORIES]
        found.extend(os.path.relpath(os.path.join(directory, name), root) for name in files)
    return sorted(found)


def read_text(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()
