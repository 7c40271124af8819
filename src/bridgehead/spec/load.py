"""Loads a deployment whole or not at all, and says everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bridgehead.errors import ERROR_CLASSES, ErrorClass, UserError
from bridgehead.spec.caps import CapError, parse_cap
from bridgehead.spec.channels import ChannelPart, NotifyPart, mistakes
from bridgehead.spec.deployment import (
    PERSON,
    RULES,
    Autonomy,
    Baseline,
    CaseSpec,
    Compare,
    Degrade,
    Deployment,
    Fallback,
    Intake,
    IntakeKind,
    Limits,
    Otherwise,
    OutcomeSpec,
    Right,
    Role,
    Search,
    Second,
    SequenceRule,
    ToolRule,
)
from bridgehead.spec.document import (
    START_LEVELS,
    AutonomyPart,
    BaselinePart,
    CasePart,
    ComparePart,
    Document,
    HoldPart,
    IntakePart,
    LimitsPart,
    ModelPart,
    PriceList,
    PricePart,
    QuotasPart,
    RightPart,
    RolePart,
    RulePart,
    SearchPart,
    SecondPart,
    SequencePart,
)
from bridgehead.spec.problem import DeploymentError, Problem, nearest, shown, worded
from bridgehead.spec.yamlfile import Spot, read_bounded, read_yaml

FILE_NAME: Final = "bridgehead.yaml"
_LABEL_WORDS: Final = frozenset({"operator", "user", "system_of_record", "untrusted"})
POLICY_BYTES: Final = 256 * 1024


def load(path: Path) -> Deployment:
    """Returns the deployment described by a folder's ``bridgehead.yaml``, or by the file named.

    References such as ``env:MODEL_URL`` are kept as written. Raises UserError when the file
    cannot be read, and DeploymentError naming file, line, column, field, what was expected
    and what was found for every mistake. A fallback table with a hole, an unknown role and a
    loop of roles are mistakes (promise P4: no failure without a fallback).
    """
    file = path / FILE_NAME if path.is_dir() else path
    top = read_yaml(file)
    raw = cast("Mapping[str, object]", top.value)
    check = _Check(file.name, top, raw)
    document: Document | None = None
    try:
        document = Document.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            check.shape(detail)
    check.roles()
    check.fallback()
    check.connections(file.parent)
    check.models()
    check.prices(file.parent)
    if document is not None:
        check.degrade(document)
        check.confidentiality(document)
        check.rights(document)
        check.channels(document)
    policies = _policies(file.parent)
    if check.problems or document is None:
        raise DeploymentError(check.problems)
    return _build(document, top, file, policies, _prices(file.parent, document.prices))


class _Check:
    """Collects mistakes; works on the raw values, so that one mistake does not hide another."""

    def __init__(self, file: str, top: Spot, raw: Mapping[str, object]) -> None:
        self.file, self.top, self.raw = file, top, raw
        self.problems: list[Problem] = []
        self.role_names = set(_mapping(raw.get("roles")))

    def add(
        self, path: Sequence[str | int], expected: str, found: str = "", hint: str = "", *, key: bool = False
    ) -> None:
        spot = self.top.at(path)
        line, column = (spot.key_line, spot.key_column) if key else (spot.line, spot.column)
        self.problems.append(Problem(self.file, line, column, ".".join(map(str, path)), expected, found, hint))

    def shape(self, detail: ErrorDetails) -> None:
        """Turns one of pydantic's errors into words; its input is read from the file, never echoed by pydantic."""
        path = tuple(part for part in detail["loc"] if part != "[key]")
        kind = detail["type"]
        spot = self.top.at(path)
        found, hint = shown(spot.value), ""
        if kind == "missing":
            self.add(path, f"the field {path[-1]}", "nothing", _example(str(path[-1])))
            return
        if kind == "extra_forbidden":
            fields = _fields(path[:-1])
            self.add(path, "a known field", str(path[-1]), nearest(str(path[-1]), fields), key=True)
            return
        if kind == "literal_error":
            if path == ("autonomy", "level"):
                levels = " or ".join(START_LEVELS)
                hint = "higher levels are reached with `bridgehead promote`, by name and on the record"
                if str(spot.value) not in ("canary", "autonomous"):
                    hint = nearest(str(spot.value), START_LEVELS)
                self.add(path, levels, found, hint)
                return
            expected = worded(detail)
        elif kind == "string_pattern_mismatch":
            expected = "module:object" if path[-1] in ("agent", "reader") else "a name of letters, digits, - and _"
            if path == ("deployment",):
                expected = "a name of lower-case letters, digits, - and _"
            if "[key]" in detail["loc"]:
                found = shown(str(path[-1]))
        elif kind == "expected":
            expected = worded(detail)
            if expected.endswith("because a secret never stands in this file"):
                found = "a value written out"
            if len(path) > 1 and path[-2] == "caps":
                found, hint = _no_cap(spot.value)
            if expected.startswith("allow, deny"):
                hint = nearest(str(spot.value), ("allow", "deny")) if isinstance(spot.value, str) else ""
        elif kind == "too_short":
            expected, found = "at least one entry", "none"
        else:
            expected = worded(detail)
        self.add(path, expected, found, hint, key="[key]" in detail["loc"])

    def roles(self) -> None:
        """Every role that is named exists, and no chain of roles comes back to itself."""
        tools = _mapping(self.raw.get("tools"))
        for tool, rule in tools.items():
            for path in (("hold",), ("second", "role"), ("otherwise", "hold"), ("otherwise", "second", "role")):
                value: object = rule
                for part in path:
                    value = _mapping(value).get(part)
                self.known_role(("tools", tool, *path), value)
        following = {name: _mapping(role).get("then") for name, role in _mapping(self.raw.get("roles")).items()}
        for name, then in following.items():
            self.known_role(("roles", name, "then"), then)
            walked, here = [name], then
            while isinstance(here, str) and here in following and here not in walked:
                walked.append(here)
                here = following[here]
            if here == name:
                self.add(
                    ("roles", name, "then"),
                    "a chain of roles that ends",
                    "the loop " + " → ".join([*walked, name]),
                    "the last role of a chain has no `then`",
                )

    def known_role(self, path: Sequence[str | int], value: object) -> None:
        if isinstance(value, str) and value not in self.role_names:
            self.add(path, "a role under `roles`", shown(value), nearest(value, self.role_names))

    def fallback(self) -> None:
        """Every error class is caught by a role that exists."""
        table = self.raw.get("fallback")
        if isinstance(table, str):
            self.known_role(("fallback",), table)
            return
        if not isinstance(table, Mapping):
            return
        for name, role in table.items():
            if name != "default" and name not in ERROR_CLASSES:
                hint = nearest(str(name), (*ERROR_CLASSES, "default"))
                self.add(("fallback", name), "an error class or default", str(name), hint, key=True)
            self.known_role(("fallback", name), role)
        missing = [name for name in ERROR_CLASSES if name not in table]
        if table.get("default") is None and missing:
            self.add(
                ("fallback",),
                "a role for every error class",
                f"none for {', '.join(missing)}",
                "add `default: ROLE`, or one line for each",
                key=True,
            )

    def models(self) -> None:
        """Every model that is named exists, and no chain of fallbacks comes back to where it was."""
        models = _mapping(self.raw.get("models"))
        following = {name: _mapping(model).get("fallback") for name, model in models.items()}
        for name, model in models.items():
            for field in ("hedge", "fallback"):
                value = _mapping(model).get(field)
                if isinstance(value, str) and value not in models:
                    self.add(("models", name, field), "a model under `models`", shown(value), nearest(value, models))
            walked, here = [name], following[name]
            while isinstance(here, str) and here in following and here not in walked:
                walked.append(here)
                here = following[here]
            if here == name:
                loop = "the loop " + " → ".join([*walked, name])
                hint = "the last model of a chain has no `fallback`"
                self.add(("models", name, "fallback"), "a chain of models that ends", loop, hint)

    def rights(self, document: Document) -> None:
        """What several rights let a case spend can be compared: their limits are in one currency."""
        currencies = {name: part.limit.currency for name, part in document.rights.items() if part.limit is not None}
        first = next(iter(currencies.values()), "")
        for name, currency in currencies.items():
            if currency != first:
                self.add(("rights", name, "limit"), f"an amount in {first}, as in the right before", currency)

    def channels(self, document: Document) -> None:
        """Every channel and role that is named exists, and every address is one."""
        found = mistakes(
            document.channels, document.notify, roles=self.role_names, confidentiality=document.confidentiality
        )
        for path, expected, what, hint in found:
            self.add(path, expected, shown(what), hint)

    def degrade(self, document: Document) -> None:
        """What a case makes do with exists, and comes in the order of the stages: models, rules, person."""
        left_s, order, before = document.case.deadline, 0, "case.deadline"
        for name, one_s in by_time(document.case.degrade):
            path, models = ("case", "degrade", name), [*document.models, RULES, PERSON]
            place = {RULES: 1, PERSON: 2}.get(name, 0)
            if name not in models or name == "default":
                hint = "models.default answers before that" if name == "default" else nearest(name, models)
                self.add(path, "a model under `models`, rules or person", name, hint, key=True)
            elif place < order:
                self.add(path, "models before rules, and rules before person", f"{name} after {before}", key=True)
            elif one_s >= left_s:
                hint = "each stage begins with less left than the one before"
                self.add(path, f"less than the {left_s:g} s of {before}", f"{one_s:g} s", hint)
            left_s, order, before = min(left_s, one_s), max(order, place), name

    def confidentiality(self, document: Document) -> None:
        """Every name of confidentiality exists, once, and is no other word of a label."""
        names = document.confidentiality
        for place, name in enumerate(names):
            if name in names[:place]:
                self.add(("confidentiality", place), "names that differ", shown(name))
            elif name in _LABEL_WORDS:
                self.add(("confidentiality", place), "another name", shown(name), "this word says who vouches")
        for part in ("tools", "models"):
            for name, one in _mapping(self.raw.get(part)).items():
                wanted = _mapping(one).get("clearance")
                if isinstance(wanted, str) and wanted not in names:
                    self.add((part, name, "clearance"), "a confidentiality", shown(wanted), nearest(wanted, names))

    def prices(self, folder: Path) -> None:
        """The file of negotiated prices is there."""
        name = self.raw.get("prices")
        if isinstance(name, str) and not (folder / name).is_file():
            options = [entry.name for entry in folder.glob("*.yaml") if entry.name != FILE_NAME]
            self.add(("prices",), "a file beside this one", shown(name), nearest(name, options))

    def connections(self, folder: Path) -> None:
        """Every connector specification that is listed is there."""
        listed = self.raw.get("connect")
        for index, name in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(name, str) and not (folder / name).is_file():
                options = [entry.name for entry in folder.glob("*.yaml") if entry.name != FILE_NAME]
                self.add(("connect", index), "a file beside this one", shown(name), nearest(name, options))


