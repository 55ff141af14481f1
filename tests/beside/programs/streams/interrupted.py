#!/usr/bin/env python3
# SIGINT ends the program as that signal.
# as: script module console
# shell: "$@"; echo $?
import os
import signal


def main():
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(100):
        pass


if __name__ == "__main__":
    main()
