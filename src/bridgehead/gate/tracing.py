"""Finds where a value was read: an index of everything recorded in one case, by normal form.

Nothing here believes what a model says about its arguments: a value is where it was recorded, or it is nowhere.
What was recorded is taken apart when the first question about it comes, so a case without one pays nothing.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bridgehead.gate.facts import MOST_SOURCES, NOWHERE, Read, Source, Trace
from bridgehead.gate.labels import Label, Labels
from bridgehead.gate.naming import likeness, meant
from bridgehead.gate.normal import Scalar, forms, leaves, skeleton, tidy
from bridgehead.gate.within import DEEPEST, LARGEST, decoded, every, named_forms, stands_in
from bridgehead.spec.tool import JSON

MOST_LEAVES: Final = 200_000
"""So many values of one source are indexed; what comes after them is found nowhere, and so never trusted."""
_RANK: Final = {"operator": 0, "user": 1, "system_of_record": 2, "untrusted": 3, NOWHERE: 4}
_SPOKEN: Final = frozenset({"operator", "user"})
"""Whose prose is believed word by word; of a system's own, only whole values are."""


@dataclass(slots=True)
class Origin:
    """One recorded value: a result, the input, an answer. Times are in seconds of the clock that asks.

    ``read_s``: when it was read. ``older_s``: how much older it was then. ``max_age_s``: how old it may become.
    ``labels`` say what its fields are worth. ``dead``: read again since, so that it is history.
    """

    name: str
    labels: Labels
    value: JSON
    read_s: float = 0.0
    older_s: float = 0.0
    max_age_s: float | None = None
    step: int | None = None
    dead: bool = False
    again: object = None
    """How it is read again, for whoever can."""
    sent: JSON = None
    """What a tool was given for it: where the answer only says that again, it vouches for nothing."""
    wrote: bool = False
    """Whether what was sent stands in the world since, so that later readings may bring it back."""
    declared: frozenset[str] = frozenset()
    """The names of fields in what was sent that the tool declares, and that are no values."""
    noted: int = 0
    died: int = 0
    """When it came in, and when it became history, by a count of what came in."""

    def age_s(self, now_s: float) -> float:
        """Returns how old the value is."""
        return max(0.0, now_s - self.read_s + self.older_s)

    def too_old(self, now_s: float, bound_s: float | None) -> bool:
        """Tells whether the value is older than its tool lets it become, or than ``bound_s``."""
        if self.max_age_s is None and bound_s is None:
            return False
        return self.age_s(now_s) >= min(one for one in (self.max_age_s, bound_s) if one is not None)


class _Entry(NamedTuple):
    origin: Origin
    path: tuple[str, ...]
    label: Label
    within: bool
    alike: bool = False


class _Found(NamedTuple):
    """What one value was found in, as far as no clock has a say in it.

    ``integrity`` is the best of its sources, ``word`` names all of them. ``loose``: so many characters of it may
    hold whatever was read; ``opaque``: by itself it may already.
    """

    integrity: str
    word: frozenset[str]
    loose: int
    opaque: bool
    relied: _Entry | None
    confidentiality: int
    regions: frozenset[str]
    named: Sequence[_Entry]
    fitting: Sequence[_Entry] = ()
    """What it may be said to rest on: of these ``relied`` is the freshest."""
    whole: Sequence[_Entry] = ()
    """Where it stands as a whole value that is vouched for: what a rule names is looked for among these."""

    def for_(self, argument: str, wanted: tuple[str, ...]) -> _Found:
        """Returns it as what an argument holds: with the sources that its rule names, and its own field relied on."""
        if not wanted:
            if len(self.fitting) < 2:  # noqa: PLR2004  # one has no rival
                return self
            return self._replace(relied=max(self.fitting, key=lambda one: _worth(one, argument)))
        named = [one for one in self.whole if any(meant(word, one.origin.name, one.path) for word in wanted)]
        if not named:
            return self.for_(argument, ())
        words = [word for word in wanted if any(meant(word, one.origin.name, one.path) for one in named)]
        return self._replace(
            word=frozenset({"+".join((*self.word, *words))}),
            relied=max(named, key=lambda one: _worth(one, argument)),
        )

    def sources(self, now_s: float) -> tuple[Source, ...]:
        """Returns the source that counts, else those that are known."""
        if self.integrity == "operator" and self.relied is None:
            return _WRITTEN
        if self.relied is not None:
            return (_source(self.relied, self.relied.origin.age_s(now_s)),)
        return tuple(dict.fromkeys(_source(one, one.origin.age_s(now_s)) for one in self.named))


