#!/usr/bin/env python3
# ProcessPoolExecutor with an initializer, and a broken pool.
# as: script module
import concurrent.futures
import multiprocessing
import os

VALUE = 0


def initialize(value):
    global VALUE
    VALUE = value


def work(x):
    return x * VALUE


def die(_):
    os._exit(3)


def main():
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, context, initialize, (3,)) as pool:
        print(list(pool.map(work, range(4))))
        try:
            print(list(pool.map(die, [1])))
        except concurrent.futures.process.BrokenProcessPool as error:
            print(type(error).__name__)


if __name__ == "__main__":
    main()
