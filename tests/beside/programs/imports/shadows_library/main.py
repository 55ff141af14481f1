#!/usr/bin/env python3
# Modules of the program with names of the standard library.
import calendar
import token
import types

print(calendar.OWN, getattr(token, "OWN", None), hasattr(types, "OWN"), calendar.__file__)
