#!/usr/bin/env python3
# fileinput with a file and standard input.
# stdin: from stdin\n
import fileinput
import sys

with open("a.txt", "w") as file:
    file.write("first\n")
sys.argv[1:] = ["a.txt", "-"]
for line in fileinput.input():
    print(fileinput.filename(), fileinput.lineno(), line, end="")
