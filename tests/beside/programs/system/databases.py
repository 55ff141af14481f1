#!/usr/bin/env python3
# sqlite3's version, extensions and functions in SQL.
import sqlite3

connection = sqlite3.connect(":memory:")
connection.create_function("twice", 1, lambda x: x * 2)
print(connection.execute("select twice(21), json('[1]')").fetchall(), sqlite3.sqlite_version)
print(sorted(row[0] for row in connection.execute("pragma compile_options") if row[0].startswith("ENABLE")))
