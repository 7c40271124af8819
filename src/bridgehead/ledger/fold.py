"""What a chain proves about the tables: its rows folded to the state that they leave behind.

Pure: a chain goes in, and the rows that the tables must hold come out, named by table and id, each
with the fields that the chain vouches for. ``compare`` names every row that is missing, additional or
different. Bytes are lower-case hex and numbers of any scale are plain decimals on both sides.
Times, file names, branches and what only steers a run (epochs, leases, wake-ups) are not on the chains.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, TypeAlias

Field: TypeAlias = str | int | bool | None
"""One fact as both sides write it; text and number are never equal."""

Key: TypeAlias = tuple[str, str]
"""A row of the tables: its table, and its id as text."""

Facts: TypeAlias = dict[Key, dict[str, Field]]

EFFECT_STATES: Final = frozenset(
    {
        "proposed",
        "denied",
        "virtual",
        "held",
        "intended",
        "superseded",
        "cancelled",
        "committed",
        "failed",
        "unknown",
        "undone",
    }
)
STEPS: Final = frozenset({"step.read", "step.effect", "step.model", "step.question", "step.timer"})
_ARRIVED: Final = frozenset({"arrival.read", "arrival.no_case", "arrival.review"})
_PAYLOADS: Final = ("payload", "result", "document", "input", "outcome", "answer", "detail")
"""Names of commitments that refer to a blob; the others are digests for lookup."""

_DIGEST: Final = re.compile("([0-9a-f]{64})?")  # a timer has an empty digest: it is found by its name alone
_LARGEST_EXPONENT: Final = 60
_CUT: Final = 70


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of a table that is not as its chain says.

    ``kind``: ``missing`` (the chain vouches for a row that is not there), ``additional`` (a row that no
    ledger row speaks of) or ``different``, and then ``field`` names what.
    """

    chain: str
    table: str
    id: str
    field: str | None
    kind: Literal["missing", "additional", "different"]
    detail: str

    def __str__(self) -> str:
        place = f"{self.chain}: {self.table} {self.id}" + ("" if self.field is None else f", {self.field}")
        return f"{place}: {self.kind}, {self.detail}"


@dataclass(slots=True)
class Proved:
    """What one chain proves: rows of tables, payloads that must be there, and the data keys that open them."""

    facts: Facts = field(default_factory=dict)
    blobs: dict[str, None] = field(default_factory=dict)
    keys: set[int] = field(default_factory=set)
    erased: set[int] = field(default_factory=set)


class _Event:
    """One ledger row's contents, read without trust: whoever forged it may have written anything."""

    __slots__ = ("commitments", "kind", "refs")

    def __init__(self, body: bytes) -> None:
        try:
            stated = json.loads(body)
        except (ValueError, RecursionError):
            stated = None
        found = stated if isinstance(stated, dict) else {}
        kind, refs, commitments = found.get("kind"), found.get("refs"), found.get("commitments")
        self.kind = kind if isinstance(kind, str) else ""
        self.refs: Mapping[str, object] = refs if isinstance(refs, dict) else {}
        self.commitments: Mapping[str, object] = commitments if isinstance(commitments, dict) else {}

    def ref(self, name: str) -> Field:
        value = self.refs.get(name)
        if isinstance(value, str):
            # Half a surrogate pair is no text that a table could hold or a terminal show.
            return value if value.isascii() else value.encode(errors="backslashreplace").decode()
        return value if value is None or isinstance(value, int) else json.dumps(value)

    def id(self, name: str) -> str:
        return str(self.ref(name))

    def digest(self, name: str) -> Field:
        value = self.commitments.get(name)
        return value if isinstance(value, str) and _DIGEST.fullmatch(value) else None


def decimal(value: object) -> Field:
    """Returns a number in its one plain form: ``1.50`` and ``1.5`` are one amount; None and text stay as they are."""
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return str(value)
    return f"{number.normalize():f}" if number else "0"


