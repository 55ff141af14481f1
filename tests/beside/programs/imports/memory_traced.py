#!/usr/bin/env python3
# tracemalloc from the start.
# env: PYTHONTRACEMALLOC=5
import tracemalloc

print(tracemalloc.is_tracing(), tracemalloc.get_traceback_limit())
data = [bytes(1000) for _ in range(10)]
snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, __file__)])
print([str(each.traceback[0]) for each in snapshot.statistics("lineno")][:1])
