#!/usr/bin/env python3
# A leaked shared memory is reported by the tracker.
from multiprocessing import shared_memory

memory = shared_memory.SharedMemory(create=True, size=16, name="beside-leak-%d" % __import__("os").getpid())
print(len(memory.buf) >= 16)
memory.unlink()
