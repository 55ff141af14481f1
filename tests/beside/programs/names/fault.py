#!/usr/bin/env python3
# faulthandler prints the frames of a program that dies.
# as: script module
# shell: "$@" 2>&1 | grep -v -e '^  Binary file' -e 'C stack'; echo ${PIPESTATUS[0]}
import ctypes
import faulthandler


def main():
    faulthandler.enable()
    ctypes.string_at(0)


if __name__ == "__main__":
    main()
