"""How `scripts/bench` measures. One idea a module, in the order in which a run meets them:

command    the switch: what to do, what to print        settings   options, the interpreter, environments
machine    what it runs on                              meaning    what each measure compares, how it was checked
apps       the apps and their virtual environments      synthetic  the package of 1 GB
pyship     the command that is measured                 peers/     the others: how to build and start each
comparison the run: app by app, place by place          against    the same for two versions of pyship
measures/  what is measured, one measure a module       turns      commands that are compared run in turn
running    steps, and starts that are timed             strace     counted system calls, the launcher's last execve
summary    minimum, median, spread                      record     what was found
table      it for people                                chart      it as a picture
"""
