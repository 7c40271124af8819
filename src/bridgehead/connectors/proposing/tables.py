"""Proposes a specification from tables: keys, fields, the reads by each key, and what belongs to what."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridgehead.connectors.proposing.draft import Block, Draft, Noted, one_line
from bridgehead.connectors.proposing.naming import argument, is_code, is_personal, singular, snake, unique
from bridgehead.connectors.proposing.samples import Column, Guess, guess, is_currency

_PAGE: Final = 500
_MOST_ROWS: Final = 100_000
_FOLLOWED: Final = 2_000
_WIDTH: Final = 100
_KEYISH: Final = re.compile(r"(^|_)(id|no|nr|number|code|key)$|id$|nr$")


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns that name a record of another table; ``guessed`` says by what when the database does not."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]
    guessed: str = ""


@dataclass(slots=True)
class Table:
    """A table or view as the database describes it, with rows that were looked at."""

    name: str
    columns: list[Column]
    key: tuple[str, ...] = ()
    key_evidence: str = ""
    unique: list[tuple[str, ...]] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    indexed: list[str] = field(default_factory=list)
    rows: int | None = None
    source: str = ""
    """How it is named in SQL, quoted."""


@dataclass(slots=True)
class _Made:
    table: Table
    entity: str
    names: dict[str, str]
    """The field's name by the column's."""
    fields: dict[str, object]
    kinds: dict[str, str]


def propose_tables(draft: Draft, tables: Sequence[Table], *, quote: Callable[[str], str]) -> None:
    """Adds an entity for each table to a draft; ``quote`` writes a name as SQL does."""
    for table in tables:
        if not table.key:
            _guess_key(table)
    _guess_references(tables)
    made: dict[str, _Made] = {}
    entities: dict[str, object] = {}
    for table in tables:
        if not table.key:
            draft.gaps.append(f"{one_line(table.name, 80)}: no columns are known to name a row; name them under key")
            continue
        entity = unique(singular(snake(table.name)), entities)
        made[table.name] = _fields(draft, table, entity)
        entities[entity] = {}
    reads: set[str] = set()
    written = {one.entity: _reads(draft, one, quote, reads) for one in made.values()}
    _connect(draft, made)
    age, notes = draft.question("How old may a value be when it is acted on?", (), "5m")
    for number, one in enumerate(made.values()):
        own = [one.names[name] for name in one.table.key]
        key: object = own[0] if len(own) == 1 else own
        said = (one.table.key_evidence,) if one.table.key_evidence else ()
        draft.guesses += bool(said)
        entities[one.entity] = {
            "key": Noted(key, said) if said else key,
            "max_age": Noted(age, notes) if notes and not number else age,
            "fields": one.fields,
            "reads": written[one.entity],
        }
    draft.tree["entities"] = entities


def _guess_key(table: Table) -> None:
    """Takes what names every row that was looked at: one column, else two; one with a key's name first."""
    rows = max((len(column.values) for column in table.columns), default=0)
    if table.unique:
        table.key = table.unique[0]
        table.key_evidence = "guessed: the database keeps it unique"
        return
    if rows < 2:  # noqa: PLR2004  one row tells nothing
        return
    usable = [one for one in table.columns if one.kind in {"text", "integer", "date"} and None not in one.values]
    ranked = sorted(usable, key=lambda one: _KEYISH.search(snake(one.name)) is None)
    for one in ranked:
        if len(set(map(str, one.values))) == rows and (is_code(snake(one.name)) or _KEYISH.search(snake(one.name))):
            table.key = (one.name,)
            table.key_evidence = f"guessed: distinct in all of {rows} rows that were looked at"
            return
    for number, one in enumerate(ranked[:6]):
        for other in ranked[number + 1 : 6]:
            if len(set(zip(map(str, one.values), map(str, other.values), strict=True))) == rows:
                table.key = (one.name, other.name)
                table.key_evidence = f"guessed: together distinct in all of {rows} rows that were looked at"
                return


