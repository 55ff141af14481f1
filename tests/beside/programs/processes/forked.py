#!/usr/bin/env python3
# multiprocessing by fork, with shared memory and a manager.
import multiprocessing
from multiprocessing import shared_memory


def work(name, shared):
    memory = shared_memory.SharedMemory(name=name)
    memory.buf[0] = 7
    memory.close()
    shared["seen"] = multiprocessing.parent_process() is not None


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    memory = shared_memory.SharedMemory(create=True, size=16)
    with context.Manager() as manager:
        shared = manager.dict()
        process = context.Process(target=work, args=(memory.name, shared))
        process.start()
        process.join()
        print(process.exitcode, memory.buf[0], dict(shared))
    memory.close()
    memory.unlink()
