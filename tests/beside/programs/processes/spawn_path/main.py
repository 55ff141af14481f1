#!/usr/bin/env python3
# sys.path, sys.argv and the main module in a spawned process.
# args: a b
import multiprocessing
import sys

from helper import describe

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        child = pool.apply(describe)
    for here, there in zip(describe(), child):
        print(here, there, here == there)
