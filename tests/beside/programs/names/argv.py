#!/usr/bin/env python3
# What is in sys.argv.
# as: script module console
# args: -c -m - -- "" "ü" a=b
import sys


def main():
    print(sys.argv, sys.executable)


if __name__ == "__main__":
    main()
