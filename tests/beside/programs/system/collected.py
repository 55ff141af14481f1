#!/usr/bin/env python3
# Objects of __main__ and of modules are finalized at exit.
import gc
import weakref


class Thing:
    pass


thing = Thing()
weakref.finalize(thing, print, "finalized")
cycle = []
cycle.append(cycle)
print(gc.isenabled(), gc.get_threshold(), gc.get_freeze_count() >= 0)
del cycle
print(gc.collect() >= 1, gc.callbacks)
