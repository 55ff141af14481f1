# Runs as `__main__`, whose names are the app's: this leaves none, and has no docstring.
try:
    exec(__import__("_pyship")._prepare())
except BaseException:
    __import__("_pyship")._trim()
    raise
