#!/usr/bin/env python3
# sys.exit with a text.
# as: script module console
import sys


def main():
    sys.exit("with a message")


if __name__ == "__main__":
    main()
