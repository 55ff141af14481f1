#!/usr/bin/env python3
# pkg_resources: working set, requirements, resources.
# packages: setup
import warnings

warnings.simplefilter("ignore")
import pkg_resources

print(pkg_resources.get_distribution("setuptools").version, pkg_resources.get_distribution("attrs").location)
print(sorted(each.key for each in pkg_resources.working_set))
print(pkg_resources.require("attrs")[0], pkg_resources.resource_filename("attr", "py.typed"))
