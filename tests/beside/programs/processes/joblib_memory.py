#!/usr/bin/env python3
# joblib's cache of a function of __main__ on disk.
# as: script module
# packages: parallel
import os

from joblib import Memory

memory = Memory("cache", verbose=0)


@memory.cache
def slow(x):
    print("computed", x)
    return x + 1


def main():
    print(slow(1), slow(1))
    print(sorted(name for _, _, names in os.walk("cache") for name in names))


if __name__ == "__main__":
    main()
