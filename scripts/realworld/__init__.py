"""Does the real world pack? Each entry of tests/packages.toml is a package with a short program that uses it.

- `entries`: what an entry holds, and which ones run today
- `trial`: one entry in a virtual environment, packed, and in bare roots; what differs
- `services`: programs that an entry talks to
- `table`: docs/packages.md, from results
- `command`: the options, and what is printed
"""
