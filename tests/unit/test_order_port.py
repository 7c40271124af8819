from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridgehead.cases.tools import SYSTEMS
from bridgehead.connectors.load import load_specification
from bridgehead.connectors.opening import open_connector
from bridgehead.connectors.toolset import Connected
from bridgehead.errors import UserError
from bridgehead.templates.purchase_orders.port import ACTIONS, READS, gaps, require
from tests.unit.erp.asking import FILE, asking

Erp = dict[str, Any]
Change = Callable[[Erp], object]
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "order-port.md"


def changed(folder: Path, change: Change) -> Path:
    """Writes the template's file with one change."""
    data = yaml.load(FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - `on` stays a word
    change(data)
    path = folder / "erp.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path


def load_as_a_deployment(path: Path) -> None:
    """Does what loading a deployment that connects the file does with it."""
    with asking(Connected(open_connector(path), path=path)):
        require()


def test_the_templates_own_file_fits() -> None:
    """The file that comes with the template gives all that the port names, what is optional included."""
    spec = load_specification(FILE)
    assert gaps(spec) == []
    reads = {name for entity in spec.entities.values() for name in entity.reads}
    assert set(READS) <= reads
    assert set(ACTIONS) <= set(spec.actions)


GAPS: list[tuple[Change, str]] = [
    (lambda erp: erp["entities"]["customer_part"]["reads"].update(parts_of=_moved(erp, "customer_part")),
     "no read customer_parts(customer, parts)"),
    (lambda erp: erp["entities"]["item"]["fields"].pop("lead_time_days"),
     "entity item: no field lead_time_days (integer)"),
    (lambda erp: erp["entities"]["item"]["fields"].update(stock={"type": "text"}),
     "entity item: stock: expected decimal, found text"),
    (lambda erp: erp["entities"]["item"]["fields"].update(stock={"type": "decimal", "optional": True}),
     "entity item: stock may be missing, and the template needs it: take `optional` or `none` away"),
    (lambda erp: erp["entities"]["item"]["fields"].update(units={"type": "text"}),
     "entity item: units: expected a list of objects, found text"),
    (lambda erp: erp["entities"]["customer"]["fields"]["ship_tos"]["fields"].pop("city"),
     "entity customer: ship_tos: no field city (text)"),
    (lambda erp: erp["entities"]["customer"]["fields"].update(emails={"type": "text"}),
     "entity customer: emails: expected a list of texts, found text"),
    (lambda erp: erp["entities"]["order"]["fields"]["status"]["values"].update({"held": "on_hold"}),
     "entity order: status: on_hold is none of open, in_production, shipped, cancelled"),
    (lambda erp: erp["entities"]["order"]["fields"]["lines"]["fields"].update(line={"type": "text"}),
     "entity order: lines: line: expected integer, found text"),
    (lambda erp: erp["entities"]["today"]["reads"]["business_day"].pop("one"),
     "read business_day: say `one: true`"),
    (lambda erp: erp["entities"]["price"]["reads"]["prices"]["params"].update({"on": "text"}),
     "read prices: argument on: expected date, found text"),
    (lambda erp: erp["entities"]["customer"]["reads"]["customers"]["params"].update(name="text"),
     "read customers: argument name: it is not always given: write text?"),
    (lambda erp: erp["entities"]["customer"]["reads"]["customers"]["params"].update(year="integer"),
     "read customers: the argument year is not given by the template: make it optional, or take it away"),
    (lambda erp: [erp["actions"].pop("cancel_order"), *map(_one_way, erp["actions"].values())],
     "no action cancel_order(order_number)"),
    (lambda erp: erp["actions"]["create_order"].pop("idempotency_header"),
     "action create_order: say `idempotency_header:`, or `lookup:` with `repeat: if_absent`"),
    (lambda erp: erp["actions"]["create_order"].pop("verify"),
     "action create_order: say `lookup:` or `verify:`, so that a lost reply can be settled"),
    (lambda erp: erp["actions"]["create_order"]["params"].update(lines=["code"]),
     "action create_order: argument lines: expected a list of objects, found [code]"),
    (lambda erp: erp["actions"]["create_order"]["params"].update(plant="code"),
     "action create_order: the argument plant is not given by the template: make it optional, or take it away"),
    (lambda erp: _one_way(erp["actions"]["create_order"], result={"entity": "today"}),
     "action create_order: its result is no record of order: say `result: {entity: order}`"),
]  # fmt: skip


def _moved(erp: Erp, entity: str) -> object:
    """Takes an entity's only read away, so that it can be put under another name."""
    return erp["entities"][entity]["reads"].popitem()[1]


def _one_way(action: Erp, **changes: object) -> Erp:
    """Makes an action one that cannot be undone."""
    action.pop("undo", None)
    action.update({"effect": "irreversible", **changes})
    return action


@pytest.mark.parametrize("change, said", GAPS, ids=[said[:50] for _, said in GAPS])
def test_what_a_file_lacks_is_named(tmp_path: Path, change: Change, said: str) -> None:
    """Each read, argument, field and property that the template needs is missed by name, with what was expected."""
    path = changed(tmp_path, change)
    assert any(one.startswith(said) for one in gaps(load_specification(path))), gaps(load_specification(path))


def test_a_field_may_be_filled_by_another_read(tmp_path: Path) -> None:
    """Places of a customer that another read brings are judged by the entity they come from."""

    def change(erp: Erp) -> None:
        fields = erp["entities"]["customer"]["fields"]
        place = dict(fields["ship_tos"]["fields"])
        place.pop("street")
        read = {"params": {"customer": "code"}, "request": {"path": "/places", "query": {"customer": "{customer}"}}}
        erp["entities"]["place"] = {"key": "id", "fields": place, "reads": {"places": read}}
        fields["ship_tos"] = {"read": "places", "with": {"customer": "number"}}

    found = gaps(load_specification(changed(tmp_path, change)))
    assert [one.partition(" (known")[0] for one in found] == ["entity place: no field street (text)"]


def test_all_gaps_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment does not load with a file that lacks something, and the error lists everything that is lacking."""

    def change(erp: Erp) -> None:
        erp["entities"]["item"]["fields"].pop("stock")
        erp["entities"]["customer"]["fields"].pop("currency")

    monkeypatch.setenv("ERP_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ERP_CLIENT_SECRET", "s3cret")
    path = changed(tmp_path, change)
    with pytest.raises(UserError) as error:
        load_as_a_deployment(path)
    assert error.value.code == "erp.port"
    assert "entity customer: no field currency (text)" in error.value.message
    assert "entity item: no field stock (decimal)" in error.value.message


def test_without_a_connector_the_template_says_what_to_do() -> None:
    """A deployment that lists no connector named erp does not load."""
    token = SYSTEMS.set({})
    try:
        with pytest.raises(UserError, match="erp") as error:
            require()
    finally:
        SYSTEMS.reset(token)
    assert error.value.code == "connector.missing"


@pytest.mark.parametrize("missing", ["ERP_URL", "ERP_CLIENT_SECRET"])
def test_unset_settings_are_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Neither the address nor the secret may be missing when the deployment is loaded."""
    for name in ("ERP_URL", "ERP_CLIENT_SECRET", "ERP_CLIENT_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
        if name != missing and not name.endswith("FILE"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(UserError, match=f"{missing} is not set"):
        load_as_a_deployment(FILE)


def test_the_page_names_all_of_it() -> None:
    """The documented port holds every read, action, argument and field of the one that is checked."""
    text = PAGE.read_text(encoding="utf-8")

    def names(form: object) -> set[str]:
        if isinstance(form, dict):
            return {str(name).removesuffix("?") for name in form}.union(*(names(one) for one in form.values()))
        return set().union(*(names(one) for one in form)) if isinstance(form, list) else set()

    wanted = set(READS) | set(ACTIONS)
    for read in READS.values():
        wanted |= names(read.params) | names(read.fields)
    for action in ACTIONS.values():
        wanted |= names(action.params)
    assert {name for name in wanted if f"`{name}`" not in text} == set()
