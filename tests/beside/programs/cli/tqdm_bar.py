#!/usr/bin/env python3
# tqdm's progress on standard error.
# packages: cli
from tqdm import tqdm

print(sum(tqdm(range(100), bar_format="{desc}{n_fmt}/{total_fmt}", desc="work", mininterval=100)))
