#!/usr/bin/env python3
# An excepthook of the program's own, and one for threads.
import sys
import threading
import traceback


def hook(kind, value, trace):
    print("hook", kind.__name__, [frame.name for frame in traceback.extract_tb(trace)])


sys.excepthook = hook
threading.excepthook = lambda args: print("thread", args.exc_type.__name__, args.thread.name)
thread = threading.Thread(target=lambda: [][1], name="worker")
thread.start()
thread.join()
raise LookupError("x")
