#!/usr/bin/env python3
# jinja2's loaders of packages and directories, and an error in a template.
# packages: web
import jinja2

environment = jinja2.Environment(loader=jinja2.ChoiceLoader([jinja2.PackageLoader("pack"), jinja2.FileSystemLoader(".")]))
print(environment.get_template("a.txt").render(x=1), environment.list_templates())
environment.get_template("bad.txt").render()
