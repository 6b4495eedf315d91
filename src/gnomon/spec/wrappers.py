"""Wrappers: learners that hold another learner, as far as identities are concerned."""

import json
from collections.abc import Mapping
from typing import Any

from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import load, typed_arguments


def inner_versions(args: Mapping[str, Any]) -> dict[str, int]:
    """Versions of the learners inside one that wraps another (its `of`, with `of_args` as JSON), whatever the depth.

    What is wrapped decides the numbers as much as the wrapper: without these a raised version would find old results.
    """
    found: dict[str, int] = {}
    while isinstance(args, Mapping) and isinstance(args.get("of"), str) and args["of"]:
        name = args["of"]
        found[f"learners:{name}"] = load("learners", name).version
        try:
            # with defaults filled in: what is inside may itself wrap another without being told which
            args = typed_arguments("learners", name, json.loads(args.get("of_args") or "{}"))
        except (
            json.JSONDecodeError,
            TypeError,
            AttributeError,
            BadSpec,
        ):  # building the learner says what is wrong
            break
    return found
