#!/usr/bin/env python3
# Interpreters of one process import the program's packages and hand values to each other.
# python: 3.14-3.99
import sys
from concurrent import interpreters
from concurrent.futures import InterpreterPoolExecutor


def main():
    interpreter = interpreters.create()
    queue = interpreters.create_queue()
    interpreter.prepare_main(queue=queue)
    interpreter.exec("import json, sys; queue.put([sys.prefix, sys.executable, json.__file__, json.loads('[1]')])")
    print(*queue.get())
    interpreter.close()
    with InterpreterPoolExecutor(2) as pool:
        print(list(pool.map(abs, [-1, 2])))
    print(sys.prefix, len(interpreters.list_all()))


if __name__ == "__main__":
    main()
