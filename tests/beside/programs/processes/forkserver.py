#!/usr/bin/env python3
# multiprocessing by forkserver, with a preloaded main module.
# as: script module console
import multiprocessing


def work(queue, value):
    queue.put((value + 1, __name__))


def main():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", "json"])
    queue = context.Queue()
    process = context.Process(target=work, args=(queue, 1))
    process.start()
    print(queue.get(timeout=60))
    process.join()
    print(process.exitcode)


if __name__ == "__main__":
    main()
