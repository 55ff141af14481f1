#!/usr/bin/env python3
# numpy's threads after a fork.
# packages: data
import multiprocessing

import numpy


def work(n):
    return float((numpy.eye(n) @ numpy.ones((n, n))).sum())


if __name__ == "__main__":
    print(work(200))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(work, [10, 200]))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(work, [20]))
