#!/usr/bin/env python3
# Limits, umask and niceness are those of the caller.
# shell: umask 027; ulimit -n 300; ulimit -c 0; nice -n 4 "$@"
import os
import resource

print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE), os.nice(0))
umask = os.umask(0)
print(oct(umask))
