"""SQL of a specification as text and binds: where ``:argument`` stands, and what kind of statement it is.

Only what every database shares is understood: literals, quoted names, comments, words. That is enough
to find binds and to refuse a read that is no single SELECT. What keeps a read from writing is the
database (see ``sql_servers``); this check makes a mistake visible when the file is loaded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from bridgehead.errors import UserError

_TOKEN: Final = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*(?!!).*?\*/ )
    | (?P<text> [eEnN]?'(?:[^'\\]|''|\\.)*' | \$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$ )
    | (?P<quoted> "(?:[^"]|"")*" | `(?:[^`]|``)*` )
    | (?P<cast> ::|:= )
    | (?P<bind> (?<![\w:\]]):(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*) )
    | (?P<word> [@A-Za-z_]\w* )
    | (?P<end> ; )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_TESTED: Final = re.compile(r"is\s+(not\s+)?null\b", re.IGNORECASE)
_UNCLOSED: Final = frozenset("'\"`")
_READS: Final = frozenset({"SELECT", "WITH", "VALUES"})
_WRITES: Final = frozenset({"INTO", "UPDATE", "DELETE", "MERGE", "OUTFILE", "DUMPFILE"})
_CONTROL: Final = frozenset(
    {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE", "XA", "LOCK", "UNLOCK",
     "USE", "PRAGMA", "ATTACH"}
)  # fmt: skip
_CHANGES: Final = frozenset({"SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"})


@dataclass(frozen=True, slots=True)
class Bind:
    """A place for a value.

    ``wrapped``: parentheses stand around it already; ``negated``: it follows NOT IN; ``tested``: IS NULL
    follows it, which asks of an argument only whether it is there.
    """

    name: str
    wrapped: bool = False
    negated: bool = False
    tested: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in pieces: texts as they are written, and binds between them. ``verb`` is its first word."""

    pieces: tuple[str | Bind, ...]
    verb: str
    words: frozenset[str]

    @property
    def binds(self) -> tuple[str, ...]:
        """The names that it binds, each once, in their order."""
        return tuple(dict.fromkeys(piece.name for piece in self.pieces if isinstance(piece, Bind)))

    @property
    def stays_open(self) -> bool:
        """True when it cannot end the transaction it runs in, whatever triggers and functions it sets off.

        A call of a procedure or a change of the schema may, on some databases.
        """
        return self.verb in _CHANGES or (self.verb == "SET" and any(word.startswith("@") for word in self.words))


def parse(sql: str, what: str) -> Statement:
    """Returns one statement in pieces; a semicolon at its end is left out.

    Raises UserError ``connector.sql`` for an empty text, a second statement, a literal that is not
    closed, a literal that databases read differently (a backslash before its end), or a comment that some run.
    """
    pieces: list[str | Bind] = []
    words: list[str] = []
    text = ""
    trail: list[str] = []
    ended = False
    for found in _TOKEN.finditer(sql.strip()):
        kind, token = found.lastgroup, found[0]
        kind = "text" if kind == "tag" else "bind" if kind == "name" else kind
        if kind == "comment":
            text += token
            continue
        if kind == "end":
            ended = True
            continue
        if ended and not token.isspace():
            raise _wrong(what, "it holds more than one statement", "Write one statement; an action may list several.")
        if token in _UNCLOSED:
            raise _wrong(what, f"a {token} is not closed", "Close it, or bind the value by :argument.")
        if kind == "text" and "\\'" in token:
            raise _wrong(
                what,
                "it has a text with \\' in it, which databases read differently",
                "Bind it by :argument, or write ''.",
            )
        if kind == "other" and sql.startswith("/*!", found.start()):
            raise _wrong(what, "it has a comment that some databases run", "Leave out /*! … */.")
        if kind == "bind":
            pieces.append(text)
            pieces.append(Bind(found["name"], wrapped=trail[-1:] == ["("], negated="NOT IN" in " ".join(trail[-3:])))
            text = ""
            trail.append(":")
            continue
        text += token
        if not token.isspace():
            trail.append(token.upper())
        if kind == "word":
            words.append(token.upper())
    pieces.append(text)
    if not words:
        raise _wrong(what, "it is empty", "Write a statement.")
    return Statement(_by_what_follows(tuple(pieces)), words[0], frozenset(words))


def _by_what_follows(pieces: tuple[str | Bind, ...]) -> tuple[str | Bind, ...]:
    """Says of each bind what the text behind it tells: whether its parenthesis closes there, and whether IS follows."""
    done = list(pieces)
    for at, piece in enumerate(pieces):
        if isinstance(piece, Bind):
            after = pieces[at + 1]
            text = after.lstrip() if isinstance(after, str) else ""
            done[at] = replace(
                piece, wrapped=piece.wrapped and text.startswith(")"), tested=_TESTED.match(text) is not None
            )
    return tuple(done)


def parse_read(sql: str, what: str) -> Statement:
    """Returns the one SELECT that a read is; raises UserError ``connector.sql`` for anything else."""
    statement = parse(sql, what)
    first = next((piece for piece in statement.pieces if isinstance(piece, str) and piece.strip()), "")
    if statement.verb not in _READS or not first.strip().lstrip("( \n\t").upper().startswith(statement.verb):
        raise _wrong(what, f"it begins with {statement.verb}", "A read is one SELECT (or WITH … SELECT).")
    if written := sorted(statement.words & _WRITES):
        raise _wrong(
            what, f"{written[0]} stands in it, and a read changes nothing",
            'Leave it out; a column of that name is written in quotes ("update").',
        )  # fmt: skip
    return statement


def parse_change(sql: str, what: str) -> Statement:
    """Returns one statement of an action; raises UserError ``connector.sql`` for one that controls the transaction."""
    statement = parse(sql, what)
    if statement.verb in _CONTROL or (statement.verb == "SET" and not statement.stays_open):
        raise _wrong(
            what, f"{statement.verb} is not for an action",
            "All statements of an action run in one transaction, which begins and ends by itself.",
        )  # fmt: skip
    return statement


def _wrong(what: str, why: str, hint: str) -> UserError:
    return UserError(f"{what}: {why}", code="connector.sql", hint=hint)
