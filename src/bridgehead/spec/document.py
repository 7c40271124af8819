"""The shape of ``bridgehead.yaml``: field names, types and forms, as pydantic models and so as a JSON Schema."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, cast

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from bridgehead.errors import ERROR_CLASSES, UserError
from bridgehead.money import Money
from bridgehead.spec.caps import FORM as CAP_FORM
from bridgehead.spec.caps import CapError, parse_cap
from bridgehead.spec.channels import ChannelPart, NotifyPart
from bridgehead.spec.deployment import ModelPrice, ModelSpec, Quota
from bridgehead.spec.forms import NAME, Duration, Host, Name, Part, Region, Text, wrong
from bridgehead.spec.hours import parse_hours

START_LEVELS: Final = ("shadow", "approve")
"""Where a deployment may start; what acts by itself is reached by evidence and a named person."""

CONFIDENTIALITY: Final = ("public", "internal", "confidential", "secret")
"""The names of confidentiality where a deployment declares none."""

_TOOL = r"^[A-Za-z_][A-Za-z0-9_.:/-]{0,127}$"
_HOLDER = r"^(deployment|(group|user):[^\s\"\\]{1,200})$"
_OBJECT = r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$"


def _money(value: object) -> Money:
    try:
        amount = Money.parse(value if isinstance(value, str) else "")
    except UserError as error:
        raise wrong("an amount of money such as 0.50 USD") from error
    if amount.amount < 0:
        raise wrong("an amount of money that is not negative")
    return amount


def _rate(value: object) -> Money:
    text = value.strip() if isinstance(value, str) else ""
    if not text.endswith("/h"):
        raise wrong("an hourly rate such as 38 EUR/h")
    return _money(text[:-2])


def _per_million(value: object) -> Money:
    text = value.strip() if isinstance(value, str) else ""
    if not text.endswith("/M"):
        raise wrong("a price of a million tokens such as 2.50 USD/M")
    return _money(text[:-2])


def _quota(value: object) -> str:
    found = _QUOTA.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong("a number in a second, a minute, an hour or a day such as 60/m")
    return found[0]


def quota_of(text: str) -> Quota:
    """Returns what ``60/m`` says: so many in each second (s), minute (m), hour (h) or day (d)."""
    count, _, unit = text.partition("/")
    return Quota(int(count), _UNITS[unit])


def _hours(value: object) -> object:
    try:
        parse_hours(value if isinstance(value, str) else "")
    except UserError as error:
        raise wrong("working hours such as Mon-Fri 07:00-17:00 Europe/Berlin") from error
    return value


def _day(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        raise wrong("a day such as 2026-12-25") from error


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _reference(value: object) -> object:
    if not isinstance(value, str) or not value.startswith("env:") or value == "env:":
        raise wrong("a reference such as env:MODEL_KEY, because a secret never stands in this file")
    return value


def _rule(value: object) -> object:
    if value == "allow":
        return {"allow": True}
    if value == "deny":
        return {"deny": True}
    if isinstance(value, dict):
        return value
    raise wrong("allow, deny, {hold: ROLE} or {allow: EXPRESSION}")


def _otherwise(value: object) -> object:
    if value == "deny":
        return None
    if isinstance(value, dict):
        return value
    raise wrong("deny or {hold: ROLE}")


def _undo(value: object) -> object:
    if value == "allow":
        return True
    if value == "deny":
        return False
    if isinstance(value, bool) or (isinstance(value, str) and value.strip()):
        return value
    raise wrong("allow, deny or an expression such as total <= 500 EUR")


def _cap(value: object) -> object:
    try:
        parse_cap(value if isinstance(value, str) else "")
    except CapError as error:
        raise wrong(CAP_FORM) from error
    return value


def _condition(value: object) -> object:
    if value is True or (isinstance(value, str) and value.strip()):
        return value
    raise wrong("an expression such as total <= 5000 EUR")


_UNITS: Final[dict[str, float]] = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_QUOTA: Final = re.compile(r"[1-9]\d{0,11}/[smhd]")
_QUOTA_SCHEMA: Final = {"type": "string", "pattern": rf"^\s*{_QUOTA.pattern}\s*$"}
_PRICE_SCHEMA: Final = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[A-Za-z]{3}\s*/M\s*$"}
_MONEY_SCHEMA: Final = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[A-Za-z]{3}\s*$"}
_RATE_SCHEMA: Final = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[A-Za-z]{3}\s*/h\s*$"}

Amount = Annotated[Money, BeforeValidator(_money), WithJsonSchema(_MONEY_SCHEMA)]
Rate = Annotated[Money, BeforeValidator(_rate), WithJsonSchema(_RATE_SCHEMA)]
PerMillion = Annotated[Money, BeforeValidator(_per_million), WithJsonSchema(_PRICE_SCHEMA)]
QuotaText = Annotated[str, BeforeValidator(_quota), WithJsonSchema(_QUOTA_SCHEMA)]
WorkHours = Annotated[str, BeforeValidator(_hours)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
CapText = Annotated[str, BeforeValidator(_cap), Field(max_length=80)]
Secret = Annotated[str, BeforeValidator(_reference), WithJsonSchema({"type": "string", "pattern": "^env:.+"})]
ToolName = Annotated[str, Field(pattern=_TOOL)]
Holder = Annotated[str, Field(pattern=_HOLDER)]
ObjectName = Annotated[str, Field(pattern=_OBJECT)]
LabelPath = Annotated[str, Field(pattern=r"^(\*|[^.*\s][^.*]*)(\.(\*|[^.*]+))*$", max_length=200)]
Condition = Annotated[
    str | Literal[True],
    BeforeValidator(_condition),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"const": True}]}),
]
Undoing = Annotated[
    str | bool, BeforeValidator(_undo), WithJsonSchema({"type": "string", "minLength": 1, "default": "allow"})
]
Members = Annotated[
    list[Text],
    BeforeValidator(_several),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


class SearchPart(Part):
    """By what people find a case besides its key: paths into its input."""

    customer: Text | None = Field(
        default=None, description="The input field that names the customer: lists show it, and its words find it."
    )
    amount: Text | None = Field(
        default=None, description="The input field with the money it is about; without it, what states a total."
    )
    currency: Text | None = Field(
        default=None, description="The input field with that amount's currency, or the currency itself: EUR."
    )
    results: list[Text] = Field(
        default_factory=list,
        max_length=8,
        description="Fields of what effects answered by which a case is found too, such as the number of an order.",
    )


class CasePart(Part):
    """What makes a case, and how long it may take."""

    key: list[Text] = Field(min_length=1, description="The input fields that make two arrivals the same case.")
    deadline: Duration = Field(description="By then the case is done, or with a person.")
    resume: Duration = Field(
        default="5m", validate_default=True, description="The least time left after a person has decided."
    )
    criticality: Literal["critical", "normal", "sheddable"] = Field(
        default="normal", description="Who waits first when there is not room for all: sheddable, then normal."
    )
    degrade: dict[Name, Duration] = Field(
        default_factory=dict,
        description="What a case makes do with as its time runs out, in this order: a model, rules, person; each with"
        " how much time is left then.",
    )
    labels: dict[LabelPath, Text] = Field(
        default_factory=dict,
        description="What the input's fields are worth: PATH to words, such as user, untrusted, confidential, eu.",
    )
    search: SearchPart = Field(
        default_factory=SearchPart, description="By what people find a case besides its number and its key."
    )


class SecondPart(Part):
    """Who consents besides the first person."""

    role: Name = Field(description="The role whose member decides second; never the person who decided first.")
    above: Amount | None = Field(default=None, description="Only calls that move more than this; without it, all.")


class HoldPart(Part):
    """Whom a call waits for."""

    hold: Name = Field(description="The role that decides.")
    within: Duration | None = Field(default=None, description="After this long the review goes to the next role.")
    valid_for: Duration | None = Field(default=None, description="How long a granted approval may be used.")
    second: SecondPart | None = Field(default=None, description="Whose consent is needed besides: four eyes.")


class RulePart(Part):
    """What may happen when one tool is called."""

    allow: Condition | None = Field(default=None, description="When the call is allowed.")
    otherwise: Annotated[HoldPart | None, BeforeValidator(_otherwise)] = Field(
        default=None, description="What happens when it is not: deny, or hold for a role."
    )
    hold: Name | None = Field(default=None, description="Hold every call for this role.")
    within: Duration | None = None
    valid_for: Duration | None = None
    second: SecondPart | None = None
    deny: Literal[True] | None = None
    undo: Undoing = Field(default=True, description="Whether operators may undo it: allow, deny or an EXPRESSION.")
    caps: list[CapText] = Field(
        default_factory=list, description="The most it may do, approved or not: NUMBER WHAT per case or per DURATION."
    )
    clearance: Name | None = Field(default=None, description="How confidential what it sends may be at most.")
    region: Region | None = Field(default=None, description="Where what it sends goes, such as eu.")
    redact: list[Text] = Field(
        default_factory=list, description="Arguments that are blacked out where they are above the clearance."
    )
    hosts: dict[LabelPath, list[Host]] = Field(
        default_factory=dict, description="Arguments that are addresses: PATH to the hosts it may lead to."
    )

    @model_validator(mode="after")
    def _one_form(self) -> RulePart:
        forms = [name for name in ("allow", "hold", "deny") if getattr(self, name) is not None]
        if len(forms) != 1:
            raise wrong("exactly one of allow, hold and deny")
        if self.allow is None and "otherwise" in self.model_fields_set:
            raise wrong("otherwise only beside allow")
        if self.hold is None and (self.within is not None or self.valid_for is not None or self.second is not None):
            raise wrong("within, valid_for and second beside hold")
        return self


_HOLD_SCHEMA: Final = {"$ref": "#/$defs/HoldPart"}
Rule = Annotated[RulePart, BeforeValidator(_rule)]


class SequencePart(Part):
    """What a case may not do any more after something it did."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")] = Field(description="What a denial calls it.")
    after: Text = Field(description="A tool, class:CLASS or a word of confidentiality.")
    reads: Text | None = Field(default=None, description="A word of confidentiality that the case has read as well.")
    never: Text = Field(description="A tool, or class:CLASS.")
    owner: Text | None = Field(default=None, description="Who answers for it; the deployment's owner by default.")
    reason: Text = Field(description="Why, for whoever is told no.")
    remedy: Text = Field(description="What would allow it.")


