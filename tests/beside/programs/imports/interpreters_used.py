#!/usr/bin/env python3
# concurrent.interpreters, and an executor of them.
# python: 3.14-3.99
import concurrent.futures
import concurrent.interpreters


def work(x):
    return x + 1


if __name__ == "__main__":
    interpreter = concurrent.interpreters.create()
    interpreter.exec("import sys, colorsys; print(sys.prefix, colorsys.__file__)")
    with concurrent.futures.InterpreterPoolExecutor(1) as pool:
        print(list(pool.map(abs, [-1, -2])))
