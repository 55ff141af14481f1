#!/usr/bin/env python3
# A syntax error in the program itself.
def main():
    print("never"