class RightPart(Part):
    """What somebody may have done on their behalf."""

    tools: list[ToolName] | None = Field(default=None, description="The tools it reaches; left out: all.")
    when: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="An EXPRESSION over the arguments that every call under it has to meet."
    )
    limit: Amount | None = Field(default=None, description="The most money that one case may move and spend under it.")
    valid_for: Duration | None = Field(default=None, description="How long a grant under it lasts; left out: 1d.")


class LimitsPart(Part):
    """The most one case may use."""

    steps: int = Field(default=100, ge=1, le=100_000, description="Recorded calls of one case.")
    cost: Amount | None = Field(default=None, description="Money one case may spend.")
    repeats: int = Field(default=3, ge=1, le=1_000, description="Calls of one tool with equal arguments.")
    time: Duration | None = Field(default=None, description="How long the agent may work on a case, waits aside.")


class OutcomePart(Part):
    """What looks at an outcome before it counts."""

    check: ObjectName = Field(description="A function check(*, args, result) of input and outcome, as module:object.")
    repair: ObjectName | None = Field(
        default=None, description="A function repair(*, args, result, why) that mends one, once; else a person does."
    )


class PricePart(Part):
    """What a million tokens of a model cost."""

    input: PerMillion = Field(description="Input, such as 2.50 USD/M.")
    output: PerMillion = Field(description="Output.")
    cached: PerMillion | None = Field(default=None, description="Input that the provider had cached; else as input.")

    @model_validator(mode="after")
    def _one_currency(self) -> PricePart:
        if len({price.currency for price in (self.input, self.output, self.cached) if price is not None}) > 1:
            raise wrong("prices of one model in one currency")
        return self

    def price(self) -> ModelPrice:
        """Returns the price as the books take it."""
        return ModelPrice(self.input, self.output, self.cached)


