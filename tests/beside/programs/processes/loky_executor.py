#!/usr/bin/env python3
# loky's executor, reused.
# packages: parallel
import loky


def work(x):
    return x + 1


if __name__ == "__main__":
    executor = loky.get_reusable_executor(max_workers=2)
    print(list(executor.map(work, range(3))))
    print(loky.get_reusable_executor(max_workers=2) is executor)
