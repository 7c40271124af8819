"""The small language of ``allow:``: comparisons over a call's arguments, parsed with bounds and never executed.

Grammar::

    expression := conjunct ("or" conjunct)*
    conjunct   := negation ("and" negation)*
    negation   := "not" negation | "(" expression ")" | test
    test       := operand [comparison operand | ["not"] "in" "[" literal ("," literal)* "]"]
                | path "from" (source ("or" source)* | "anything")
                | "age" "of" path ("<=" | "<") duration
    source     := "operator" | "user" | "system_of_record" | "untrusted" | TOOL ["." path]
    operand    := path | literal            path := name ("." name)*
    literal    := text | number | number CURRENCY | "true" | "false"
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias, cast

from bridgehead.errors import UserError
from bridgehead.gate.facts import NOWHERE
from bridgehead.gate.naming import tool_in
from bridgehead.money import Money
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import parse_duration

Operator = Literal["==", "!=", "<", "<=", ">", ">="]
MAX_LENGTH: Final = 4_000
MAX_DEPTH: Final = 24
MAX_TESTS: Final = 100

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<duration>\d+(?:\.\d+)?[smhd](?:\d+(?:\.\d+)?[smhd])*)(?![\w.])
    | (?P<number>-?\d+(?:\.\d+)?)(?:\s*(?P<currency>(?!AND\b|NOT\b)[A-Z]{3})\b)?(?![\w.])
    | (?P<name>[A-Za-z_][A-Za-z0-9_-]*(?:\.(?:[A-Za-z_][A-Za-z0-9_-]*|\*))*)
    | (?P<mark>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)
    )""",
    re.VERBOSE | re.ASCII,
)
_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
_WORDS: Final = frozenset({"and", "or", "not", "in", "from", "true", "false"})
INTEGRITIES: Final = ("operator", "user", "system_of_record", "untrusted")
ANYTHING: Final = "anything"
"""After `from`: wherever it was read, or nowhere at all."""
_HABITS: Final = {"=>": ">=", "=<": "<=", "=": "==", "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not"}


