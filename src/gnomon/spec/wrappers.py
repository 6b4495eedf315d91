"""Wrappers: learners that hold another learner, as far as identities are concerned."""

import json
from collections.abc import Mapping
from typing import Any

from gnomon.spec.registry import load


def inner_versions(args: Mapping[str, Any]) -> dict[str, int]:
    """Versions of the learners inside one that wraps another (its `of`, with `of_args` as JSON), whatever the depth.

    What is wrapped decides the numbers as much as the wrapper: without these a raised version would find old results.
    """
    found: dict[str, int] = {}
    while isinstance(args, Mapping) and isinstance(args.get("of"), str) and args["of"]:
        found[f"learners:{args['of']}"] = load("learners", args["of"]).version
        try:
            args = json.loads(args.get("of_args") or "{}")
        except (json.JSONDecodeError, TypeError):  # building the learner says what is wrong with it
            break
    return found
