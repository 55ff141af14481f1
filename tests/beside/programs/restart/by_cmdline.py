#!/usr/bin/env python3
# Replaces itself by what /proc/self/cmdline says.
# as: script module console
# args: x "" "a b"
import os
import sys


def main():
    print(sys.argv[1:], os.environ.get("AGAIN"), flush=True)
    if "AGAIN" not in os.environ:
        os.environ["AGAIN"] = "1"
        with open("/proc/self/cmdline", "rb") as file:
            command = file.read().split(b"\0")[:-1]
        os.execvp(command[0], command)


if __name__ == "__main__":
    main()
