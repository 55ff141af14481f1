#!/usr/bin/env python3
# tempfile and its directory.
import os
import tempfile

print(tempfile.gettempdir(), os.listdir(tempfile.gettempdir()))
with tempfile.TemporaryDirectory() as directory, tempfile.NamedTemporaryFile() as file:
    print(os.path.dirname(directory), os.path.dirname(file.name))
print(os.listdir(tempfile.gettempdir()), sorted(os.listdir(os.path.expanduser("~"))))