class QuotasPart(Part):
    """What a model's provider allows, over all workers."""

    requests: QuotaText | None = Field(default=None, description="Requests, such as 60/m.")
    tokens: QuotaText | None = Field(default=None, description="Tokens, input and output together, such as 90000/m.")


class ModelPart(Part):
    """Where a model answers, and how it is asked; url and name may be env:NAME."""

    url: Text
    name: Text
    key: Secret | None = None
    region: Text | None = None
    timeout: Duration = Field(default="60s", validate_default=True, description="How long one answer may take.")
    first_token: Duration = Field(default="30s", validate_default=True, description="Until a stream begins.")
    idle: Duration = Field(default="15s", validate_default=True, description="The longest silence within a stream.")
    max_tokens: int | None = Field(default=None, ge=1, le=10_000_000, description="How long an answer may get.")
    window: int | None = Field(
        default=None, ge=1_000, le=100_000_000, description="Tokens that a request and its answer may take together."
    )
    hedge: Name | None = Field(default=None, description="The model asked beside it after its p90: itself or another.")
    fallback: Name | None = Field(default=None, description="The model that answers when this one does not.")
    limits: QuotasPart = Field(default_factory=QuotasPart)
    price: PricePart | None = None
    clearance: Name | None = Field(default=None, description="How confidential what it is told may be at most.")
    redact: bool = Field(default=False, description="Black out what is above its clearance, instead of not asking it.")

    def spec(self) -> ModelSpec:
        """Returns the model as the rest of Bridgehead takes it."""
        requests, tokens = self.limits.requests, self.limits.tokens
        return ModelSpec(
            self.url,
            self.name,
            self.key,
            self.region,
            self.timeout,
            self.first_token,
            self.idle,
            self.max_tokens,
            self.hedge,
            self.fallback,
            None if requests is None else quota_of(requests),
            None if tokens is None else quota_of(tokens),
            None if self.price is None else self.price.price(),
            clearance=self.clearance,
            redact=self.redact,
            window=self.window,
        )


