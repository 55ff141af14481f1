#!/usr/bin/env python3
# os.fork without exec; the child uses modules that were not imported before.
import os
import sys

sys.stdout.flush()
pid = os.fork()
if not pid:
    import decimal
    import html.parser

    print(decimal.Decimal("0.1") + 1, html.parser.__name__, flush=True)
    os._exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