def by_time(degrade: Mapping[str, float]) -> list[tuple[str, float]]:
    """Returns the stages of a case in the order in which they come."""
    return sorted(degrade.items(), key=lambda stage: -stage[1])


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


_PARTS: Final[Mapping[str, type[BaseModel]]] = {
    "case": CasePart,
    "limits": LimitsPart,
    "autonomy": AutonomyPart,
    "baseline": BaselinePart,
    "compare": ComparePart,
    "tools": RulePart,
    "roles": RolePart,
    "rights": RightPart,
    "models": ModelPart,
    "intake": IntakePart,
    "otherwise": HoldPart,
    "second": SecondPart,
    "sequences": SequencePart,
    "channels": ChannelPart,
    "notify": NotifyPart,
}


_OF_MODELS: Final[Mapping[str, type[BaseModel]]] = {"limits": QuotasPart, "price": PricePart}


def _fields(path: Sequence[str | int]) -> Iterable[str]:
    """Returns the field names known at ``path``."""
    if not path:
        return Document.model_fields
    if path[0] == "models" and path[-1] in _OF_MODELS:
        return _OF_MODELS[str(path[-1])].model_fields
    key = str(path[-1]) if path[-1] in ("otherwise", "second") else str(path[0])
    return _PARTS[key].model_fields if key in _PARTS else ()