class PriceList(Part):
    """A file of negotiated prices, which beside those of a model's own entry come before any other list."""

    usd: Amount | None = Field(default=None, description="What a US dollar costs, such as 0.93 EUR.")
    models: dict[Annotated[str, Field(min_length=1, max_length=200)], PricePart] = Field(default_factory=dict)


class RolePart(Part):
    """People who take what the agent does not do."""

    members: Members = Field(description="group:NAME or addresses.")
    hours: WorkHours | None = Field(default=None, description="When it is at work; times of reviews count only then.")
    holidays: list[Day] = Field(
        default_factory=list, max_length=400, description="Days on which it is not at work, by its own time zone."
    )
    within: Duration | None = Field(
        default=None, description="Its working time for a review that names no time itself; then the next role."
    )
    claim: Duration = Field(default=900.0, gt=0, le=86_400, description="How long a claim on a review counts.")
    claims: int | None = Field(
        default=None, ge=1, le=10_000, description="How many reviews one person may have claimed at once."
    )
    rate: Rate | None = Field(default=None, description="What an hour of this role costs.")
    then: Name | None = Field(default=None, description="The role a review goes to when nobody decides in time.")
    idle_cap_minutes: float | None = Field(default=None, gt=0, le=1440, description="Longest pause that is paid.")


class AutonomyPart(Part):
    """Where a new deployment starts, and what a step up needs."""

    level: Literal["shadow", "approve"] = Field(default="shadow", description="Where a new deployment starts.")
    target: float = Field(default=0.95, gt=0, lt=1, description="Share of right decisions a slice must show.")
    audit: float = Field(default=0.05, ge=0, le=1, description="Share of lone decisions a person looks at.")
    slices: list[Text] = Field(default_factory=list, description="Fields that split the evidence.")


class BaselinePart(Part):
    """What a case costs people without the agent."""

    minutes: float = Field(gt=0)
    first_reply: Duration | None = None


class ComparePart(Part):
    """How a report puts a case beside what people booked; a path stands for all that lies below it."""

    match: list[Text] = Field(
        default_factory=list,
        description="Fields by which a case and a booking are the same, as PATH or CASE_PATH=BOOKING_PATH.",
    )
    ignore: list[Text] = Field(default_factory=list, description="Fields that are not compared.")


_INTAKE_FORMS: Final = (
    "one of {mail: NAME, folder: NAME}, {folder: PATH}, {webhook: NAME}, {poll: NAME}, {queue: NAME}, {files: NAME}"
)
_INTAKE_KINDS: Final = ("folder", "mail", "webhook", "poll", "queue", "files")


