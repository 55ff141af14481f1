#!/usr/bin/env python3
# Namespace packages of two distributions, in the three ways that there are.
# packages: namespaces
import sys

import zope
import zope.event
import zope.interface

print(sorted(zope.__path__), zope.interface.Interface.__module__)
print(zope.event.subscribers, zope.interface.__file__)
import google.protobuf

print(list(sys.modules["google"].__path__), google.protobuf.__version__)
