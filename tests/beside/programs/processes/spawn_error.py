#!/usr/bin/env python3
# An exception in a spawned process, which names the main module's file.
# as: script module
import multiprocessing


def fail():
    raise ValueError("in the child")


def main():
    process = multiprocessing.get_context("spawn").Process(target=fail, name="worker")
    process.start()
    process.join()
    print(process.exitcode)


if __name__ == "__main__":
    main()