def fold(chain: str, bodies: Iterable[bytes]) -> Proved:
    """Returns what the rows of one whole chain prove, in their order.

    Kinds that change no table, such as notes, add at most a payload. Nothing is raised for rows of an
    odd form: they prove something that no table holds, so that they are named.
    """
    folding = _Folding(chain)
    for body in bodies:
        folding.take(_Event(body))
    return folding.proved


class _Folding:
    """The state of one fold."""

    def __init__(self, chain: str) -> None:
        self._chain = chain
        self._number = chain[2:]
        self._deployment: Field = None
        self._level: Field = None
        self.proved = Proved()
        self._kinds: dict[str, Callable[[_Event], None]] = {
            "arrival.stored": self._arrival,
            "arrival.case": self._arrival_case,
            "case.opened": self._case,
            "case.adopted": self._adopted,
            "case.with_person": self._with_person,
            "case.done": self._done,
            "decision": self._decision,
            "review.opened": self._review,
            "review.decided": self._decided,
            "review.used": self._used,
            "review.superseded": self._superseded,
            "review.escalated": self._escalated,
            "cost": self._cost,
            "release.registered": self._release,
            "level.set": self._level_set,
            "control.set": self._control,
            "grant.made": self._granted,
            "grant.narrowed": self._granted,
            "grant.revoked": self._revoked,
            "user.added": self._user,
            "user.changed": self._user,
            "user.roles": self._changed_user,
            "user.groups": self._changed_user,
            "user.password": self._password,
            "user.disabled": self._disabled,
            "token.made": self._token,
            "token.revoked": self._token_revoked,
            "user.barred": self._barred,
            "user.admitted": self._admitted,
            "control.lifted": self._lifted,
            "key.erased": self._erased,
        }

    def take(self, event: _Event) -> None:
        """Adds one row."""
        for name in _PAYLOADS:
            commitment = event.digest(name)
            if isinstance(commitment, str) and commitment:
                self.proved.blobs[commitment] = None
        key = event.ref("data_key")
        if isinstance(key, int):
            self.proved.keys.add(key)
        if event.kind in self._kinds:
            self._kinds[event.kind](event)
        elif event.kind in STEPS:
            self._step(event)
        elif event.kind in _ARRIVED:
            self._row("arrivals", self._number)["state"] = event.kind.removeprefix("arrival.")
        elif event.kind.removeprefix("effect.") in EFFECT_STATES:
            self._effect(event)

    def _row(self, table: str, number: str) -> dict[str, Field]:
        """Returns the row's fields so far; a row that was never opened has few, and so differs."""
        return self.proved.facts.setdefault((table, number), {})

    def _arrival(self, event: _Event) -> None:
        self._deployment = event.ref("deployment")
        self._row("arrivals", self._number).update(
            deployment=self._deployment,
            source=event.ref("source"),
            source_key=event.digest("key"),
            document=event.digest("document"),
            unfit=event.digest("unfit"),
            size_bytes=event.ref("size_bytes"),
            data_key=event.ref("data_key"),
            state="stored",
        )

    def _arrival_case(self, event: _Event) -> None:
        # Two orders of one document may be one case: the first relation is the one that is kept.
        self._row("arrival_cases", event.id("case")).setdefault("relation", event.ref("relation"))

    def _case(self, event: _Event) -> None:
        self._deployment, self._level = event.ref("deployment"), event.ref("level")
        self._row("cases", self._number).update(
            deployment=self._deployment,
            release=event.ref("release"),
            level=self._level,
            business_key=event.digest("key"),
            content=event.digest("content"),
            revision=event.ref("revision"),
            revises=event.ref("revises"),
            data_key=event.ref("data_key"),
            input=event.digest("input"),
            state="open",
            outcome=None,
            outcome_payload=None,
            error_class=None,
        )

    def _adopted(self, event: _Event) -> None:
        self._level = event.ref("level")
        self._row("cases", self._number).update(release=event.ref("to"), level=self._level)

    def _with_person(self, event: _Event) -> None:
        row = self._row("cases", self._number)
        row["state"] = "with_person"
        if "error_class" in event.refs:
            row["error_class"] = event.ref("error_class")

    def _done(self, event: _Event) -> None:
        row = self._row("cases", self._number)
        row.update(state="done", outcome=event.ref("outcome"), outcome_payload=event.digest("outcome"))
        if "error_class" in event.refs:
            row["error_class"] = event.ref("error_class")

    def _step(self, event: _Event) -> None:
        self._row("steps", event.id("step")).update(
            kind=event.kind.removeprefix("step."),
            name=event.ref("name"),
            occurrence=event.ref("occurrence"),
            ok=event.ref("ok"),
            args_digest=event.digest("args"),
            payload=event.digest("payload"),
        )

    def _decision(self, event: _Event) -> None:
        self._row("decisions", event.id("decision")).update(
            tool=event.ref("tool"),
            verdict=event.ref("verdict"),
            args_digest=event.digest("args"),
            policy_digest=event.digest("policy"),
            detail=event.digest("detail"),
        )

    def _effect(self, event: _Event) -> None:
        number = event.id("effect")
        known = ("effects", number) in self.proved.facts
        row = self._row("effects", number)
        if not known:
            row.update(
                deployment=self._deployment,
                tool=event.ref("tool"),
                key=event.digest("key"),
                args_digest=event.digest("args"),
                occurrence=event.ref("occurrence"),
                level=self._level,
                payload=event.digest("payload"),
                result=None,
                decision=None,
                superseded_by=None,
            )
        row.update(state=event.kind.removeprefix("effect."), attempt=event.ref("attempt"))
        if event.ref("decision") is not None:
            row["decision"] = event.ref("decision")
        if event.digest("result") is not None:
            row["result"] = event.digest("result")
        if event.ref("supersedes") is not None:
            self._row("effects", event.id("supersedes"))["superseded_by"] = event.ref("effect")

    def _review(self, event: _Event) -> None:
        valid = event.refs.get("valid_for_s")
        self._row("reviews", event.id("review")).update(
            kind=event.ref("kind"),
            deployment=self._deployment,
            role=event.ref("role"),
            effect=event.ref("effect"),
            args_digest=event.digest("args"),
            error_class=event.ref("error_class"),
            data_key=event.ref("data_key"),
            payload=event.digest("payload"),
            valid_for_ms=round(valid * 1000) if isinstance(valid, (int, float)) and math.isfinite(valid) else None,
            state="open",
            decided_by=None,
            decided_via=None,
            decided_for=None,
            answer=None,
            minutes=None,
            used=False,
        )

    def _decided(self, event: _Event) -> None:
        self._row("reviews", event.id("review")).update(
            state=event.ref("state"),
            decided_by=event.ref("by"),
            decided_via=event.ref("via"),
            decided_for=event.ref("for"),
            answer=event.digest("answer"),
            minutes=decimal(event.ref("minutes")),
        )
        arrival = self.proved.facts.get(("arrivals", self._number))
        rows = self.proved.facts.items()
        # An arrival is settled by the last decision about it, in the same commit.
        if arrival is not None and not any(
            table == "reviews" and row.get("state") == "open" for (table, _), row in rows
        ):
            arrival["state"] = "settled"

    def _used(self, event: _Event) -> None:
        self._row("reviews", event.id("review"))["used"] = True

    def _superseded(self, event: _Event) -> None:
        self._row("reviews", event.id("review"))["state"] = "superseded"

    def _escalated(self, event: _Event) -> None:
        if event.ref("to") is not None:
            self._row("reviews", event.id("review"))["role"] = event.ref("to")

    def _cost(self, event: _Event) -> None:
        money = event.ref("money")
        amount, _, currency = money.partition(" ") if isinstance(money, str) else (None, "", None)
        self._row("costs", event.id("cost")).update(
            kind=event.ref("kind"),
            name=event.ref("name"),
            amount=decimal(amount),
            currency=currency,
            input_tokens=event.ref("input_tokens"),
            output_tokens=event.ref("output_tokens"),
            minutes=decimal(event.ref("minutes")),
        )

    def _release(self, event: _Event) -> None:
        self._row("releases", event.id("release")).update(manifest=event.ref("manifest"))

    def _level_set(self, event: _Event) -> None:
        self._row("levels", self._number).update(level=event.ref("level"), set_by=event.ref("by"))

    def _granted(self, event: _Event) -> None:
        row = self._row("grants", self._number)
        narrowed = row.get("narrowed", -1)
        row.update(
            subject=event.ref("subject"),
            issuer=event.ref("issuer"),
            token=event.digest("token"),
            narrowed=narrowed + 1 if isinstance(narrowed, int) else 0,
        )
        row.setdefault("mandate", row["subject"])

    def _revoked(self, event: _Event) -> None:
        self._row("revocations", self._number)["revoked_by"] = event.ref("by")

    def _user(self, event: _Event) -> None:
        row = self._row("users", event.id("user"))
        row.setdefault("added_by", event.ref("by"))
        row.update(
            groups=event.ref("groups"),
            roles=event.ref("roles") if "roles" in event.refs else row.get("roles", "[]"),
            signs_in=bool(row.get("signs_in")) or event.ref("password") is True,
            disabled_by=None,
            disabled_why=None,
        )

    def _changed_user(self, event: _Event) -> None:
        self._row("users", event.id("user")).update(
            {name: event.ref(name) for name in ("roles", "groups") if name in event.refs}
        )

    def _password(self, event: _Event) -> None:
        self._row("users", event.id("user"))["signs_in"] = True

    def _token(self, event: _Event) -> None:
        self._row("api_tokens", event.id("token")).update(
            token=event.digest("token"),
            of=f"{event.id('issuer')} {event.id('user')}",
            scopes=event.ref("scopes"),
            made_by=event.ref("by"),
            revoked_by=None,
        )

    def _token_revoked(self, event: _Event) -> None:
        self._row("api_tokens", event.id("token"))["revoked_by"] = event.ref("by")

    def _disabled(self, event: _Event) -> None:
        self._row("users", event.id("user")).update(disabled_by=event.ref("by"), disabled_why=event.ref("why"))

    def _barred(self, event: _Event) -> None:
        self._row("barred_subjects", self._subject(event)).update(barred_by=event.ref("by"), reason=event.ref("why"))

    def _admitted(self, event: _Event) -> None:
        self.proved.facts.pop(("barred_subjects", self._subject(event)), None)

    def _subject(self, event: _Event) -> str:
        return f"{event.id('issuer')} {event.id('user')}"

    def _control(self, event: _Event) -> None:
        self._row("controls", self._stopped(event)).update(
            action=event.ref("action"), set_by=event.ref("by"), reason=event.ref("why")
        )

    def _lifted(self, event: _Event) -> None:
        self.proved.facts.pop(("controls", self._stopped(event)), None)

    def _stopped(self, event: _Event) -> str:
        """Names what is stopped: of each at most one row stands."""
        return " ".join(str(event.ref(name)) for name in ("kind", "name", "deployment"))

    def _erased(self, event: _Event) -> None:
        key = event.ref("data_key")
        if isinstance(key, int):
            self.proved.erased.add(key)


def compare(chain: str, proved: Facts, stored: Facts) -> Iterator[Difference]:
    """Yields every row of the tables that is missing, additional or different, field by field."""
    for key in sorted(proved.keys() | stored.keys()):
        table, number = key
        said, found = proved.get(key), stored.get(key)
        if found is None:
            yield Difference(chain, table, number, None, "missing", "the chain vouches for a row that is not there")
        elif said is None:
            yield Difference(chain, table, number, None, "additional", "no row of the ledger speaks of it")
        else:
            for name in sorted(said.keys() | found.keys()):
                one, other = said.get(name), found.get(name)
                if one != other or type(one) is not type(other):
                    detail = f"the chain says {_shown(one)}, the table says {_shown(other)}"
                    yield Difference(chain, table, number, name, "different", detail)


def _shown(value: Field) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _CUT else f"{text[:_CUT]}…"
