#!/usr/bin/env python3
# Objects of __main__ are pickled by name.
# as: script module console
import pickle
import pickletools


class Thing:
    pass


def main():
    data = pickle.dumps(Thing(), 2)
    print(Thing.__module__, data)
    print(type(pickle.loads(data)) is Thing)


if __name__ == "__main__":
    main()