def _guess_references(tables: Sequence[Table]) -> None:
    """Finds columns that have the names of another table's key, and values that are found there."""
    for table in tables:
        named = {column.name for column in table.columns}
        known = {reference.table for reference in table.references}
        for other in tables:
            target = other.key
            if other is table or not target or other.name in known or not set(target) <= named:
                continue
            if len(target) == 1 and not (is_code(snake(target[0])) or _KEYISH.search(snake(target[0]))):
                continue
            if set(target) == set(table.key):
                continue
            last = target[-1]
            there = {str(one).strip() for one in _column(other, last).values}
            here = [str(one).strip() for one in _column(table, last).values if one is not None]
            found = sum(one in there for one in here)
            whole = other.rows is not None and other.rows <= len(there) + 1
            if not found or (whole and found < len(here) / 2):
                continue
            told = f"{found} of {len(here)} rows have a {last} that was seen in {other.name}"
            table.references.append(Reference(tuple(target), other.name, tuple(target), told))


def _column(table: Table, name: str) -> Column:
    return next(one for one in table.columns if one.name == name)


def _fields(draft: Draft, table: Table, entity: str) -> _Made:
    currency = next((one.name for one in table.columns if is_currency(one)), None)
    names: dict[str, str] = {}
    for column in table.columns:
        names[column.name] = unique(snake(column.name), names.values())
    guesses = {
        one.name: guess(draft, table.name, one, currency=currency, key=one.name in table.key) for one in table.columns
    }
    fields: dict[str, object] = {}
    joined = _moments(draft, table, guesses, names)
    inside = {part for pair in joined.values() for part in pair[1]}
    for column in table.columns:
        if column.name in joined:
            part, _ = joined[column.name]
            fields[names[column.name]] = part
            continue
        if column.name in inside:
            continue
        found = guesses[column.name]
        part_: dict[str, object] = {"from": column.name.replace(".", "\\."), **found.part}
        name = names[column.name]
        if is_personal(name) and part_.get("type", "text") in {"text", "code", "date"}:
            part_["label"] = "personal"
        simple: object = part_["from"] if set(part_) == {"from"} else part_
        fields[name] = Noted(simple, tuple(found.notes)) if found.notes else simple
    kinds = {one.name: str(guesses[one.name].part.get("type", "text")) for one in table.columns}
    return _Made(table, entity, names, fields, kinds)


def _moments(
    draft: Draft, table: Table, guesses: dict[str, Guess], names: dict[str, str]
) -> dict[str, tuple[Noted, tuple[str, ...]]]:
    """Returns date columns that belong to a column of times, read together as one moment."""
    found: dict[str, tuple[Noted, tuple[str, ...]]] = {}
    times = {snake(name): name for name, one in guesses.items() if one.time_format}
    for name, one in guesses.items():
        stem = re.sub(r"(dat|date|_date)$", "", snake(name))
        partner = next((times[f"{stem}{end}"] for end in ("zeit", "time", "_time") if f"{stem}{end}" in times), None)
        if not one.date_format or partner is None or name in table.key or partner in table.key:
            continue
        zone, asked = draft.question("In which time zone are the database's times?", (), "UTC")
        none = one.part.get("none", [])
        zeros = none if isinstance(none, list) else [none]
        size = len("000000") if guesses[partner].time_format == "%H%M%S" else len("0000")
        part: dict[str, object] = {
            "from": [name.replace(".", "\\."), partner.replace(".", "\\.")], "join": "", "type": "datetime",
            "format": f"{one.date_format}{guesses[partner].time_format}", "zone": zone,
        }  # fmt: skip
        if zeros:
            part["none"] = [f"{text}{'0' * size}" for text in zeros]
        if "pivot" in one.part:
            part["pivot"] = one.part["pivot"]
        if one.part.get("optional"):
            part["optional"] = True
        notes = (*one.notes, *guesses[partner].notes, f"guessed: {names[partner]} is its time of day", *asked)
        found[name] = (Noted(part, tuple(notes)), (name, partner))
    return found