def _example(field: str) -> str:
    examples = {
        "deployment": "deployment: orders",
        "agent": "agent: deploy:orders",
        "owner": "owner: order-desk@example.com",
        "case": "case: {key: [po_number], deadline: 30m}",
        "roles": 'roles: {order-desk: {members: "group:order-desk"}}',
        "fallback": "fallback: order-desk",
        "key": "key: [customer, po_number]",
        "deadline": "deadline: 30m",
        "members": 'members: "group:order-desk"',
    }
    return f"write {examples[field]}" if field in examples else ""


def _policies(folder: Path) -> dict[str, str]:
    """Returns the Cedar files; raises DeploymentError for a folder that holds none, which nobody means."""
    found: dict[str, str] = {}
    place = folder / "policies"
    if place.is_dir() and not any(place.glob("*.cedar")):
        hint = "add a policy file, or remove the folder"
        others = sorted(file.name for file in place.iterdir())
        raise DeploymentError([Problem("policies/", 0, 0, "", "a file *.cedar", ", ".join(others) or "none", hint)])
    for file in sorted((folder / "policies").glob("*.cedar")):
        try:
            found[file.name] = read_bounded(file, POLICY_BYTES).decode("utf-8")
        except UnicodeDecodeError as error:
            raise UserError(
                f"policies/{file.name} is not UTF-8 text (byte {error.start})",
                code="deployment.unreadable",
                hint="Save the policy file as UTF-8.",
            ) from error
    return found


