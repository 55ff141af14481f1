#!/usr/bin/env python3
# A syntax error in a module that is imported.
import broken
