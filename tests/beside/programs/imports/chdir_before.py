#!/usr/bin/env python3
# The working directory changes before something is imported.
import os

os.chdir("/")
import csv
import xmlrpc.client

print(csv.__name__, xmlrpc.client.__name__, os.path.isabs(__file__), os.path.exists(__file__))
