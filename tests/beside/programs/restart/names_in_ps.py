#!/usr/bin/env python3
# What ps, pgrep and /proc show of the program.
# as: script console
# args: --serve
import os
import subprocess
import sys


def main():
    pid = str(os.getpid())
    show = lambda *command: print(subprocess.run(command, capture_output=True, text=True).stdout.strip())
    show("ps", "-o", "comm=", "-p", pid)
    with open("/proc/self/comm") as file:
        print(file.read())
    found = subprocess.run(["pgrep", "-f", "names_in_ps.* --serve$"], capture_output=True, text=True).stdout.split()
    print(pid in found)
    with open("/proc/self/stat") as file:
        print(file.read().split()[1])


if __name__ == "__main__":
    main()
