#!/usr/bin/env python3
# faulthandler dumps the frames of a program that hangs.
import faulthandler
import threading
import time

faulthandler.dump_traceback_later(0.2, exit=True)
thread = threading.Thread(target=time.sleep, args=(5,), daemon=True)
time.sleep(5)
