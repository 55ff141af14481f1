#!/usr/bin/env python3
# Daemon threads while the interpreter ends, and the order of atexit.
import atexit
import threading
import time

atexit.register(print, "first registered")
atexit.register(print, "second registered")
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
thread = threading.Thread(target=lambda: (time.sleep(0.1), print("joined")))
thread.start()


class Late:
    def __del__(self):
        print("deleted", __name__)


late = Late()
print("end of main")
