#!/usr/bin/env python3
# Where sysconfig says that things lie.
import os
import sys
import sysconfig

for name, path in sorted(sysconfig.get_paths().items()):
    print(name, path.replace(sys.base_prefix, "BASE"))
print(sysconfig.get_platform(), sysconfig.get_python_version(), sysconfig.get_config_var("EXT_SUFFIX"), sysconfig.get_config_var("prefix") == sys.base_prefix)
print(os.path.exists(sysconfig.get_path("stdlib")), sysconfig.get_config_var("base"))
