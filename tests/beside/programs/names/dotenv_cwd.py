#!/usr/bin/env python3
# python-dotenv looks in the working directory.
# packages: tools
from dotenv import dotenv_values, find_dotenv

with open(".env", "w") as file:
    file.write("A=1\nB=${A}2\n")
print(find_dotenv(usecwd=True), dict(dotenv_values(find_dotenv(usecwd=True))))
