"""``read``, ``outbound_read``, ``reversible`` and ``irreversible``: what a tool does to the world.

Code declares what is intrinsic to a tool; ``bridgehead.yaml`` says who may call it and when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec, TypeVar, overload

from bridgehead.cases.tools import Check, Declaration, Preview, Undo, Verify, read_declaration, write_declaration

P = ParamSpec("P")
R = TypeVar("R")


@overload
def read(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def read(
    *,
    max_age: str | float | None = None,
    source_time: str | None = None,
    timeout: str | float | None = None,
    labels: Mapping[str, str] | None = None,
    sensitive: str | Sequence[str] | None = None,
    cost: str | None = None,
    preview_read: Preview | None = None,
    hedge: bool = True,
    check: Check | None = None,
    moves: str | None = None,
    reaches: str | None = None,
    touches: str | None = None,
) -> Declaration: ...
def read(
    function: Callable[P, R] | None = None,
    /,
    *,
    max_age: str | float | None = None,
    source_time: str | None = None,
    timeout: str | float | None = None,
    labels: Mapping[str, str] | None = None,
    sensitive: str | Sequence[str] | None = None,
    cost: str | None = None,
    preview_read: Preview | None = None,
    hedge: bool = True,
    check: Check | None = None,
    moves: str | None = None,
    reaches: str | None = None,
    touches: str | None = None,
) -> Callable[P, R] | Declaration:
    """Declares a tool that only reads, inside the trust boundary.

    ``max_age`` and ``timeout`` are durations ("15m", or seconds), ``cost`` the price of one
    call ("0.02 EUR"), ``preview_read`` answers in shadow when an argument is a virtual id.
    A read that takes longer than nine of ten before it is asked a second time, unless ``hedge`` is False.
    ``check(*, args, result)`` says what is wrong with a result: it is read once more, and then a person gets the case.
    A read that leaves the trust boundary (it fetches a URL) is ``outbound_read``. ``moves``, ``reaches`` and
    ``touches`` name the arguments (dotted paths) that hold the money a call moves, whom it reaches and which
    records it touches, for `caps`.
    """
    declaration = read_declaration(
        "read",
        max_age=max_age,
        source_time=source_time,
        timeout=timeout,
        labels=labels,
        sensitive=sensitive,
        cost=cost,
        preview_read=preview_read,
        hedge=hedge,
        check=check,
        moves=moves,
        reaches=reaches,
        touches=touches,
    )
    return declaration if function is None else declaration(function)


def outbound_read(
    *,
    max_age: str | float | None = None,
    source_time: str | None = None,
    timeout: str | float | None = None,
    labels: Mapping[str, str] | None = None,
    sensitive: str | Sequence[str] | None = None,
    cost: str | None = None,
    preview_read: Preview | None = None,
    check: Check | None = None,
    moves: str | None = None,
    reaches: str | None = None,
    touches: str | None = None,
) -> Declaration:
    """Declares a read that carries data out of the trust boundary, such as fetching a URL."""
    return read_declaration(
        "outbound_read",
        max_age=max_age,
        source_time=source_time,
        timeout=timeout,
        labels=labels,
        sensitive=sensitive,
        cost=cost,
        preview_read=preview_read,
        hedge=False,
        check=check,
        moves=moves,
        reaches=reaches,
        touches=touches,
    )


def reversible(
    *,
    undo: Undo | None = None,
    undone: Undo | None = None,
    key: str | Sequence[str] | None = None,
    verify: Verify | None = None,
    preview: Preview | None = None,
    idempotent: bool = False,
    repeatable: bool = False,
    timeout: str | float | None = None,
    visible_within: str | float | None = None,
    labels: Mapping[str, str] | None = None,
    sensitive: str | Sequence[str] | None = None,
    cost: str | None = None,
    moves: str | None = None,
    reaches: str | None = None,
    touches: str | None = None,
) -> Declaration:
    """Declares a tool that writes something ``undo`` can take back.

    ``undo(*, key, args, result)`` is called by an operator's ``bridgehead undo``, once the record was read
    back and is as the effect left it; against somebody who writes at that very moment only a target that
    compares and sets protects. ``undone(*, key, args, result)`` says True or False of an undo whose reply
    was lost; without it only absence tells.

    ``key`` names what makes two calls the same effect (default: all arguments; dotted paths
    reach into one). ``verify(*, key, args)`` reads back: the result, None for "absent", or
    raises Mismatch. ``idempotent`` says the target drops a second request that carries the
    same ``effect_key()``. ``visible_within`` is how long the target may take to show what it
    did. ``repeatable`` counts calls instead of merging equal ones. ``moves``, ``reaches`` and ``touches`` name
    the arguments that hold the money, the recipients and the records of a call, for `caps`.
    """
    return write_declaration(
        "reversible",
        key=key,
        verify=verify,
        undo=undo,
        undone=undone,
        preview=preview,
        idempotent=idempotent,
        repeatable=repeatable,
        timeout=timeout,
        visible_within=visible_within,
        labels=labels,
        sensitive=sensitive,
        cost=cost,
        moves=moves,
        reaches=reaches,
        touches=touches,
    )


def irreversible(
    *,
    key: str | Sequence[str] | None = None,
    verify: Verify | None = None,
    preview: Preview | None = None,
    idempotent: bool = False,
    repeatable: bool = False,
    timeout: str | float | None = None,
    visible_within: str | float | None = None,
    labels: Mapping[str, str] | None = None,
    sensitive: str | Sequence[str] | None = None,
    cost: str | None = None,
    moves: str | None = None,
    reaches: str | None = None,
    touches: str | None = None,
) -> Declaration:
    """Declares a tool that writes something nobody can take back, such as sending a mail.

    The arguments mean what they mean for ``reversible``.
    """
    return write_declaration(
        "irreversible",
        key=key,
        verify=verify,
        undo=None,
        undone=None,
        preview=preview,
        idempotent=idempotent,
        repeatable=repeatable,
        timeout=timeout,
        visible_within=visible_within,
        labels=labels,
        sensitive=sensitive,
        cost=cost,
        moves=moves,
        reaches=reaches,
        touches=touches,
    )
