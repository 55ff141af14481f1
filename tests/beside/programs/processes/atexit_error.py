#!/usr/bin/env python3
# An error in an atexit function, and an exit code from one.
# as: script module
import atexit


def fail():
    raise ValueError("at exit")


def main():
    atexit.register(fail)
    print("main")


if __name__ == "__main__":
    main()
