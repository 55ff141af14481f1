#!/usr/bin/env python3
# exit() and the others of site's builtins.
# as: script module
import builtins
import sys


def main():
    print([name for name in ("exit", "quit", "copyright", "credits", "license", "help") if hasattr(builtins, name)])
    print(repr(exit), repr(credits)[:40], callable(help), type(license).__name__)
    exit(3)


if __name__ == "__main__":
    main()
