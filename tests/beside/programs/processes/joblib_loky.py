#!/usr/bin/env python3
# joblib with its loky processes, functions of __main__ and a lambda.
# as: script module
# packages: parallel
from joblib import Parallel, delayed


def square(x):
    return x * x, __name__


def main():
    print(Parallel(n_jobs=2)(delayed(square)(x) for x in range(4)))
    print(Parallel(n_jobs=2)(delayed(lambda x: -x)(x) for x in range(3)))


if __name__ == "__main__":
    main()
