#!/usr/bin/env python3
# The modules for compression and hashes.
import bz2
import hashlib
import lzma
import zlib

print(len(zlib.compress(b"a" * 99)), len(bz2.compress(b"a" * 99)), len(lzma.compress(b"a" * 99)), sorted(hashlib.algorithms_guaranteed))
print(hashlib.new("sha256", b"x").hexdigest(), hashlib.scrypt(b"a", salt=b"b", n=2, r=1, p=1).hex()[:8])
