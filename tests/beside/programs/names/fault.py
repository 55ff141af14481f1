#!/usr/bin/env python3
# faulthandler prints the frames of a program that dies.
# as: script module
import ctypes
import faulthandler


def main():
    faulthandler.enable()
    ctypes.string_at(0)


if __name__ == "__main__":
    main()
