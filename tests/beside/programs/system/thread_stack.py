#!/usr/bin/env python3
# Threads with small stacks, their names and native ids.
import os
import threading

threading.stack_size(256 * 1024)
seen = []
thread = threading.Thread(target=lambda: seen.append(threading.get_native_id() != os.getpid()), name="small")
thread.start()
thread.join()
print(seen, threading.main_thread().name, threading.get_native_id() == os.getpid(), threading.active_count())
