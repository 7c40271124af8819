"""Loads a connector specification whole or not at all, and says everything that is wrong with it at once."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from bridgehead.connectors.document import Specification
from bridgehead.errors import UserError
from bridgehead.spec.problem import Mistakes, Problem, shown, worded
from bridgehead.spec.yamlfile import read_yaml


class SpecificationError(Mistakes):
    """A connector specification that cannot be loaded."""

    code = "connector.invalid"
    what = "connector specification"
    remedy = "Correct the file."


def load_specification(path: Path) -> Specification:
    """Returns the connector that a file specifies.

    Raises UserError ``connector.unreadable`` when the file cannot be read, and SpecificationError
    naming file, line, column, field, what was expected and what was found for every mistake.
    """
    try:
        top = read_yaml(path, raises=SpecificationError)
    except SpecificationError:
        raise
    except UserError as error:
        raise UserError(error.message, code="connector.unreadable", hint="Name a connector's YAML file.") from error
    try:
        return Specification.model_validate(top.value)
    except ValidationError as error:
        found = []
        for detail in error.errors(include_url=False):
            spot = top.at(detail["loc"])
            where = ".".join(str(part) for part in detail["loc"])
            found.append(Problem(path.name, spot.line, spot.column, where, worded(detail), shown(spot.value)))
        raise SpecificationError(found) from error
