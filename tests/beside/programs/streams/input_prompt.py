#!/usr/bin/env python3
# input() with prompts, and the end of the input.
# stdin: name\n
print(input("who? "))
input("again? ")
