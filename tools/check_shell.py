#!/usr/bin/env python3
"""The shell rule: shellcheck finds nothing to warn of in the shell scripts.

usage: check_shell.py ROOT
"""

import re
import subprocess
import sys

import sources

_SHEBANG = re.compile(r"#!\s*\S*(/|\s)(ba|da)?sh\b")


def main():
    root = sys.argv[1]
    scripts = [path for path in sources.project_files(root)
               if path.endswith(".sh") or _SHEBANG.match(sources.read_text(root, path)[:80])]
    if not scripts:
        return 0
    return subprocess.run(["shellcheck", "--severity=warning", "--external-sources"] + scripts,
                          cwd=root, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
