"""Operations of an OpenAPI document that read: which entity they bring, where its rows lie, how a list goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bridgehead.connectors.proposing.draft import Draft, Noted, one_line
from bridgehead.connectors.proposing.naming import argument, is_changed, singular, snake, unique
from bridgehead.connectors.proposing.openapi_document import Api, Operation, Parameter, Schema
from bridgehead.connectors.proposing.openapi_fields import Bodies, Made, argument_word, fields_of

HEALTH: Final = ("health", "healthz", "ping", "status", "ready", "readyz", "live", "livez", "heartbeat")
_NO_ENTITY: Final = (*HEALTH, "openapi.json", "openapi.yaml", "version", "token", "swagger.json")
_ROWS: Final = (
    "items",
    "data",
    "results",
    "records",
    "value",
    "values",
    "entries",
    "content",
    "rows",
    "list",
    "elements",
)
_CURSOR_PARAMS: Final = (
    "cursor",
    "page_token",
    "next_token",
    "starting_after",
    "after",
    "continuation_token",
    "pagetoken",
    "start_cursor",
)
_CURSOR_FIELDS: Final = (
    "next",
    "next_cursor",
    "next_page_token",
    "next_token",
    "cursor",
    "continuation_token",
    "odata_next_link",
    "next_page",
    "next_link",
)
_SIZES: Final = ("limit", "per_page", "page_size", "size", "pagesize", "max_results", "top", "count")
_TOTALS: Final = (
    "total",
    "total_count",
    "total_results",
    "total_elements",
    "total_items",
    "odata_count",
    "total_records",
)
_KEYS: Final = ("id", "number", "code", "key", "uuid", "sku", "name")
_SIZE: Final = 100
READ_WORDS: Final = ("search", "query", "find", "lookup", "resolve", "filter")


@dataclass(slots=True)
class Read:
    """One read that was found, ready to be written."""

    name: str
    operation: Operation
    one: bool
    params: dict[str, object]
    by_raw: dict[str, str]
    """The argument's name by the parameter's own."""
    part: dict[str, object]


@dataclass(slots=True)
class Entity:
    """An entity that was found."""

    name: str
    collection: str
    schema: Schema
    reads: list[Read] = field(default_factory=list)
    key: tuple[str, ...] = ()
    key_notes: tuple[str, ...] = ()
    fields: dict[str, object] = field(default_factory=dict)
    made: list[Made] = field(default_factory=list)
    etag: bool = False

    def detail(self) -> Read | None:
        """The read of one record by its path."""
        return next((one for one in self.reads if one.one and one.operation.path_parameters), None)


def is_read(operation: Operation) -> bool:
    """Tells whether an operation only reads: by its method, or by what it says of itself."""
    if operation.method == "GET":
        return True
    if operation.method != "POST":
        return False
    last = snake(segments(operation.path)[-1] if segments(operation.path) else "")
    told = snake(operation.id).split("_")
    return last in READ_WORDS or (bool(told) and told[0] in READ_WORDS) or "changes nothing" in operation.about.lower()


def segments(path: str) -> list[str]:
    """Returns the fixed parts of a path."""
    return [part for part in path.split("/") if part and "{" not in part]


def is_health(operation: Operation) -> bool:
    """Tells whether an operation is a question for health."""
    parts = segments(operation.path)
    return operation.method == "GET" and bool(parts) and parts[-1].lower() in HEALTH and "{" not in operation.path


class Reading:
    """Finds the entities of a document and their reads."""

    def __init__(self, api: Api, draft: Draft) -> None:
        self._api, self._draft, self._bodies = api, draft, Bodies(api)
        self.entities: dict[tuple[str, str], Entity] = {}
        self._names: set[str] = set()

    def add(self, operation: Operation) -> None:
        """Adds a read, or notes why it is left out."""
        parts = segments(operation.path)
        if not parts or parts[-1].lower() in _NO_ENTITY:
            return
        if operation.answer is None:
            self._draft.gaps.append(f"{operation.method} {one_line(operation.path, 80)}: it declares no JSON answer")
            return
        rows, row = self._rows(operation)
        if not row.properties:
            self._draft.gaps.append(f"{operation.method} {one_line(operation.path, 80)}: its answer declares no fields")
            return
        entity = self._entity(operation, row)
        entity.reads.append(self._read(operation, rows, is_list=rows is not None or operation.answer.kind == "array"))
        if any(name.lower() == "etag" for name in operation.answer_headers) and entity.reads[-1].one:
            entity.etag = True

    def finish(self) -> None:
        """Makes fields and keys once all reads are known."""
        for entity in self.entities.values():
            raw_key = self._raw_key(entity)
            entity.fields, entity.made = fields_of(self._api, self._draft, entity.schema, key=raw_key)
            self._key(entity, raw_key)
        for empty in [at for at, entity in self.entities.items() if not entity.fields or not entity.key]:
            entity = self.entities.pop(empty)
            self._draft.gaps.append(f"{entity.name}: no field of it can be a key")

    def _rows(self, operation: Operation) -> tuple[str | None, Schema]:
        """Returns where the list lies (None: the answer is one record or the list itself) and a record's schema."""
        answer = operation.answer or Schema()
        if answer.kind == "array":
            return None, self._api.schema(answer.items)
        if operation.path.rstrip("/").endswith("}") and operation.method == "GET":
            return None, answer
        last = segments(operation.path)[-1]
        lists: dict[str, Schema] = {}
        for name, raw in answer.properties.items():
            child = self._api.schema(raw)
            if child.kind == "array" and (entry := self._api.schema(child.items)).properties:
                lists[name] = entry
        named = [name for name in lists if name.lower() in _ROWS or snake(name) in {snake(last), singular(snake(last))}]
        about_list = any(snake(name) in (*_TOTALS, *_CURSOR_FIELDS, *_SIZES) for name in answer.properties)
        chosen = named[0] if named else next(iter(lists)) if len(lists) == 1 and about_list else None
        return (None, answer) if chosen is None else (chosen, lists[chosen])

    def _entity(self, operation: Operation, row: Schema) -> Entity:
        path = operation.path.rstrip("/")
        collection = path.rsplit("/", 1)[0] if path.endswith("}") else path
        ref = row.ref or ",".join(sorted(row.properties))
        known = self.entities.get((ref, "")) if row.ref else self.entities.get((ref, collection))
        if known is not None:
            if path.endswith("}"):
                known.collection = collection
            return known
        last = segments(path)[-1]
        name = singular(snake(last))
        if operation.method == "POST" or name in self._names or name in READ_WORDS:
            name = snake(row.ref.rsplit("/", 1)[-1]) if row.ref else f"{name}_found"
        name = unique(name, self._names)
        self._names.add(name)
        found = Entity(name, collection, row)
        self.entities[(ref, "") if row.ref else (ref, collection)] = found
        return found

    def _read(self, operation: Operation, rows: str | None, *, is_list: bool) -> Read:
        name = unique(snake(operation.id or f"{operation.method} {' '.join(segments(operation.path))}"), self._names)
        self._names.add(name)
        paging, taken = self._paging(operation, rows) if is_list else ({}, set())
        params: dict[str, object] = {}
        by_raw: dict[str, str] = {}
        query: dict[str, object] = {}
        headers: dict[str, object] = {}
        for one in operation.parameters:
            if one.name in taken or one.where == "cookie" or one.name.lower() in {"authorization", "accept"}:
                continue
            given = argument(snake(one.name), params)
            word = argument_word(one.schema, given)
            if one.schema.kind == "array":
                word = "text"
            params[given] = word if one.required else f"{word}?"
            by_raw[one.name] = given
            if one.where == "query":
                query[one.name] = f"{{{given}}}"
            elif one.where == "header":
                headers[one.name] = f"{{{given}}}"
        request: dict[str, object] = {"path": path_template(operation.path, by_raw)}
        if operation.method != "GET":
            request = {"method": operation.method, **request}
        if query:
            request["query"] = query
        if headers:
            request["headers"] = headers
        if operation.body is not None and operation.method == "POST":
            shape, template = self._bodies.of(operation.body, params, leave=taken)
            params |= shape
            request["body"] = template
        part: dict[str, object] = {}
        if operation.about:
            part["about"] = one_line(operation.about, 100)
        if params:
            part["params"] = params
        if not is_list:
            part["one"] = True
        part["request"] = request
        if rows is not None:
            part["rows"] = rows.replace(".", "\\.")
        return Read(name, operation, not is_list, params, by_raw, {**part, **paging})

    def _paging(self, operation: Operation, rows: str | None) -> tuple[dict[str, object], set[str]]:
        """Returns the paging and completeness parts, and the parameters that paging itself sends."""
        answer = operation.answer or Schema()
        by_name = {snake(one.name).strip("_"): one for one in operation.parameters if one.where == "query"}
        if operation.body is not None and operation.method == "POST":
            # What pages by a body is asked for there: the wire puts it into the body of a request that has one.
            by_name |= {
                snake(name): Parameter(
                    name, "body", required=False, schema=self._api.schema(raw), explode=False, about=""
                )
                for name, raw in operation.body.properties.items()
            }
        sizes = [by_name[name] for name in _SIZES if name in by_name]
        size = _size_of(sizes[0]) if sizes else _SIZE
        fields = {snake(name): name for name in answer.properties}
        next_field = next((fields[name] for name in _CURSOR_FIELDS if name in fields), None)
        cursor = next((by_name[name] for name in _CURSOR_PARAMS if name in by_name), None)
        found: dict[str, object] = {}
        taken = {one.name for one in sizes}
        paging: dict[str, object] | None = None
        evidence = ""
        if next_field and cursor:
            paging = {"cursor": {"at": next_field.replace(".", "\\."), "param": cursor.name}}
            evidence = f"the answer's {next_field} and the parameter {cursor.name}"
            taken.add(cursor.name)
        elif any(name.lower() == "link" for name in operation.answer_headers):
            paging, evidence = {"link": True}, "the answer has a Link header"
        elif next_field and rows:
            paging, evidence = (
                {"cursor": {"at": next_field.replace(".", "\\.")}},
                f"the answer's {next_field} is an address",
            )
        else:
            paging, evidence = _counted(by_name, sizes, size)
            taken |= {one.name for name, one in by_name.items() if name in {"offset", "skip", "page", "page_number"}}
        if paging:
            found["paging"] = Noted(paging, (self._draft.guess(evidence),))
        total = next((fields[name] for name in _TOTALS if name in fields), None)
        header = next((name for name in operation.answer_headers if name.lower() == "x-total-count"), None)
        if total:
            found["complete"] = {"count": total.replace(".", "\\.")}
        elif header:
            found["complete"] = {"count_header": header}
        if not paging and rows:
            self._draft.open_questions += 1
            found["rows"] = Noted(
                rows.replace(".", "\\."), ("ASK: does this list come in pages? Then say how under paging.",)
            )
        return found, taken

    def _raw_key(self, entity: Entity) -> str | None:
        detail = entity.detail()
        names = {snake(name): name for name in entity.schema.properties}
        if detail is not None:
            last = snake(detail.operation.path_parameters[-1].name)
            bare = last.removeprefix(f"{entity.name}_")
            for wanted in (last, f"{entity.name}_{last}", bare, f"{entity.name}_{bare}", "id", "number"):
                if wanted in names:
                    return names[wanted]
        for wanted in (*_KEYS[:-1], *(f"{entity.name}_{one}" for one in _KEYS[:-1])):
            if wanted in names:
                return names[wanted]
        ending = [raw for name, raw in names.items() if name.endswith(("_id", "_number", "_no", "_code"))]
        return ending[0] if ending else None

    def _key(self, entity: Entity, raw: str | None) -> None:
        scalars = [one for one in entity.made if one.kind in {"code", "text", "integer", "date", "enum"}]
        chosen = next((one for one in entity.made if one.raw == raw and one in scalars), None)
        if chosen is not None and entity.detail() is not None:
            said = self._draft.guess(f"{entity.detail().operation.path} reads one record by it")  # type: ignore[union-attr]  # asked in the line above
            entity.key, entity.key_notes = (chosen.name,), (said,)
            return
        if chosen is None:
            needed = [one.name for one in scalars if not one.optional]
            if not needed:
                return
            entity.key = tuple(needed[:4])
            entity.key_notes = ("ASK: which fields name one record? Taken: the first that are always there.",)
            self._draft.open_questions += 1
            return
        names = [one.name for one in scalars if not one.optional] or [chosen.name]
        answer, notes = self._draft.question(f"Which field names one {entity.name}?", names[:8], chosen.name)
        entity.key, entity.key_notes = (answer,), notes

    def written(self, entity: Entity) -> dict[str, object]:
        """Returns an entity as it is written."""
        key: object = entity.key[0] if len(entity.key) == 1 else list(entity.key)
        found: dict[str, object] = {"key": Noted(key, entity.key_notes)}
        age, notes = self._draft.question("How old may a value be when it is acted on?", (), "5m")
        found["max_age"] = Noted(age, notes)
        if entity.etag:
            found["version"] = "header etag"
        changed = next((one.name for one in entity.made if is_changed(one.name) and one.kind == "datetime"), None)
        if changed:
            found["changed"] = Noted(changed, (self._draft.guess("by its name"),))
        found["fields"] = entity.fields
        found["reads"] = {read.name: read.part for read in entity.reads}
        return found


def path_template(path: str, by_raw: dict[str, str]) -> str:
    """Returns a path with the arguments' own names in its braces."""
    for raw, given in by_raw.items():
        path = path.replace(f"{{{raw}}}", f"{{{given}}}")
    return path


def _counted(by_name: dict[str, Parameter], sizes: list[Parameter], size: int) -> tuple[dict[str, object] | None, str]:
    for kind, names in (("offset", ("offset", "skip")), ("page", ("page", "page_number"))):
        one = next((by_name[name] for name in names if name in by_name), None)
        if one is not None:
            part: dict[str, object] = {"param": one.name, "size": size}
            if sizes:
                part["size_param"] = sizes[0].name
            if kind == "page" and (one.schema.raw.get("minimum") == 0 or one.schema.raw.get("default") == 0):
                part["start"] = 0
            return {kind: part}, f"the parameter {one.name}"
    return None, ""


def _size_of(one: Parameter) -> int:
    for word in ("maximum", "default"):
        value = one.schema.raw.get(word)
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1_000:  # noqa: PLR2004  a page
            return value
    return _SIZE
