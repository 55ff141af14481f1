#!/usr/bin/env python3
# What is on sys.path, in which order.
# as: script module console
import sys


def main():
    for path in sys.path:
        print(path)
    print(sys.meta_path[-1].__name__, len(sys.path_hooks), sys.prefix, sys.exec_prefix, sys.base_prefix == sys.base_exec_prefix)


if __name__ == "__main__":
    main()
