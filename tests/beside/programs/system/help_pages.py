#!/usr/bin/env python3
# pydoc of a module of the program's and of the standard library.
import pydoc
import sys


def documented(x):
    """Says what it is."""


print(pydoc.plain(pydoc.render_doc(documented)))
print(pydoc.plain(pydoc.render_doc("json.loads")).splitlines()[0])
print(pydoc.locate("colorsys").__name__)