def _prices(folder: Path, name: str | None) -> PriceList | None:
    """Returns the negotiated prices; raises DeploymentError with every mistake of their file."""
    if name is None:
        return None
    top = read_yaml(folder / name)
    try:
        return PriceList.model_validate(top.value)
    except ValidationError as error:
        check = _Check(name, top, {})
        for detail in error.errors(include_url=False):
            path = tuple(part for part in detail["loc"] if part != "[key]")
            if detail["type"] == "extra_forbidden":
                fields = (PriceList if len(path) == 1 else PricePart).model_fields
                check.add(path, "a known field", str(path[-1]), nearest(str(path[-1]), fields), key=True)
                continue
            expected = f"the field {path[-1]}" if detail["type"] == "missing" else worded(detail)
            check.add(path, expected, "" if detail["type"] == "missing" else shown(top.at(path).value))
        raise DeploymentError(check.problems) from None


def _build(
    document: Document, top: Spot, file: Path, policies: Mapping[str, str], prices: PriceList | None
) -> Deployment:
    overrides = {name: role for name, role in document.fallback.items() if name != "default"}
    baseline = document.baseline
    return Deployment(
        name=document.deployment,
        agent=document.agent,
        reader=document.reader,
        owner=document.owner,
        case=CaseSpec(
            tuple(document.case.key),
            document.case.deadline,
            document.case.resume,
            document.case.criticality,
            tuple(Degrade(stage, left_s) for stage, left_s in by_time(document.case.degrade)),
            dict(document.case.labels),
            _search(document.case.search),
        ),
        intake=tuple(_intake(part, top.at(("intake", place))) for place, part in enumerate(document.intake)),
        connect=tuple(document.connect),
        tools={name: _rule(rule, top.at(("tools", name))) for name, rule in document.tools.items()},
        limits=Limits(document.limits.steps, document.limits.cost, document.limits.repeats, document.limits.time),
        models={name: part.spec() for name, part in document.models.items()},
        prices={} if prices is None else {name: part.price() for name, part in prices.models.items()},
        dollar=None if prices is None else prices.usd,
        roles={
            name: Role(
                name,
                tuple(part.members),
                part.hours,
                part.rate,
                part.then,
                part.idle_cap_minutes,
                tuple(part.holidays),
                part.within,
                part.claim,
                part.claims,
            )
            for name, part in document.roles.items()
        },
        fallback=Fallback(document.fallback.get("default"), cast("dict[ErrorClass, str]", overrides)),
        autonomy=Autonomy(
            document.autonomy.level,
            document.autonomy.target,
            document.autonomy.audit,
            tuple(document.autonomy.slices),
        ),
        baseline=None if baseline is None else Baseline(baseline.minutes, baseline.first_reply),
        compare=Compare(tuple(map(pair, document.compare.match)), tuple(document.compare.ignore)),
        policies=dict(policies),
        sequences=tuple(
            SequenceRule(
                part.id,
                part.after,
                part.never,
                part.owner or document.owner,
                part.reason,
                part.remedy,
                part.reads,
                top.at(("sequences", place)).line,
                top.at(("sequences", place)).column,
            )
            for place, part in enumerate(document.sequences)
        ),
        outcome=None if document.outcome is None else OutcomeSpec(document.outcome.check, document.outcome.repair),
        rights={name: _right(name, part, top.at(("rights", name))) for name, part in document.rights.items()},
        folder=file.parent,
        file=file,
        confidentiality=tuple(document.confidentiality),
        egress=None if document.egress is None else tuple(document.egress),
        channels={name: part.spec(name) for name, part in document.channels.items()},
        notify=None if document.notify is None else document.notify.spec(),
    )


