#!/usr/bin/env python3
# trace and sys.settrace of imports.
import sys
import trace

events = []


def tracer(frame, event, argument):
    if frame.f_code.co_name in ("main", "inner"):
        events.append((frame.f_code.co_name, event, frame.f_lineno))
        return tracer


def inner():
    return 1


def main():
    import colorsys

    return inner() + colorsys.ONE_THIRD


sys.settrace(tracer)
main()
sys.settrace(None)
print(events)
tracer = trace.Trace(count=1, trace=0)
tracer.runfunc(inner)
print({(name.rpartition("/")[2], line): count for (name, line), count in tracer.results().counts.items()})
