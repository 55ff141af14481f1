#!/usr/bin/env python3
# An audit hook sees imports and opened files.
import sys

seen = []
sys.addaudithook(lambda event, args: seen.append((event, args[0])) if event in ("import", "open", "exec") else None)
import colorsys

opened = [str(name) for event, name in seen if event == "open"]
print([name for event, name in seen if event == "import"])
print([name.rpartition("/")[2] for name in opened], [event for event, _ in seen if event == "exec"])
