"""Compiles the sources on standard input; a worker of pyship's packer.

A request is: length of the file's name, length of its source (two little-endian 64-bit integers), the name,
the source. Answers are in the order of the requests: one byte (`c` for code, `e` for an error message), the
length of what follows, and a source hash with a marshalled code object, or the message. Before the first answer,
`r` with the magic number and the cache tag. The reader normalizes what marshal makes dependent on other objects.
"""
import sys

# The working directory must not shadow the standard library.
sys.path[:] = [entry for entry in sys.path if entry]

import gc
import marshal
import os
import struct
from _imp import source_hash
from importlib.util import MAGIC_NUMBER


def main():
    # There are hardly any cycles; looking for them takes a sixth of the time.
    gc.disable()
    requests = os.fdopen(0, "rb", 1 << 20, closefd=False)
    answers = os.fdopen(1, "wb", 1 << 20, closefd=False)
    key = int.from_bytes(MAGIC_NUMBER, "little")

    def answer(kind, data):
        answers.write(kind + struct.pack("<Q", len(data)) + data)
        answers.flush()

    answer(b"r", MAGIC_NUMBER + sys.implementation.cache_tag.encode())
    while True:
        head = requests.read(16)
        if not head:
            return
        name_length, source_length = struct.unpack("<QQ", head)
        name = os.fsdecode(requests.read(name_length))
        source = requests.read(source_length)
        try:
            code = compile(source, name, "exec", dont_inherit=True, optimize=0)
            data = source_hash(key, source) + marshal.dumps(code)
        except Exception as error:  # of any kind: this file gets no bytecode
            message = "%s: %s" % (type(error).__name__, error)
            answer(b"e", message.encode("utf-8", "replace"))
        else:
            answer(b"c", data)


main()