def _reads(draft: Draft, one: _Made, quote: Callable[[str], str], taken: set[str]) -> dict[str, object]:
    table = one.table
    columns = textwrap.wrap(", ".join(quote(column.name) for column in table.columns), _WIDTH, break_long_words=False)
    if any("\n" in column.name or "  " in column.name for column in table.columns):
        columns = [", ".join(quote(column.name) for column in table.columns)]
    select = [f"SELECT {columns[0]}", *(f"  {line}" for line in columns[1:]), f"FROM {table.source}"]
    found: dict[str, object] = {}

    def named(name: str) -> str:
        fresh = unique(name, taken)
        taken.add(fresh)
        return fresh

    def by(keys: Sequence[str]) -> tuple[dict[str, object], str]:
        params: dict[str, object] = {}
        tests = []
        for key in keys:
            given = argument(one.names[key], params)
            params[given] = _word(one.kinds[key])
            tests.append(f"{quote(key)} = :{given}")
        return params, f"WHERE {' AND '.join(tests)}"

    params, where = by(table.key)
    found[named(f"get_{one.entity}")] = {"params": params, "one": True, "sql": Block((*select, where))}
    asked: set[tuple[str, ...]] = {table.key}
    for keys in [
        *table.unique,
        *(reference.columns for reference in table.references),
        *((name,) for name in table.indexed),
    ]:
        if tuple(keys) in asked or len(asked) > 6:  # noqa: PLR2004  more are easily written by hand
            continue
        asked.add(tuple(keys))
        params, where = by(keys)
        told = "_and_".join(one.names[key] for key in keys)
        found[named(f"{one.entity}_by_{told}"[:60])] = {"params": params, "sql": Block((*select, where))}
    if table.rows is not None and table.rows > _MOST_ROWS:
        draft.gaps.append(f"{one_line(table.name, 80)}: a read of all of its {table.rows} rows")
    elif len(table.key) == 1 and table.key[0] in {column.name for column in table.columns}:
        key = quote(table.key[0])
        tail = (f"WHERE (:after IS NULL OR {key} > :after)", f"ORDER BY {key} LIMIT :size")
        paging = {"keyset": {"field": one.names[table.key[0]], "param": "after", "size": _PAGE}}
        found[named(f"all_{snake(table.name)}")] = {"sql": Block((*select, *tail)), "paging": paging}
    else:
        found[named(f"all_{snake(table.name)}")] = {
            "sql": Block((*select, f"ORDER BY {', '.join(map(quote, table.key))}"))
        }
    return found


def _word(kind: str) -> str:
    return {"integer": "integer", "decimal": "decimal", "date": "date"}.get(kind, "code")


def _connect(draft: Draft, made: dict[str, _Made]) -> None:
    """Adds to a record what belongs to it: rows whose key begins with the record's. Others are named in a remark."""
    for child in made.values():
        for reference in child.table.references:
            parent = made.get(reference.table)
            if parent is None:
                continue
            own = set(reference.columns)
            first = child.table.key[: len(own)]
            if own == set(first) != set(child.table.key) and set(reference.target) == set(parent.table.key):
                _belongs(draft, parent, child, reference)
            else:
                _named(child, parent, reference)


def _belongs(draft: Draft, parent: _Made, child: _Made, reference: Reference) -> None:
    told = "_and_".join(child.names[column] for column in reference.columns)
    read = f"{child.entity}_by_{told}"[:60]
    pairs = {
        argument(child.names[column], ()): parent.names[target]
        for column, target in zip(reference.columns, reference.target, strict=True)
    }
    why = reference.guessed or "the database says so (foreign key), and its key begins with this one's"
    name = unique(snake(child.table.name), parent.fields)
    part: dict[str, object] = {"type": "list", "read": read, "with": pairs}
    if parent.table.rows is None or parent.table.rows > _FOLLOWED:
        pairs_ = ", ".join(f"{key}: {value}" for key, value in pairs.items())
        told = f"{{type: list, read: {read}, with: {{{pairs_}}}}}"
        draft.gaps.append(f"{parent.entity}.{name}: {told}; it would cost one more read a record")
        return
    parent.fields[name] = Noted(part, (draft.guess(f"{why}; costs one more read a record"),))


def _named(child: _Made, parent: _Made, reference: Reference) -> None:
    field_ = child.names[reference.columns[-1]]
    if field_ not in child.fields:
        return
    pairs = ", ".join(
        f"{parent.names[target]}: {child.names[column]}"
        for column, target in zip(reference.columns, reference.target, strict=True)
    )
    why = f"guessed: {reference.guessed}" if reference.guessed else "names a record there"
    note = f"{why}; to have it here: {parent.entity}: {{type: object, read: get_{parent.entity}, with: {{{pairs}}}}}"
    before = child.fields[field_]
    value, notes = (before.value, before.notes) if isinstance(before, Noted) else (before, ())
    child.fields[field_] = Noted(value, (*notes, note))
