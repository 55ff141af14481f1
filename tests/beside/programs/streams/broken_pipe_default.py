#!/usr/bin/env python3
# SIGPIPE's default, as many scripts set it.
# shell: "$@" | head -1; echo ${PIPESTATUS[0]}
import signal

signal.signal(signal.SIGPIPE, signal.SIG_DFL)
for number in range(100000):
    print("line", number)
