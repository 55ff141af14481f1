#!/usr/bin/env python3
# Every encoding of the standard library.
import encodings.aliases
import codecs

print(sorted({codecs.lookup(name).name for name in set(encodings.aliases.aliases.values()) - {"mbcs", "oem"}}))
