#!/usr/bin/env python3
# attrs and dataclasses: source of what they generate, in tracebacks.
# packages: setup
import dataclasses
import traceback

import attr


@attr.s(auto_attribs=True)
class Point:
    x: int = attr.ib(validator=attr.validators.instance_of(int))


@dataclasses.dataclass(frozen=True)
class Line:
    a: int


print(Point(1), Line(2), Point.__module__)
try:
    Point("x")
except TypeError:
    trace = traceback.format_exc().splitlines()
    print(trace[0], trace[-1][:60])
Line(1).a = 2
