#!/usr/bin/env python3
# A program without a guard that spawns: multiprocessing's own error.
# shell: "$@" 2>&1 | grep -c 'freeze_support()'; echo ${PIPESTATUS[0]}
import multiprocessing

context = multiprocessing.get_context("spawn")
process = context.Process(target=print, args=("child",))
process.start()
process.join()
print(process.exitcode)
