#!/usr/bin/env python3
# A Python on a terminal of its own.
# packages: tools
import os
import sys

import pexpect

environment = {**os.environ, "TERM": "dumb", "PYTHON_BASIC_REPL": "1"}
child = pexpect.spawn(sys.executable, ["-q"], encoding="utf-8", timeout=30, env=environment)
child.expect(">>> ")
child.sendline("import sys; sys.stdin.isatty(), sys.flags.interactive, exit")
child.expect(">>> ")
print(child.before.replace("\r", ""))
child.sendline("exit()")
child.expect(pexpect.EOF)
child.close()
print(child.exitstatus)
