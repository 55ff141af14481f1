#!/usr/bin/env python3
# Replaces itself by argv[0] alone, as a program that is executable.
# as: script console
# args: one two
import os
import sys


def main():
    print(sys.argv[1:], os.environ.get("AGAIN"), flush=True)
    if "AGAIN" not in os.environ:
        os.environ["AGAIN"] = "1"
        os.execv(sys.argv[0], sys.argv)


if __name__ == "__main__":
    main()
