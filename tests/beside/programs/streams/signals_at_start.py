#!/usr/bin/env python3
# Which signals are ignored and blocked at the start.
# shell: trap '' USR1 HUP; "$@"
import signal

for number in sorted(signal.valid_signals()):
    handler = signal.getsignal(number)
    if handler not in (signal.SIG_DFL, None):
        print(signal.Signals(number).name, handler)
print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
with open("/proc/self/status") as file:
    print(*(line.strip() for line in file if line.startswith(("SigBlk", "SigIgn", "SigCgt"))))
