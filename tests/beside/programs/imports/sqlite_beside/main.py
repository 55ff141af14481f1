#!/usr/bin/env python3
# A database beside the code, which the program changes.
import os
import sqlite3

path = os.path.join(os.path.dirname(__file__), "data.db")
print(os.path.exists(path))
with sqlite3.connect(path) as database:
    database.execute("create table if not exists t (x)")
    database.execute("insert into t values (1)")
    print(database.execute("select count(*) from t").fetchall())
database.close()
os.remove(path)
