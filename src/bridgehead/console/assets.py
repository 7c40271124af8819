"""The console's own scripts and styles: under names that hold their content's digest, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TYPES: Final[Mapping[str, str]] = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
_DIGEST: Final = 12


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its content and its media type."""

    content: bytes
    media_type: str


class Assets:
    """Every file of the package's folder, read once; a path never reaches the file system."""

    def __init__(self) -> None:
        self._served: dict[str, Asset] = {}
        self._names: dict[str, str] = {}
        for file in resources.files("bridgehead.console").joinpath("assets").iterdir():
            kind = file.name.rpartition(".")[2]
            if kind not in TYPES:
                continue
            content = file.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:_DIGEST]
            served = f"{file.name.rpartition('.')[0]}.{digest}.{kind}"
            self._names[file.name] = served
            self._served[served] = Asset(content, TYPES[kind])

    def url(self, name: str) -> str:
        """Returns where a file is served; raises KeyError for one that is not there."""
        return f"/assets/{self._names[name]}"

    def route(self) -> Route:
        """Returns the route that serves them."""
        return Route("/assets/{name}", self._serve, methods=["GET"], name="asset")

    async def _serve(self, request: Request) -> Response:
        found = self._served.get(str(request.path_params["name"]))
        if found is None:
            raise HTTPException(404)
        return Response(
            found.content,
            media_type=found.media_type,
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )
