#!/usr/bin/env python3
# A library that finds the caller's directory by its frames.
# as: script module console
import os
import sys


def data(name):
    return os.path.join(os.path.dirname(os.path.abspath(sys._getframe(1).f_globals["__file__"])), name)


def main():
    print(data("x.txt"))


if __name__ == "__main__":
    main()
