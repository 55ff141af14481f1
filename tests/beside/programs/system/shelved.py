#!/usr/bin/env python3
# shelve and dbm beside the working directory.
import dbm
import os
import shelve

with shelve.open("data") as shelf:
    shelf["key"] = [1, 2]
with shelve.open("data") as shelf:
    print(dict(shelf), dbm.whichdb("data"))
print(sorted(os.listdir(".")))
