#!/usr/bin/env python3
# The reader of a pipe goes away.
# as: script console
# shell: "$@" | head -1; echo ${PIPESTATUS[0]}
def main():
    for number in range(100000):
        print("line", number)


if __name__ == "__main__":
    main()
