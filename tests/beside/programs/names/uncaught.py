#!/usr/bin/env python3
# An exception that nobody catches.
# as: script module console
def inner(value):
    return 1 / value


def main():
    inner(0)


if __name__ == "__main__":
    main()
