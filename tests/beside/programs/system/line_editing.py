#!/usr/bin/env python3
# readline, rlcompleter and curses without a terminal.
import curses
import readline
import rlcompleter

print(rlcompleter.Completer({"value": 1}).complete("val", 0), readline.get_history_length())
try:
    curses.setupterm("dumb")
    print(curses.tigetnum("cols"))
except curses.error as error:
    print(error)