@dataclass(slots=True)
class Traced:
    """A trace, and which of the values it relies on are too old."""

    trace: Trace
    stale: tuple[Origin, ...] = ()


@dataclass(slots=True)
class Index:
    """Everything that one case has read. Pure but for what it remembers; ``now_s`` is the asker's clock.

    What a value was found in is remembered: where somebody vouches for it, until something comes in that holds it
    too or a source dies; otherwise until anything comes in at all, for then it may be found elsewhere.
    """

    read: Read = field(default_factory=Read)
    aging: bool = False
    """Whether anything that was read has an age that it may not exceed by itself."""
    _vouched: dict[tuple[type, Scalar], _Found] = field(default_factory=dict)
    _vouched_by: dict[str, set[tuple[type, Scalar]]] = field(default_factory=dict)
    """By form: what of ``_vouched`` was looked for under it."""
    _doubted: dict[tuple[type, Scalar], _Found | None] = field(default_factory=dict)
    _chosen: dict[tuple[int, str, tuple[str, ...]], tuple[_Found, _Found]] = field(default_factory=dict)
    _forms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _waiting: list[Origin] = field(default_factory=list)
    _of: dict[str, list[_Entry]] = field(default_factory=dict)
    _slots: dict[Hashable, Origin] = field(default_factory=dict)
    _prose: list[tuple[str, _Entry]] = field(default_factory=list)
    _unread: list[tuple[str, _Entry]] = field(default_factory=list)
    _unsearched: list[tuple[str, _Entry]] = field(default_factory=list)
    _alike: dict[str, _Entry] | None = None
    _leaves: list[tuple[str, _Entry]] = field(default_factory=list)
    _count: int = 0
    _written: set[str] = field(default_factory=set)
    """The forms of what this case has written, as far as nobody vouched for it then."""

    def note(self, origin: Origin, slot: Hashable = None) -> None:
        """Takes in what was read. What the same ``slot`` held before is history from here on."""
        self._count += 1
        origin.noted = self._count
        if slot is not None:
            before = self._slots.get(slot)
            if before is not None:
                before.dead, before.died = True, self._count
                self._forget()
            self._slots[slot] = origin
        self.aging = self.aging or origin.max_age_s is not None
        self._waiting.append(origin)
        self.read = self.read.with_labels(_present(origin))

    def sent(self, args: JSON, declared: frozenset[str] = frozenset()) -> None:
        """Takes in what a call has written, or may have, that brought no answer."""
        self._count += 1
        self._waiting.append(Origin("", Labels({}), None, sent=args, wrote=True, declared=declared, noted=self._count))

    def trace(
        self,
        values: Sequence[JSON],
        now_s: float,
        bound_s: float | None = None,
        constants: frozenset[str] = frozenset(),
        names: frozenset[str] = frozenset(),
        *,
        keyed: bool = False,
        argument: str = "",
        wanted: tuple[str, ...] = (),
    ) -> Traced | None:
        """Returns where the parts of an argument come from, None where it has none (absent, null, empty).

        ``values`` are all that stand under its path. ``bound_s``: how old what it relies on may be. ``constants``
        are the forms of what the deployment's own files write there, ``names`` the fields that the tool declares;
        ``keyed``: it takes objects whose names are values, of whatever letters. ``argument`` is its path, ``wanted``
        are the sources that its rule names: of several that vouch, those are relied on first.
        """
        if self._waiting:
            self._take_in()
        found = self._parts(values, constants, names, argument, wanted, keyed=keyed)
        if not found:
            return None
        first = found[0]
        counts = first.relied
        if len(found) == 1 and counts is not None and not first.loose:  # as it is with most: the same, at half the cost
            old_s = counts.origin.age_s(now_s)
            too_old = counts.origin.too_old(now_s, bound_s)
            trace = Trace(
                first.integrity,  # type: ignore[arg-type]  # one of _RANK
                first.confidentiality,
                first.regions,
                old_s,
                (_source(counts, old_s),),
                first.word,
                too_old and counts.origin.too_old(now_s, None),
            )
            return Traced(trace, (counts.origin,)) if too_old else Traced(trace)
        worst, rank, regions, word = first.integrity, first.confidentiality, first.regions, first.word
        sources = first.sources(now_s)
        if len(found) > 1:
            worst = max((one.integrity for one in found), key=_RANK.__getitem__)
            rank = max(one.confidentiality for one in found)
            regions, word = regions.union(*(one.regions for one in found)), word.union(*(one.word for one in found))
            sources = tuple(dict.fromkeys(source for one in found for source in one.sources(now_s)))[:MOST_SOURCES]
        loose, opaque, oldest_s = 0, False, 0.0
        stale: dict[int, Origin] = {}  # a bare literal: the alias `dict[...]` costs a tenth of a trace
        for one in found:
            loose, opaque = loose + one.loose, opaque or one.opaque
            if one.relied is not None:
                origin = one.relied.origin
                oldest_s = max(oldest_s, origin.age_s(now_s))
                if origin.too_old(now_s, bound_s):
                    stale[id(origin)] = origin
        if opaque or loose >= _TOGETHER:
            rank, regions = max(rank, self.read.confidentiality), regions | self.read.regions
        by_itself = bool(stale) and any(one.too_old(now_s, None) for one in stale.values())
        age_s = None if worst == NOWHERE else oldest_s
        trace = Trace(worst, rank, regions, age_s, sources, word, by_itself)  # type: ignore[arg-type]  # one of _RANK
        return Traced(trace, tuple(stale.values())) if stale else Traced(trace)

    def _parts(
        self,
        values: Sequence[JSON],
        constants: frozenset[str],
        names: frozenset[str],
        argument: str,
        wanted: tuple[str, ...],
        *,
        keyed: bool,
    ) -> list[_Found]:
        """Returns what the parts of an argument were found in."""
        found: list[_Found] = []
        for value in values:
            plain = isinstance(value, str) and "@" not in value  # as it is with most, and costs a fifth
            for leaf in (value,) if plain else _asked(value, names, keyed=keyed):
                one = self._find(leaf, constants)  # type: ignore[arg-type]  # a text, or what _asked yields
                if one is None:
                    continue
                if one is _CONSTANT and wanted:
                    one = self._written_too(leaf)  # type: ignore[arg-type]  # as above
                if argument and (wanted or len(one.fitting) > 1):
                    one = self._meant(one, argument, wanted)
                found.append(one)
        return found

    def _meant(self, one: _Found, argument: str, wanted: tuple[str, ...]) -> _Found:
        """Returns what a part was found in as an argument holds it; remembered, as that costs as much as a trace."""
        asked = id(one), argument, wanted
        known = self._chosen.get(asked)
        if known is None:
            if len(self._chosen) >= _KEPT:
                self._chosen.clear()
            known = self._chosen[asked] = (one, one.for_(argument, wanted))  # the first keeps the id from another
        return known[1]

    def _written_too(self, leaf: Scalar) -> _Found:
        """Returns what a value that the rule writes was found in besides."""
        read = self._find(leaf, frozenset())
        return _CONSTANT if read is None else _CONSTANT._replace(whole=read.whole)

    def _find(self, leaf: Scalar, constants: frozenset[str]) -> _Found | None:
        """Returns what a value was found in, None for an empty text; what came in has been taken in."""
        if constants and not constants.isdisjoint(self._forms_of(leaf)):
            return _CONSTANT
        asked = type(leaf), leaf  # True and 1 are equal, and two values
        found = self._vouched.get(asked)
        if found is not None:
            return found
        if asked in self._doubted:
            return self._doubted[asked]
        entries = self._leaf(leaf, DEEPEST)
        if entries is None and isinstance(leaf, str) and leaf.strip():
            entries = ()  # characters that cannot be seen: nobody has said that, and it is not nothing
        found = None if entries is None else _found(leaf, entries)
        if len(self._vouched) + len(self._doubted) >= _KEPT or (isinstance(leaf, str) and len(leaf) > _LONGEST_ALIKE):
            return found
        keys = self._forms_of(leaf)
        if found is not None and any(one.label.trusted for one in self._under(keys)):
            self._vouched[asked] = found
            for key in keys:
                self._vouched_by.setdefault(key, set()).add(asked)
        else:
            self._doubted[asked] = found
        return found

    def _forget(self) -> None:
        self._vouched, self._vouched_by, self._doubted = {}, {}, {}

    def _leaf(self, leaf: Scalar, depth: int) -> Sequence[_Entry] | None:
        """Returns what a scalar was found in, None for an empty text."""
        keys = self._forms_of(leaf)
        if not keys:
            return None
        found = self._under(keys)
        if any(one.label.trusted for one in found):
            return found
        if not isinstance(leaf, str):
            return found
        plain = tidy(leaf).lower()
        if all(key.startswith(("t:", _NAME)) for key in keys):
            found += self._spoken(plain)
            if any(one.label.trusted for one in found):
                return found
        inner = decoded(leaf) if depth else None
        if inner is not None:
            parts = [self._leaf(one, depth - 1) for one in _asked(inner)]
            known = [one for one in parts if one is not None]
            if known and all(any(entry.label.trusted for entry in one) for one in known):
                worst = max(known, key=lambda one: min(_RANK[entry.label.integrity] for entry in one))
                return [entry._replace(within=True) for entry in worst]  # one of its parts is not the whole of it
            found += [_unvouched(entry) for one in known for entry in one]  # one part vouches for no other
        if not found:
            self._read_on()
        if not found and self._unsearched:
            self._search()
            found = self._under(keys)
        if not found:
            found = [*self._derived(plain), *self._lookalikes(leaf)]
        return found

    def _under(self, keys: Sequence[str]) -> list[_Entry]:
        return [one for key in keys for one in self._of.get(key, ()) if not one.origin.dead]

    def _forms_of(self, leaf: Scalar) -> tuple[str, ...]:
        """Returns the forms of a value that is asked for; those of short texts are remembered, as they come again."""
        if isinstance(leaf, _Name):
            return (*forms(str(leaf), asked=True), f"{_NAME}{leaf}")
        if not isinstance(leaf, str) or len(leaf) > _LONGEST_ALIKE:
            return forms(leaf, asked=True)
        keys = self._forms.get(leaf)
        if keys is None:
            keys = forms(leaf, asked=True)
            if len(self._forms) < _KEPT:
                self._forms[leaf] = keys
        return keys

    def _search(self) -> None:
        """Looks for values in strangers' texts: only once one was found nowhere, to say where it comes from."""
        unsearched, self._unsearched, self._doubted = self._unsearched, [], {}
        for text, entry in unsearched:
            for key in named_forms(text):
                self._keep(key, entry)

    def _spoken(self, plain: str) -> list[_Entry]:
        """Returns the prose of people in which a value stands as whole words."""
        if len(plain) > _LONGEST_ALIKE:
            return []
        return [
            entry
            for text, entry in self._prose
            if entry.label.integrity in _SPOKEN and not entry.origin.dead and stands_in(plain, text)
        ]

    def _derived(self, plain: str) -> list[_Entry]:
        """Returns the prose in which a value stands: whatever its label, that vouches for nothing."""
        if len(plain) > _LONGEST_ALIKE:
            return []
        holding = (entry for text, entry in self._prose if not entry.origin.dead and plain in text)
        kept = sorted(holding, key=lambda entry: -entry.label.confidentiality)[:MOST_SOURCES]
        return [_unvouched(entry) for entry in kept]

    def _lookalikes(self, leaf: str) -> list[_Entry]:
        """Returns what a value imitates."""
        if self._alike is None:
            self._alike = {skeleton(text): entry for text, entry in self._leaves}
        entry = self._alike.get(skeleton(leaf)) if len(leaf) <= _LONGEST_ALIKE else None
        return [] if entry is None or entry.origin.dead else [entry._replace(alike=True)]

    def _take_in(self) -> None:
        waiting, self._waiting, self._alike, self._doubted = self._waiting, [], None, {}
        for origin in waiting:
            prose_left = LARGEST
            echoed, named_here = self._echoed(origin), set[tuple[str, str]]()
            for count, (path, leaf) in enumerate(every(origin.value)):
                if count >= MOST_LEAVES:
                    break
                entry = _Entry(origin, path, origin.labels.of(path), within=False)
                keys = forms(leaf, asked=False)
                if origin.sent is not None and entry.label.trusted and self._repeats(keys, path, origin, echoed):
                    entry = _unvouched(entry)
                for key in keys:
                    self._keep(key, entry)
                for name in path:
                    if (name, entry.label.integrity) not in named_here:
                        named_here.add((name, entry.label.integrity))
                        known = (f"{_NAME}{name}",)
                        own = origin.sent is not None and self._repeats(known, (), origin, echoed)
                        self._keep(known[0], _unvouched(entry) if own else entry)
                if isinstance(leaf, str) and len(leaf) > _LEAST_PROSE and prose_left > 0:
                    prose_left -= len(leaf)
                    self._take_prose(leaf[:LARGEST], entry._replace(within=True))
                if entry.label.trusted and isinstance(leaf, str) and len(leaf) <= _LONGEST_ALIKE:
                    self._leaves.append((leaf, entry))

    def _echoed(self, origin: Origin) -> frozenset[str]:
        """Returns the forms of what was sent for an answer, as far as nobody vouched for it before."""
        if origin.sent is None or not (origin.wrote or origin.labels.vouches):
            return frozenset()
        found = set[str]()
        for path, leaf in every(origin.sent):
            for name in path:
                if name not in origin.declared and not self._known(_Name(name), origin.noted):
                    found.update((f"{_NAME}{name}", *forms(name, asked=False)))
            if isinstance(leaf, bool) or self._known(leaf, origin.noted):
                continue
            found.update(forms(leaf, asked=False))
            if isinstance(leaf, str) and len(leaf) > _LEAST_PROSE:
                found.update(named_forms(tidy(leaf[:LARGEST])))
        if origin.wrote:
            self._written |= found
        return frozenset(found)

    def _known(self, leaf: Scalar, when: int) -> bool:
        """Tells whether somebody vouched for a value when that came in; what it was read again for is no matter."""
        keys = self._forms_of(leaf)
        for one in (one for key in keys for one in self._of.get(key, ())):
            if one.label.trusted and (not one.origin.dead or one.origin.died > when):
                return True
        texts = isinstance(leaf, str) and all(key.startswith(("t:", _NAME)) for key in keys)
        return texts and any(one.label.trusted for one in self._spoken(tidy(str(leaf)).lower()))

    def _repeats(self, keys: Sequence[str], path: tuple[str, ...], origin: Origin, echoed: frozenset[str]) -> bool:
        """Tells whether a value of an answer is one that this case has put there itself.

        What a read was asked for is its own word where a label names the field, or what holds it: so the deployment
        says that it is looked up there, and not only said again.
        """
        if not self._written.isdisjoint(keys):
            return True
        return not echoed.isdisjoint(keys) and not origin.labels.names(path)

    def _take_prose(self, text: str, entry: _Entry) -> None:
        # A system's prose was written by somebody: what stands in it is not what the system vouches for.
        if entry.label.integrity not in _SPOKEN:
            self._unread.append((text, entry))
            return
        plain = tidy(text)
        self._prose.append((plain.lower(), entry))
        for key in named_forms(plain):
            self._keep(key, entry)

    def _read_on(self) -> None:
        """Reads the prose of systems and strangers, which vouches for nothing: only once it matters what it says."""
        unread, self._unread = self._unread, []
        for text, entry in unread:
            plain = tidy(text)
            self._prose.append((plain.lower(), entry))
            if not entry.label.trusted:
                self._unsearched.append((plain, entry))

    def _keep(self, key: str, entry: _Entry) -> None:
        if key in self._vouched_by:
            for asked in self._vouched_by.pop(key):
                self._vouched.pop(asked, None)
        kept = self._of.setdefault(key, [])
        if not kept or kept[-1].origin is not entry.origin:
            kept.append(entry)
            return
        same = 0
        for one in reversed(kept):
            if one.origin is not entry.origin:
                break
            if one.label == entry.label:
                if one.within == entry.within and one.path == entry.path:
                    return
                same += 1
        if same < _MOST_FIELDS:
            kept.append(entry)


