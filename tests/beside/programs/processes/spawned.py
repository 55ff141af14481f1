#!/usr/bin/env python3
# multiprocessing by spawn, with a function and a class of the main module.
# as: script module console
import multiprocessing
import os


class Point:
    def __init__(self, x):
        self.x = x


def double(point):
    return Point(point.x * 2), __name__, multiprocessing.current_process().name != "MainProcess"


def main():
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        for point, name, child in pool.map(double, [Point(1), Point(2)]):
            print(type(point).__name__, point.x, name, child)


if __name__ == "__main__":
    main()
