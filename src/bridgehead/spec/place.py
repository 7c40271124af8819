"""Where in a deployment's file a mistake stands that shows only once its code is loaded."""

from __future__ import annotations

from collections.abc import Sequence

from bridgehead.errors import UserError
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.load import FILE_NAME
from bridgehead.spec.problem import DeploymentError, Problem
from bridgehead.spec.yamlfile import read_yaml


def placed(
    deployment: Deployment, path: Sequence[str | int], expected: str, found: str = "", hint: str = ""
) -> Problem:
    """Returns a mistake at a field of ``bridgehead.yaml``, or at the nearest one above it that is written there."""
    file = deployment.file or deployment.folder / FILE_NAME
    line = column = 0
    try:
        spot = read_yaml(file).at(path)
        line, column = spot.line, spot.column
    except UserError:  # a deployment that was put together in code has no file
        pass
    return Problem(file.name, line, column, ".".join(map(str, path)), expected, found, hint)


def misfit(
    deployment: Deployment, path: Sequence[str | int], expected: str, *, code: str, found: str = "", hint: str = ""
) -> DeploymentError:
    """Returns the error of one mistake at a field of ``bridgehead.yaml``, under a code of its own."""
    return DeploymentError([placed(deployment, path, expected, found, hint)], code=code)
