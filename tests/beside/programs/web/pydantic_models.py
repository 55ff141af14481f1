#!/usr/bin/env python3
# pydantic models of __main__ with references forward, and an error.
# as: script module
# packages: web
from __future__ import annotations

from typing import List, Optional

from pydantic import BaseModel, ValidationError


class Node(BaseModel):
    name: str
    children: Optional[List[Node]] = None


def main():
    print(Node.model_validate_json('{"name": "a", "children": [{"name": "b"}]}'), Node.__module__)
    try:
        Node(name=[])
    except ValidationError as error:
        print(error)


if __name__ == "__main__":
    main()