class IntakePart(Part):
    """One source of arrivals: a folder, or a way in which a connector under `connect` sends work."""

    mail: Text | None = Field(default=None, description="A connector's mailbox; beside it, `folder`: which one of it.")
    folder: Text | None = Field(default=None, description="A folder of files; beside `mail`: the mailbox's folder.")
    webhook: Text | None = Field(default=None, description="A connector whose system sends signed messages.")
    poll: Text | None = Field(default=None, description="A connector, or CONNECTOR.READ: what is new or changed there.")
    queue: Text | None = Field(default=None, description="A connector: rows of a table that wait to be taken.")
    files: Text | None = Field(default=None, description="A connector: files on a server, taken and moved away.")

    @model_validator(mode="after")
    def _one_kind(self) -> IntakePart:
        kinds = {name for name in _INTAKE_KINDS if getattr(self, name) is not None}
        if len(kinds - {"folder"}) + (kinds == {"folder"}) != 1 or (kinds > {"folder"} and kinds != {"mail", "folder"}):
            raise wrong(_INTAKE_FORMS)
        return self


_FALLBACK_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "string", "pattern": NAME},
        {
            "type": "object",
            "properties": {
                **{name: {"type": "string", "pattern": NAME} for name in ("default", *ERROR_CLASSES)},
            },
            "additionalProperties": False,
            "minProperties": 1,
        },
    ]
}


def _fallback(value: object) -> object:
    return {"default": value} if isinstance(value, str) else value


class Document(Part):
    """A deployment: one narrow agent in production."""

    deployment: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")] = Field(description="Its name.")
    agent: ObjectName = Field(description="The agent, as module:object.")
    reader: ObjectName | None = Field(default=None, description="What turns an arrival into cases, as module:object.")
    owner: Text = Field(description="Who answers for it.")
    case: CasePart
    intake: list[IntakePart] = Field(default_factory=list)
    connect: list[Text] = Field(default_factory=list, description="Connector specifications beside this file.")
    tools: dict[ToolName, Rule] = Field(default_factory=dict, description="A tool not listed is denied.")
    sequences: list[SequencePart] = Field(default_factory=list, description="What no case does after another thing.")
    rights: dict[Holder, RightPart] = Field(
        default_factory=dict, description="What people may have done on their behalf, by group:NAME or user:NAME."
    )
    limits: LimitsPart = Field(default_factory=LimitsPart)
    outcome: OutcomePart | None = None
    models: dict[Name, ModelPart] = Field(default_factory=dict)
    prices: Text | None = Field(default=None, description="A file of negotiated prices of models beside this one.")
    roles: dict[Name, RolePart] = Field(min_length=1)
    fallback: Annotated[dict[str, Name], BeforeValidator(_fallback), WithJsonSchema(_FALLBACK_SCHEMA)] = Field(
        description="The role that catches every error class, or one per class."
    )
    channels: dict[Name, ChannelPart] = Field(default_factory=dict, description="Ways to tell people of their work.")
    notify: NotifyPart | None = Field(default=None, description="Who is told, and by which channels.")
    autonomy: AutonomyPart = Field(default_factory=AutonomyPart)
    baseline: BaselinePart | None = None
    compare: ComparePart = Field(default_factory=ComparePart)
    egress: list[Host] | None = Field(
        default=None,
        description="The hosts that its connectors, models and calls may reach: HOST, HOST:PORT, *.DOMAIN.",
    )
    confidentiality: list[Name] = Field(
        default_factory=lambda: list(CONFIDENTIALITY), min_length=1, description="Its names, lowest first."
    )


def json_schema() -> dict[str, object]:
    """Returns the JSON Schema (2020-12) of the file, short forms of rules included."""
    schema = cast("dict[str, object]", Document.model_json_schema(mode="validation"))
    parts = cast("dict[str, dict[str, object]]", schema["$defs"])
    rule = parts.pop("RulePart")
    properties = cast("dict[str, object]", rule["properties"])
    properties["otherwise"] = {"anyOf": [{"const": "deny"}, _HOLD_SCHEMA], "default": "deny"}
    properties["deny"] = {"const": True}
    properties["undo"] = {**cast("dict[str, object]", properties["undo"]), "default": "allow"}
    forms: list[object] = [{"required": [name]} for name in ("allow", "hold", "deny")]
    properties["second"] = {"$ref": "#/$defs/SecondPart"}
    parts["RulePart"] = {"anyOf": [{"enum": ["allow", "deny"]}, {**rule, "oneOf": forms}]}
    return schema
