"""The reader's own process: takes documents on standard input, answers on standard output, as framed JSON.

Each message is a 4-byte big-endian length and that many bytes. A request is a JSON header
with the document behind it in a second message; the answer is one JSON message. The process
ends with its input. A reader that spins does not look at its input any more, and its worker may
have been killed meanwhile: so the system ends the process when one document has taken its
processor time.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import struct
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from pydantic import TypeAdapter

from bridgehead.cases.intake import NewCase, NoCase, ReadResult, ToReview
from bridgehead.spec.tool import JSON

HEADER = struct.Struct(">I")
CPU_S = 60
"""Processor time one document may take, in seconds; the worker's own patience ends long before."""
MEMORY = 2 * 2**30
"""Address space of the process, in bytes: a document that asks for more gets an error and goes to a person."""

_ADAPTERS: Final[dict[type[object], TypeAdapter[Any]]] = {}
"""What writes the inputs of each type that readers have made: to make one takes longer than most documents."""


def run_reader(reader: str, folder: str, document: bytes, name: str) -> ReadResult:
    """Imports and runs a reader; whatever it raises becomes a review of its document."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module, _, attribute = reader.partition(":")
    try:
        found: ReadResult = getattr(importlib.import_module(module), attribute)(document, name)
        to_json(found)
    except Exception as error:  # noqa: BLE001  # the boundary to the reader's code: its document goes to a person
        return ToReview(f"The reader failed on this document: {type(error).__name__}: {error}", error_class="bug")
    return found


def to_json(result: ReadResult) -> JSON:
    """Returns a reader's answer as JSON; inputs by their own type's serialisation."""
    if isinstance(result, NoCase):
        return {"no_case": result.reason}
    items = [result] if isinstance(result, (NewCase, ToReview)) else list(result)
    return {"items": [_item(item) for item in items]}


def from_json(answer: Mapping[str, JSON]) -> list[NewCase | ToReview] | NoCase:
    """Returns the reader's answer again; inputs as JSON, which the agent's type validates."""
    if "no_case" in answer:
        return NoCase(str(answer["no_case"]))
    items = answer["items"]
    found: list[NewCase | ToReview] = []
    for item in items if isinstance(items, list) else []:
        if "review" in item:
            found.append(ToReview(**item["review"]))
        else:
            found.append(NewCase(**item["case"]))
    return found


def _item(item: NewCase | ToReview) -> JSON:
    if isinstance(item, ToReview):
        return {
            "review": {
                "reason": item.reason,
                "role": item.role,
                "error_class": item.error_class,
                "details": dict(item.details),
                "within_s": item.within_s,
            }
        }
    kind = type(item.input)
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    plain: JSON = _ADAPTERS[kind].dump_python(item.input, mode="json")
    key = None if item.key is None else dict(item.key)
    return {"case": {"input": plain, "content": item.content, "key": key, "text": item.text}}


def receive(stream: BinaryIO) -> bytes | None:
    """Returns the next message, or None at the end of the stream."""
    head = stream.read(HEADER.size)
    if len(head) < HEADER.size:
        return None
    (length,) = HEADER.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


def bound_processor_time() -> None:
    """Lets this process use ``CPU_S`` more seconds of processor time; past that it gets SIGXCPU (setrlimit(2))."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + CPU_S + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def bound_memory() -> None:
    """Lets this process have ``MEMORY`` bytes of address space, less where the system gives less (setrlimit(2))."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard), hard))


def main() -> None:
    """Serves requests until the input ends. What a reader prints goes to standard error."""
    bound_memory()
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        head, document = receive(requests), receive(requests)
        if head is None or document is None:
            return
        asked = json.loads(head)
        bound_processor_time()
        result = run_reader(asked["reader"], asked["folder"], document, asked["name"])
        body = json.dumps(to_json(result)).encode()
        answers.write(HEADER.pack(len(body)) + body)
        answers.flush()


if __name__ == "__main__":
    main()
