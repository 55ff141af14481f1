#!/usr/bin/env python3
# python-dotenv looks for its file beside the caller's file.
# packages: tools
import os

from dotenv import find_dotenv, load_dotenv

print(find_dotenv("settings.env"))
print(load_dotenv(find_dotenv("settings.env")), os.environ.get("BESIDE"))
import below

below.look()
