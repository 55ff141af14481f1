#!/usr/bin/env python3
# Starts itself once more by sys.orig_argv, as Flask's reloader does.
# as: script module console
# args: --port 80 "two words"
# python: 3.10-3.99
import os
import subprocess
import sys


def main():
    print(os.environ.get("AGAIN"), sys.argv[1:], __name__, flush=True)
    if "AGAIN" not in os.environ:
        command = [sys.executable, *sys.orig_argv[1:]]
        sys.exit(subprocess.call(command, env={**os.environ, "AGAIN": "yes"}) + 3)


if __name__ == "__main__":
    main()
