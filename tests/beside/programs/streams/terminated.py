#!/usr/bin/env python3
# SIGTERM from outside, with a handler and without.
# shell: "$@" & p=$!; while [ ! -e ready ]; do sleep 0.05; done; kill -TERM $p; wait $p; echo $?
import signal
import sys
import time


def handler(number, frame):
    print("got", signal.Signals(number).name, frame.f_code.co_name)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.raise_signal(signal.SIGTERM)


signal.signal(signal.SIGTERM, handler)
sys.stdout.reconfigure(line_buffering=True)
open("ready", "w").close()
time.sleep(30)
