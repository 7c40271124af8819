"""What the order agent needs of an ERP, as data: the reads and actions that every ``erp.yaml`` gives.

docs/reference/order-port.md says the same in prose. A name that ends in ``?`` may be left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from bridgehead.cases.tools import SYSTEMS
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_entity import FieldPart
from bridgehead.connectors.opening import connector
from bridgehead.connectors.unset import require_secrets
from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest

NAME: Final = "erp"


@dataclass(frozen=True, slots=True)
class Table:
    """A list of two fields, a name and its value; or, as ``json``, one object of them."""

    name: str
    value: str


Form: TypeAlias = "str | tuple[str, ...] | Table | Sequence[Form] | Mapping[str, Form]"
"""A word of ``_FITS``, the texts that are allowed, a table, a list of one form, or an object."""


@dataclass(frozen=True, slots=True)
class Read:
    """A read: its arguments, what its records hold, and what goes without it."""

    params: Mapping[str, Form]
    fields: Mapping[str, Form]
    one: bool = False
    without: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """An action: its arguments, and the read whose records it answers with."""

    params: Mapping[str, Form]
    result: str | None = None
    once: bool = False
    """A second request may not do it twice: by a key that the system heeds, or because it is looked up first."""
    without: str = ""


ADDRESS: Final[Mapping[str, Form]] = {
    "id": "text", "name": "text", "street": "text", "city": "text", "postal_code": "text", "country": "text",
    "gln?": "text",
}  # fmt: skip
CUSTOMER: Final[Mapping[str, Form]] = {
    "number": "text", "name": "text", "currency": "text",
    "credit_limit?": "decimal", "credit_open?": "decimal", "overdue_days?": "integer", "blocked?": "boolean",
    "emails?": ["text"], "email_domains?": ["text"], "duns?": "text", "gln?": "text", "vat?": "text",
    "tier?": "text", "payment_terms?": "text", "incoterms?": "text", "sales_org?": "text",
    "ship_tos": [ADDRESS], "bill_to?": ADDRESS,
}  # fmt: skip
ITEM: Final[Mapping[str, Form]] = {
    "number": "text", "description": "text", "base_unit": "text", "stock": "decimal", "lead_time_days": "integer",
    "min_qty?": "decimal", "multiple?": "decimal", "units?": Table("unit", "factor"),
    "status?": ("active", "superseded", "blocked"), "gtin?": "text", "superseded_by?": "text",
}  # fmt: skip
PRICE: Final[Mapping[str, Form]] = {
    "item": "text", "price": "decimal", "currency?": "text", "source?": ("contract", "list"),
    "valid_from?": "date", "valid_to?": "date",
}  # fmt: skip
ORDER: Final[Mapping[str, Form]] = {
    "order_number": "text", "customer": "text", "po_number": "text", "order_date": "date", "currency": "text",
    "ship_to": "text", "total": "decimal", "status": ("open", "in_production", "shipped", "cancelled"),
    "booked_at": "datetime", "booked_by?": ("system", "person", "history"), "booked_from?": "text",
    "header_code?": ("AD", "AC"), "sales_org?": "text",
    "lines": [{
        "line": "integer", "item": "text", "quantity": "decimal", "unit": "text", "price": "decimal", "date": "date",
        "code?": ("IA", "IP", "IQ", "IB", "DR"),
    }],
}  # fmt: skip
BOOKING: Final[Mapping[str, Form]] = {
    "customer": "text", "po_number": "text", "order_date": "date", "currency": "text", "ship_to": "text",
    "total?": "decimal", "header_code?": "text", "sales_org?": "text",
    "lines": [{
        "line": "integer", "item": "text", "quantity": "decimal", "unit": "text", "price": "decimal", "date": "date",
        "code?": "text",
    }],
}  # fmt: skip

READS: Final[Mapping[str, Read]] = {
    "customers": Read(
        {"number": "text", "name?": "text", "email?": "text", "duns?": "text", "gln?": "text", "vat?": "text"},
        CUSTOMER,
    ),
    "customer_parts": Read({"customer": "text", "parts": ["text"]}, {"part": "text", "item": "text"}),
    "items": Read({"numbers": ["text"]}, ITEM),
    "prices": Read({"customer": "text", "items": ["text"], "on": "date", "currency": "text"}, PRICE),
    "orders": Read({"customer": "text", "po_number": "text"}, ORDER),
    "items_by_gtin": Read({"gtins": ["text"]}, ITEM, without="a GTIN names no item"),
    "similar_items": Read({"description": "text"}, {"number": "text"}, without="people get no suggestions"),
    "business_day": Read({}, {"day": "date"}, one=True, without="today is the day of the UTC calendar"),
}
ACTIONS: Final[Mapping[str, Action]] = {
    "create_order": Action(BOOKING, result="orders", once=True),
    "cancel_order": Action({"order_number": "text"}),
    "create_order_by_import": Action(BOOKING, result="orders", without="the tool import_order cannot be used"),
}

_TEXTS: Final = frozenset({"text", "code", "enum"})
_NUMBERS: Final = frozenset({"decimal", "integer", "money", "price", "measure"})
_FITS: Final[Mapping[str, frozenset[str]]] = {
    "text": _TEXTS,
    "decimal": _NUMBERS,
    "integer": frozenset({"integer"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"datetime"}),
}
"""Which types of a specification stand for a word of the port. Of money, the amount counts."""


def require() -> None:
    """Checks the deployment's ``erp`` while its code is loaded, so that no case is used up by what it lacks.

    The process that only reads documents imports the same code and has no connectors: there it does nothing.
    Raises UserError: ``connector.missing`` when ``connect:`` lists none, ``erp.port`` with every gap at once,
    ``connector.secret`` when a secret cannot be read.
    """
    if SYSTEMS.get(None) is None:
        return
    found = connector(NAME).connected
    lacking = gaps(found.connector.spec)
    if lacking:
        raise UserError(
            f"{found.path.name} lacks what the purchase_orders template needs:\n"
            + "\n".join(f"  {one}" for one in lacking),
            code="erp.port",
            hint="docs/reference/order-port.md describes every read, action and field.",
        )
    require_secrets(found.connector.spec, found.path)


def gaps(spec: Specification) -> list[str]:
    """Returns all that a specification lacks for the template, one sentence each; empty when it fits."""
    return list(_Gaps(spec).all())


@dataclass(slots=True)
class _Gaps:
    spec: Specification
    _reads: dict[str, tuple[str, Mapping[str, FieldPart]]] = field(default_factory=dict)

    def all(self) -> Iterator[str]:
        for of, entity in self.spec.entities.items():
            self._reads |= dict.fromkeys(entity.reads, (of, entity.fields))
        seen: set[tuple[str, int]] = set()
        for name, wanted in READS.items():
            if name not in self._reads:
                if not wanted.without:
                    yield f"no read {name}({_list(wanted.params)}){_near(name, self._reads)}"
                continue
            of, fields = self._reads[name]
            part = self.spec.entities[of].reads[name]
            yield from self._params(f"read {name}", wanted.params, part.params)
            if wanted.one and not part.one:
                yield f"read {name}: say `one: true`"
            if (of, id(wanted.fields)) not in seen:
                seen.add((of, id(wanted.fields)))
                yield from self._fields(f"entity {of}", wanted.fields, fields)
        for name, action in ACTIONS.items():
            found = self.spec.actions.get(name)
            if found is not None:
                yield from self._action(name, action, found)
            elif not action.without:
                yield f"no action {name}({_list(action.params)}){_near(name, self.spec.actions)}"

    def _action(self, name: str, wanted: Action, found: ActionPart) -> Iterator[str]:
        where = f"action {name}"
        yield from self._params(where, wanted.params, found.params)
        if wanted.result is None:
            return
        of = found.result.entity or self._reads.get(found.result.read or "", ("", {}))[0]
        due = self._reads.get(wanted.result, ("", {}))[0]
        if of != due:
            yield f"{where}: its result is no record of {due or wanted.result}: say `result: {{entity: {due}}}`"
        if found.lookup is None and found.verify is None:
            yield f"{where}: say `lookup:` or `verify:`, so that a lost reply can be settled"
        if wanted.once and found.idempotency_header is None and (found.lookup is None or found.repeat != "if_absent"):
            yield f"{where}: say `idempotency_header:`, or `lookup:` with `repeat: if_absent`"

    def _params(self, where: str, wanted: Mapping[str, Form], found: Mapping[str, object]) -> Iterator[str]:
        known = {name.removesuffix("?"): form for name, form in wanted.items()}
        for written, form in wanted.items():
            name = written.removesuffix("?")
            if name not in found:
                if not written.endswith("?"):
                    yield f"{where}: no argument {name} ({_said(form)}){_near(name, found)}"
                continue
            yield from self._argument(f"{where}: argument {name}", form, found[name], maybe=written.endswith("?"))
        for name, given in found.items():
            if name not in known and not (isinstance(given, str) and given.endswith("?")):
                yield f"{where}: the argument {name} is not given by the template: make it optional, or take it away"

    def _argument(self, where: str, form: Form, found: object, *, maybe: bool) -> Iterator[str]:
        if isinstance(form, str):
            word = found.removesuffix("?") if isinstance(found, str) else ""
            if word not in _FITS[form] | {"json"}:
                yield f"{where}: expected {form}, found {_word(found)}"
            elif maybe and not str(found).endswith("?") and not where.startswith("action"):
                yield f"{where}: it is not always given: write {word}?"
        elif isinstance(form, Sequence) and not isinstance(form, tuple):
            if not isinstance(found, list | tuple) or len(found) != 1:
                yield f"{where}: expected a list, found {_word(found)}"
            elif isinstance(form[0], Mapping):
                if isinstance(found[0], Mapping):
                    yield from self._params(where, form[0], found[0])
                else:
                    yield f"{where}: expected a list of objects, found [{_word(found[0])}]"
            else:
                yield from self._argument(where, form[0], found[0], maybe=False)

    def _fields(self, where: str, wanted: Mapping[str, Form], found: Mapping[str, FieldPart]) -> Iterator[str]:
        for written, form in wanted.items():
            name = written.removesuffix("?")
            part = found.get(name)
            if part is None:
                if not written.endswith("?"):
                    yield f"{where}: no field {name} ({_said(form)}){_near(name, found)}"
                continue
            if not written.endswith("?") and (part.optional or part.none) and part.type != "list":
                yield f"{where}: {name} may be missing, and the template needs it: take `optional` or `none` away"
            yield from self._field(where, name, form, part)

    def _field(self, where: str, name: str, form: Form, part: FieldPart) -> Iterator[str]:
        place = f"{where}: {name}"
        if isinstance(form, str):
            if part.read is not None or part.type not in _FITS[form]:
                yield f"{place}: expected {form}, found {_kind(part)}"
        elif isinstance(form, tuple):
            unknown = sorted({str(one) for one in part.values.values() if one is not None} - set(form))
            if part.read is not None or part.type not in _TEXTS:
                yield f"{place}: expected an enum, found {_kind(part)}"
            elif unknown:
                yield f"{place}: {', '.join(unknown)} is none of {', '.join(form)}"
        elif isinstance(form, Table):
            if part.type != "json" or part.read is not None:
                pair: Form = [{form.name: "text", form.value: "decimal"}]
                yield from self._field(where, name, pair, part)
        elif isinstance(form, Mapping):
            yield from self._inner(place, form, part, many=False)
        elif isinstance(form[0], Mapping):
            yield from self._inner(place, form[0], part, many=True)
        elif part.type != "list" or part.fields is not None or part.read is not None:
            yield f"{place}: expected a list of texts, found {_kind(part)}"

    def _inner(self, place: str, form: Mapping[str, Form], part: FieldPart, *, many: bool) -> Iterator[str]:
        if part.read is not None and part.read in self._reads:
            of, fields = self._reads[part.read]
            if self.spec.entities[of].reads[part.read].one is many:
                yield f"{place}: expected {'a list' if many else 'one record'}: {part.read} brings the other"
            yield from self._fields(f"entity {of}", form, fields)
        elif part.type == ("list" if many else "object") and part.fields is not None:
            yield from self._fields(place, form, part.fields)
        else:
            yield f"{place}: expected {'a list of objects' if many else 'an object'}, found {_kind(part)}"


def _near(name: str, known: Mapping[str, object]) -> str:
    hint = nearest(name, known)
    return f" ({hint})" if hint else ""


def _list(params: Mapping[str, Form]) -> str:
    return ", ".join(params)


def _said(form: Form) -> str:
    if isinstance(form, str):
        return form
    if isinstance(form, tuple):
        return "one of " + ", ".join(form)
    if isinstance(form, Mapping):
        return "object"
    return "list"


def _word(found: object) -> str:
    if isinstance(found, Mapping):
        return "an object"
    return "a list" if isinstance(found, list | tuple) else str(found)


def _kind(part: FieldPart) -> str:
    return f"what the read {part.read} brings" if part.read is not None else part.type