_FIELD: Final = re.compile(r"(?=.{1,40}\Z)[^\W\d]+(?:-[^\W\d]+)*[_-]?\d{0,2}")
"""What may be the name of a field: letters, and a short number behind them. An account as a key is a value."""


class _Name(str):
    """The name of a field that may be a value: found as one, or as the name of a field where it was read."""

    __slots__ = ()


_NAME: Final = "k:"
"""Begins the form of a field's name, which is no value of what was read."""
_WRITTEN: Final = (Source("bridgehead.yaml", "", "operator", 0.0),)
_CONSTANT: Final = _Found("operator", frozenset({"operator"}), 0, False, None, 0, frozenset(), ())  # noqa: FBT003  # a row
_TELLING: Final = 7
"""From so many digits on a number that was found nowhere may hold what was read, as a text may."""
_TOGETHER: Final = 24
"""So many characters of shorter numbers, and of short pieces of strangers' prose, may hold it together."""
_LEAST_PROSE: Final = 3
_MOST_FIELDS: Final = 16
"""So many fields of one source that hold the same value are told apart; a rule that names another one finds nothing."""
_KEPT: Final = 1_024
"""The forms of so many values are remembered for a case."""
_LONGEST_ALIKE: Final = 320
"""The longest value that is looked for in prose, or for what it imitates: no name or address is longer."""


