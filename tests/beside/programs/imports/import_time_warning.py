#!/usr/bin/env python3
# PYTHONWARNINGS turns a warning at import time into an error.
# env: PYTHONWARNINGS=error::UserWarning,ignore::DeprecationWarning
import sys
import warnings

print(sys.warnoptions, warnings.filters[0])
warnings.warn("old", DeprecationWarning)
warnings.warn("fatal")