def pair(text: str) -> tuple[str, str]:
    """Returns the two paths in ``CASE_PATH=BOOKING_PATH``; one path alone stands for both."""
    mine, equals, theirs = text.partition("=")
    return mine.strip(), theirs.strip() if equals else mine.strip()


def _search(part: SearchPart) -> Search:
    return Search(part.customer, part.amount, part.currency, tuple(part.results))


def _intake(part: IntakePart, spot: Spot) -> Intake:
    if part.mail is not None:
        kind: IntakeKind = "mail"
    else:
        kind = next(name for name in get_args(IntakeKind) if getattr(part, name) is not None)
    place = spot.at((kind,))
    source, options = str(getattr(part, kind)), {}
    if kind == "mail" and part.folder is not None:
        options = {"folder": part.folder}
    if kind == "poll":
        source, dot, read = source.partition(".")
        options = {"read": read} if dot else {}
    return Intake(kind, source, options, line=place.line, column=place.column)


def _right(holder: str, part: RightPart, spot: Spot) -> Right:
    place = spot.children.get("when", spot)
    tools = None if part.tools is None else tuple(part.tools)
    return Right(holder, tools, part.when, part.limit, part.valid_for, place.line, place.column)


def _rule(part: RulePart, spot: Spot) -> ToolRule:
    place = spot.children.get("allow", spot) if part.hold is None and not part.deny else spot
    otherwise = None
    if part.hold is not None:
        otherwise = Otherwise(part.hold, part.within, part.valid_for, _second(part.second))
    elif part.otherwise is not None:
        held = part.otherwise
        otherwise = Otherwise(held.hold, held.within, held.valid_for, _second(held.second))
    caps = tuple(parse_cap(text) for text in part.caps)
    return ToolRule(
        part.allow,
        otherwise,
        place.line,
        place.column,
        part.undo,
        clearance=part.clearance,
        region=part.region,
        redact=tuple(part.redact),
        caps=caps,
        hosts={path: tuple(hosts) for path, hosts in part.hosts.items()},
    )


def _second(part: SecondPart | None) -> Second | None:
    return None if part is None else Second(part.role, part.above)


def _no_cap(value: object) -> tuple[str, str]:
    """Returns what was found in the place of a cap, and what to write."""
    try:
        parse_cap(value if isinstance(value, str) else "")
    except CapError as error:
        return shown(value), error.hint
    return shown(value), ""