def _present(origin: Origin) -> Iterable[Label]:
    """Returns the labels of what was read."""
    labels = origin.labels
    return (labels.single,) if labels.single is not None else {labels.of(path) for path, _ in leaves(origin.value)}


def is_field(name: str) -> bool:
    """Tells whether a key of an object may be the name of a field; an account or an address as a key is a value."""
    return _FIELD.fullmatch(name) is not None


def _asked(value: JSON, names: frozenset[str] = frozenset(), *, keyed: bool = False) -> Iterator[Scalar]:
    """Yields the parts of an argument: its scalars, names of fields that are no names, and addresses in a list."""
    told = set[str]()
    for path, leaf in leaves(value, asked=True):
        for name in path:
            if name == "*" or name in names or name in told or (not keyed and is_field(name)):
                continue
            told.add(name)
            yield _Name(name)
        if isinstance(leaf, str) and "@" in leaf and ("," in leaf or ";" in leaf):
            parts = [part for part in leaf.replace(";", ",").split(",") if part.strip()]
            if all("@" in part for part in parts):
                yield from parts
                continue
        yield leaf


def _size(leaf: Scalar) -> int:
    """Returns how many characters of a value, or digits of a number, somebody could have chosen."""
    if isinstance(leaf, str):
        return len(leaf)
    return max(1, sum(map(str.isdigit, forms(leaf, asked=True)[0].lstrip("n:-0."))))