class RuleError(UserError):
    """An expression that cannot be a rule; ``at`` is the offset of the mistake in its text, from 0."""

    code = "policy.rule"

    def __init__(self, message: str, at: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, at=at)
        self.at = at


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted path into the call's arguments."""

    parts: tuple[str, ...]
    at: int = 0

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: text, number, amount of money or truth value."""

    value: str | Decimal | Money | bool
    at: int = 0

    def __str__(self) -> str:
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, str):
            escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        return f"{self.value:f}" if isinstance(self.value, Decimal) else str(self.value)


Operand: TypeAlias = Path | Constant


@dataclass(frozen=True, slots=True)
class Compare:
    """``left operator right``."""

    operator: Operator
    left: Operand
    right: Operand
    at: int = 0

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True, slots=True)
class Member:
    """``path in [values]``, or ``not in``."""

    path: Path
    values: tuple[Constant, ...]
    negated: bool = False
    at: int = 0

    def __str__(self) -> str:
        word = "not in" if self.negated else "in"
        return f"{self.path} {word} [{', '.join(map(str, self.values))}]"


@dataclass(frozen=True, slots=True)
class From:
    """``path from words``: every part of the argument was read where one of the words says, or anywhere."""

    path: Path
    words: tuple[str, ...]
    at: int = 0

    @property
    def named(self) -> tuple[str, ...]:
        """The words that name a tool, or a field of what it returns."""
        return tuple(word for word in self.words if word not in (*INTEGRITIES, ANYTHING))

    def __str__(self) -> str:
        return f"{self.path} from {' or '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class AgeOf:
    """``age of path <= duration``: what the argument rests on was read no longer ago. ``within`` as it was written."""

    path: Path
    operator: Literal["<", "<="]
    within_s: float
    within: str
    at: int = 0

    def __str__(self) -> str:
        return f"age of {self.path} {self.operator} {self.within}"


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Every:
    """``and`` of two or more."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """``or`` of two or more."""

    items: tuple[Expression, ...]


Expression: TypeAlias = Compare | Member | Path | From | AgeOf | Not | Every | Either


def parse(text: str, tools: Collection[str] | None = ()) -> Expression:
    """Returns the expression; raises RuleError with the offset of the first mistake.

    ``tools`` are those that may stand behind ``from``; None where they are not known, so that any name may.

    Bounds: ``MAX_LENGTH`` characters, ``MAX_DEPTH`` nested parentheses or negations,
    ``MAX_TESTS`` comparisons.
    """
    if len(text) > MAX_LENGTH:
        raise RuleError(f"a rule has at most {MAX_LENGTH} characters", 0, hint="Write it as a Cedar file in policies/.")
    parser = _Parser(_tokens(text), len(text), tools)
    expression = parser.alternatives(0)
    parser.end()
    return expression


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["text", "duration", "number", "name", "mark"]
    value: str
    at: int
    currency: str | None = None


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    for offset, character in enumerate(text):
        if "\ud800" <= character <= "\udfff" or character == "\0":
            raise RuleError("a character that is no text", offset, hint="Remove it.")
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            word = next((habit for habit in _HABITS if text.startswith(habit, start)), None)
            hint = f"Write {_HABITS[word]}." if word else "Write a comparison such as total <= 5000 EUR."
            raise RuleError(f"{text[start : start + 12]!r} is not understood", start, hint=hint)
        kind = cast(
            'Literal["text", "duration", "number", "name", "mark"]',
            match.lastgroup if match.lastgroup != "currency" else "number",
        )
        found.append(_Token(kind, match[kind], match.start(kind), match["currency"]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: Sequence[_Token], length: int, tools: Collection[str] | None) -> None:
        self.tokens, self.length, self.tools = tokens, length, tools
        self.position = self.tests = 0

    def alternatives(self, depth: int) -> Expression:
        items = [self.conjunction(depth)]
        while self.take("or"):
            items.append(self.conjunction(depth))
        return items[0] if len(items) == 1 else Either(tuple(items))

    def conjunction(self, depth: int) -> Expression:
        items = [self.negation(depth)]
        while self.take("and"):
            items.append(self.negation(depth))
        return items[0] if len(items) == 1 else Every(tuple(items))

    def negation(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise RuleError(f"more than {MAX_DEPTH} levels of nesting", self.at(), hint="Split the rule.")
        if self.take("not"):
            return Not(self.negation(depth + 1))
        if self.take("("):
            inner = self.alternatives(depth + 1)
            if not self.take(")"):
                raise RuleError("expected )", self.at(), hint="Close the parenthesis.")
            return inner
        return self.test()

    def test(self) -> Expression:
        self.tests += 1
        if self.tests > MAX_TESTS:
            raise RuleError(f"more than {MAX_TESTS} comparisons", self.at(), hint="Use `in [...]`, or a Cedar file.")
        at = self.at()
        if self.word() == "age" and self.follows("of"):
            return self.age(at)
        left = self.operand()
        token = self.peek()
        if self.word() == "from":
            return self.source(left, at)
        if token is not None and token.kind == "mark" and token.value in _COMPARISONS:
            self.position += 1
            compare = Compare(cast("Operator", token.value), left, self.operand(), at)
            after = self.peek()
            if after is not None and after.value in _COMPARISONS and after.kind == "mark":
                raise RuleError("comparisons do not chain", after.at, hint="Write a < b and b < c.")
            return compare
        negated = token is not None and token.value == "not" and self.follows("in")
        if negated:
            self.position += 1
        if self.take("in"):
            if isinstance(left, Constant):
                raise RuleError("expected an argument before `in`", left.at, hint='Write tier in ["gold"].')
            return Member(left, self.values(), negated, at)
        if isinstance(left, Constant):
            raise RuleError(
                f"{left} alone is no condition", left.at, hint="Compare an argument with it, or write allow or deny."
            )
        return left

    def source(self, left: Operand, at: int) -> From:
        """Reads what follows `path`: `from user or system_of_record`."""
        if isinstance(left, Constant):
            raise RuleError("expected an argument before `from`", left.at, hint="Write ship_to from system_of_record.")
        self.take("from")
        words = [self.source_word()]
        while self.word() == "or" and self.is_source(self.word(1)) and not self.compares(2):
            self.take("or")
            words.append(self.source_word())
        return From(left, tuple(words), at)

    def source_word(self) -> str:
        token = self.peek()
        known = (*INTEGRITIES, ANYTHING)
        open_ended = self.tools is None and token is not None and token.value not in _WORDS | {NOWHERE}
        if token is None or token.kind != "name" or not (token.value in known or open_ended or self.names(token.value)):
            found = "nothing" if token is None else token.value
            close = nearest(found.partition(".")[0], [*known, *(self.tools or ())])
            hint = f"{close[:1].upper()}{close[1:]} " if close.startswith("did you mean") else ""
            hint += f"Write one of {', '.join(known)}, or a tool and a field of its result; join several with or."
            raise RuleError(f"{found} is no source", self.at(), hint=hint)
        self.position += 1
        return token.value

    def is_source(self, word: str) -> bool:
        """Tells whether a word behind `or` goes on with the sources."""
        return word in INTEGRITIES or self.names(word)

    def names(self, word: str) -> bool:
        """Tells whether a word names a tool, or a field of what one returns."""
        return word != NOWHERE and tool_in(word, self.tools or ()) is not None

    def compares(self, ahead: int) -> bool:
        """Tells whether a test goes on there: then the word before it is an argument, and no source."""
        place = self.position + ahead
        token = self.tokens[place] if place < len(self.tokens) else None
        return token is not None and (
            (token.kind == "mark" and token.value in _COMPARISONS)
            or (token.kind == "name" and token.value in ("in", "not", "from"))
        )

    def age(self, at: int) -> AgeOf:
        """Reads `age of path <= 15m`."""
        self.take("age")
        self.take("of")
        path = self.operand()
        if isinstance(path, Constant):
            raise RuleError("expected an argument after `age of`", path.at, hint="Write age of ship_to <= 15m.")
        token = self.peek()
        if token is None or token.value not in ("<", "<="):
            raise RuleError("expected <= after `age of`", self.at(), hint=f"Write age of {path} <= 15m.")
        self.position += 1
        bound = self.peek()
        if bound is None or bound.kind != "duration":
            raise RuleError(
                "expected a duration such as 15m", self.at(), hint="Units are d, h, m and s, largest first: 1h30m."
            )
        self.position += 1
        try:
            within_s = parse_duration(bound.value)
        except UserError as error:
            raise RuleError(error.message, bound.at, hint=error.hint) from None
        return AgeOf(path, cast('Literal["<", "<="]', token.value), within_s, bound.value, at)

    def word(self, ahead: int = 0) -> str:
        """Returns the name that stands there, "" for anything else."""
        place = self.position + ahead
        token = self.tokens[place] if place < len(self.tokens) else None
        return token.value if token is not None and token.kind == "name" else ""

    def values(self) -> tuple[Constant, ...]:
        if not self.take("["):
            raise RuleError("expected [ after in", self.at(), hint='Write tier in ["gold", "silver"].')
        found: list[Constant] = []
        while True:
            operand = self.operand()
            if isinstance(operand, Path):
                raise RuleError(f"{operand} in a list", operand.at, hint=f'Quote it when it is a text: "{operand}".')
            found.append(operand)
            if self.take("]"):
                return tuple(found)
            if not self.take(","):
                raise RuleError("expected , or ]", self.at(), hint="Separate values with commas and close the list.")

    def operand(self) -> Operand:
        token = self.peek()
        if token is None:
            raise RuleError(
                "the rule ends too early", self.length, hint="Write a comparison such as total <= 5000 EUR."
            )
        if token.kind == "mark" or (token.kind == "name" and token.value in _WORDS - {"true", "false"}):
            raise RuleError(f"expected an argument or a value, found {token.value}", token.at)
        if token.kind == "duration":
            raise RuleError(f"{token.value} is a duration", token.at, hint="Durations stand after `age of PATH <=`.")
        self.position += 1
        if token.kind == "text":
            return Constant(_unquoted(token), token.at)
        if token.kind == "number":
            number = Decimal(token.value)
            return Constant(number if token.currency is None else Money(number, token.currency), token.at)
        if token.value in ("true", "false"):
            return Constant(token.value == "true", token.at)
        return Path(tuple(token.value.split(".")), token.at)

    def end(self) -> None:
        token = self.peek()
        if token is not None:
            raise RuleError(f"expected `and` or `or`, found {token.value}", token.at)

    def peek(self) -> _Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def follows(self, word: str) -> bool:
        after = self.position + 1
        return after < len(self.tokens) and self.tokens[after].kind == "name" and self.tokens[after].value == word

    def take(self, word: str) -> bool:
        token = self.peek()
        if token is None or token.kind not in ("name", "mark") or token.value != word:
            return False
        self.position += 1
        return True

    def at(self) -> int:
        token = self.peek()
        return self.length if token is None else token.at


def _unquoted(token: _Token) -> str:
    escapes = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}
    body = token.value[1:-1]
    found: list[str] = []
    position = 0
    while position < len(body):
        character = body[position]
        if character == "\\":
            position += 1
            if body[position] not in escapes:
                raise RuleError(f"\\{body[position]} is no escape", token.at + position, hint=r"Use \" \' \\ \n or \t.")
            character = escapes[body[position]]
        found.append(character)
        position += 1
    return "".join(found)
