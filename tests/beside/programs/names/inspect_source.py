#!/usr/bin/env python3
# inspect finds the source of what the program defines.
# as: script module
import inspect
import sys


class Thing:
    def method(self):
        return inspect.currentframe().f_lineno


def main():
    print(inspect.getsource(Thing))
    print(inspect.getsourcefile(Thing), inspect.getmodule(Thing).__name__, Thing().method())
    print(inspect.getsourcelines(sys.modules["__main__"])[1])


if __name__ == "__main__":
    main()
