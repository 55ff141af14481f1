#!/usr/bin/env python3
# python-dotenv looks for .env beside the caller's file.
# packages: tools
import os

from dotenv import find_dotenv, load_dotenv

print(find_dotenv())
print(load_dotenv(), os.environ.get("BESIDE"))
import below

below.look()
