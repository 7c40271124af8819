"""Writes the JSON Schema of a connector specification: ``python -m bridgehead.connectors.schema > FILE``."""

from __future__ import annotations

import json
import sys

from bridgehead.connectors.document import json_schema


def schema_text() -> str:
    """Returns ``docs/reference/connector.schema.json`` as it must stand: 2020-12, sorted, newline at the end."""
    schema: dict[str, object] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "connector.yaml",
        **{name: value for name, value in json_schema().items() if name != "title"},
    }
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
