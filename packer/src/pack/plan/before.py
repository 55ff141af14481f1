"""Stands before imports.py and trial.py, in an interpreter of this machine: what the launcher gives a packed app, made of
the app's files alone."""
import importlib.util
import json
import os
import sys
import types

GIVEN = json.load(sys.stdin)
CODE = GIVEN["code"]
DIRECTORIES = [CODE + "/" + name if name else CODE for name in GIVEN["directories"]]
PATH = list(sys.path)
sys.modules["_pyship"] = types.SimpleNamespace(_CODE=CODE, _IMPORTS=DIRECTORIES)
ARGUMENTS = sys.argv[1:]
