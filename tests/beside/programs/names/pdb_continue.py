#!/usr/bin/env python3
# pdb at a breakpoint, given commands.
# stdin: where\nc\n
x = 1
breakpoint()
print("after", x)
