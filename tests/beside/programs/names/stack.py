#!/usr/bin/env python3
# The outermost frames of the program.
# as: script module console
import inspect
import sys
import traceback


def main():
    for frame in inspect.stack():
        print(frame.filename, frame.function, frame.code_context)
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    print(frame.f_code.co_filename, frame.f_globals["__name__"])
    traceback.print_stack()


if __name__ == "__main__":
    main()