def _unvouched(entry: _Entry) -> _Entry:
    """Returns what was read as it counts for a value that it only has a part in."""
    return entry._replace(label=Label("untrusted", entry.label.confidentiality, entry.label.region))


def _found(leaf: Scalar, entries: Sequence[_Entry]) -> _Found:
    true = [one for one in entries if not one.alike]
    kinds = {one.label.integrity for one in true}
    best = min(kinds, key=_RANK.__getitem__, default=NOWHERE)
    size = 0 if true and (best != "untrusted" or not all(one.within for one in true)) else _size(leaf)
    # Of a system of record the freshest counts, else of who vouches most.
    kind = "system_of_record" if "system_of_record" in kinds else best
    fitting = [one for one in true if one.label.integrity == kind]
    name = isinstance(leaf, _Name)
    if name:  # the name of a field is no value of it
        fitting = [one._replace(within=True) for one in fitting]
    return _Found(
        best,
        frozenset({"+".join(sorted(kinds, key=_RANK.__getitem__)) or NOWHERE}),
        size if size < _TELLING else 0,
        not true and (isinstance(leaf, str) or size >= _TELLING),
        max(fitting, key=lambda one: one.origin.read_s - one.origin.older_s, default=None),
        max((one.label.confidentiality for one in entries), default=0),
        frozenset(one.label.region for one in entries if one.label.region),
        entries[:MOST_SOURCES],
        fitting,
        () if name else [one for one in true if one.label.trusted and not one.within],
    )


def _worth(entry: _Entry, argument: str) -> tuple[int, float]:
    """Returns how well a source answers for an argument: by what its field is called, then by how fresh it is."""
    origin = entry.origin
    return likeness(argument, origin.name, entry.path), origin.read_s - origin.older_s


def _source(entry: _Entry, age_s: float) -> Source:
    origin, path, label, within, alike = entry
    where = path[0] if len(path) == 1 else ".".join(path)
    return Source(origin.name, where, label.integrity, round(age_s, 3), origin.step, within, alike)
