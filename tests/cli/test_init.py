from __future__ import annotations

from pathlib import Path

import pytest

from bridgehead.spec.load import load
from tests.cli.calls import shell

PLAIN = '''
from bridgehead import Case, Context, irreversible, outbound_read, read

from prices import PRICE

@read()
async def look_up(name: str) -> str:
    """Looks a name up."""
    return name

@outbound_read()
async def ask_the_web(question: str) -> str:
    """Asks the web."""
    return question

@irreversible()
async def send(text: str) -> None:
    """Sends a text."""

async def agent(case: Case[str], ctx: Context) -> str:
    await send(await look_up(case.input))
    return "sent"
'''

FRAMEWORK = '''
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel

agent = Agent(TestModel())

@agent.tool_plain
def get_price(item: str) -> float:
    """Gets a price."""
    return 1.0

@agent.tool_plain
def send_mail(to: str, text: str) -> str:
    """Sends a mail."""
    raise AssertionError("a mail was sent")
'''

LANGCHAIN = '''
from langchain.agents import create_agent
from langchain.messages import AIMessage
from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatGeneration, ChatResult

class Model(BaseChatModel):
    _llm_type = "scripted"

    def bind_tools(self, tools, **options):
        return self

    def _generate(self, messages, *args, **options):
        calls = [("get_price", {"item": "a"}), ("send_mail", {"to": "a", "text": "b"})]
        tool_calls = [{"name": name, "args": args, "id": name} for name, args in calls]
        reply = AIMessage("", tool_calls=tool_calls) if len(messages) == 1 else AIMessage("done")
        return ChatResult(generations=[ChatGeneration(message=reply)])

def get_price(item: str) -> float:
    """Gets a price."""
    return 1.0

def send_mail(to: str, text: str) -> str:
    """Sends a mail."""
    raise AssertionError("a mail was sent")

agent = create_agent(Model(), tools=[get_price, send_mail])
'''


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Gives an empty folder to work in."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_a_template_becomes_a_deployment_of_its_own_name(place: Path) -> None:
    """A template is copied under the folder's name, checks without a mistake, and is never copied over anything."""
    done = shell(place, {}, "init", "desk-2", "--template", "purchase_orders")
    assert done.code == 0, done
    assert "bridgehead check desk-2" in done.out
    folder = place / "desk-2"
    assert load(folder).name == "desk-2"
    assert "bridgehead submit desk-2 desk-2/samples/*" in (folder / "README.md").read_text()
    assert not list(folder.rglob("__pycache__"))
    lines = {path.name: len(path.read_text().splitlines()) for path in folder.iterdir() if path.is_file()}
    assert lines.pop("erp.yaml") <= 300
    assert sum(lines.values()) <= 300
    (folder / "deploy.py").write_text("# mine")
    again = shell(place, {}, "init", "desk-2", "--template", "purchase_orders")
    assert again.code == 2
    assert (folder / "deploy.py").read_text() == "# mine"
    assert sorted(entry.name for entry in place.iterdir()) == ["desk-2"]


@pytest.mark.parametrize(
    "url, secret, code, said",
    [
        ("", "s3cret", "connector.setting", "connection.url: ERP_URL is not set"),
        ("127.0.0.1:8750", "s3cret", "connector.url", "connection.url is no address"),
        ("http://127.0.0.1:8750", "", "connector.secret", "client_secret: ERP_CLIENT_SECRET is not set"),
    ],
)
def test_nothing_runs_without_an_erp(place: Path, url: str, secret: str, code: str, said: str) -> None:
    """Without an ERP to ask, the template's deployment neither checks nor starts, and the message says what to set."""
    assert shell(place, {}, "init", "orders", "--template", "purchase_orders").code == 0
    here = {"ERP_URL": url, "ERP_CLIENT_SECRET": secret, "BRIDGEHEAD_HOME": str(place / "home")}
    for command in (["check", "orders"], ["worker", "orders", "--until-idle"]):
        done = shell(place, here, *command)
        assert done.code == 2, done
        assert code in done.err
        assert said in done.err
    assert not (place / "home").exists()


def test_check_shows_how_systems_are_reached(place: Path) -> None:
    """A deployment with an address and a secret checks, shows each connector, and says what its file lacks."""
    assert shell(place, {}, "init", "orders", "--template", "purchase_orders").code == 0
    here = {"ERP_URL": "http://127.0.0.1:8750", "ERP_CLIENT_SECRET": "s3cret"}
    done = shell(place, here, "check", "orders")
    assert done.code == 0, done
    assert "Connectors" in done.out
    (connector,) = shell(place, here, "check", "orders", "--json").json["connectors"]
    assert (connector["name"], connector["file"], connector["kind"]) == ("erp", "erp.yaml", "http")
    assert {"orders", "create_order"} <= set(connector["tools"])
    (place / "secret").write_text("s3cret")
    named = {"ERP_URL": "http://127.0.0.1:8750", "ERP_CLIENT_SECRET_FILE": "secret"}
    assert shell(place, named, "check", "orders").code == 0
    file = place / "orders" / "erp.yaml"
    file.write_text(file.read_text().replace("      stock: {type: decimal}\n", ""))
    done = shell(place, here, "check", "orders")
    assert (done.code, "entity item: no field stock (decimal)" in done.err) == (2, True), done


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["one"], "--template or --from"),
        (["one", "--template", "purchase_order"], "did you mean purchase_orders?"),
        (["Not Good", "--template", "purchase_orders"], "is no name for a deployment"),
        (["taken", "--template", "purchase_orders"], "exists already"),
        (["one", "--from", "nowhere"], "names no agent"),
        (["one", "--from", "nowhere:agent"], "there is no module 'nowhere'"),
        (["one", "--from", "mine:agnt"], "did you mean agent?"),
        (["one", "--from", "mine:PRICE"], "no agent that Bridgehead knows"),
        (["one", "--from", "broken:agent"], "ZeroDivisionError"),
    ],
)
def test_a_wrong_start_makes_nothing(place: Path, arguments: list[str], said: str) -> None:
    """A start from nothing, or from what is no agent, is wrong use and leaves no folder behind."""
    (place / "taken").touch()
    (place / "broken.py").write_text("1 / 0")
    (place / "prices.py").write_text("PRICE = 1\n")
    (place / "mine.py").write_text(PLAIN)
    before = {entry.name for entry in place.iterdir()} | {"__pycache__"}
    done = shell(place, {}, "init", *arguments)
    assert done.code == 2, done
    assert said in done.err
    assert {entry.name for entry in place.iterdir()} <= before


def test_a_plain_agent_gets_rules_that_write_nothing(place: Path) -> None:
    """A deployment around a function lists its tools: reads are allowed, no write acts without a person."""
    (place / "prices.py").write_text("PRICE = 1\n")
    (place / "mine.py").write_text(PLAIN)
    done = shell(place, {}, "init", "letters", "--from", "mine:agent")
    assert done.code == 0, done
    assert (place / "letters" / "mine.py").read_text() == PLAIN
    assert (place / "letters" / "prices.py").exists()
    rules = load(place / "letters").tools
    assert {name: (rule.allow, rule.hold) for name, rule in rules.items()} == {
        "look_up": (True, None),
        "ask_the_web": (None, None),
        "send": (None, "desk"),
    }
    checked = shell(place, {}, "check", "letters")
    assert checked.code == 0, checked
    assert "Nothing is written and nothing leaves without a person." in checked.out


def test_an_agent_can_stay_where_it_is(place: Path) -> None:
    """In the agent's own folder the deployment is written beside it, and files of those names are left alone."""
    home = place / "letters"
    home.mkdir()
    (home / "prices.py").write_text("PRICE = 1\n")
    (home / "mine.py").write_text(PLAIN)
    assert shell(home, {}, "init", ".", "--from", "mine:agent").code == 0
    assert shell(home, {}, "check", ".").code == 0
    assert shell(home, {}, "init", ".", "--from", "mine:agent").code == 2


@pytest.mark.parametrize("file", [FRAMEWORK, LANGCHAIN], ids=["pydantic_ai", "langchain"])
def test_a_framework_agent_runs_in_shadow_unchanged(place: Path, database_url: str, file: str) -> None:
    """A framework's agent is wrapped without an edit, and in shadow no tool of it that nobody described is called."""
    (place / "my_agent.py").write_text(file)
    done = shell(place, {}, "init", "desk", "--from", "my_agent:agent")
    assert done.code == 0, done
    assert (place / "desk" / "my_agent.py").read_text() == file
    assert '"send_mail": irreversible(),  # Sends a mail.' in (place / "desk" / "deploy.py").read_text()
    (place / "letter.txt").write_text("Please send a mail.")
    here = {"BRIDGEHEAD_DATABASE_URL": database_url, "BRIDGEHEAD_HOME": str(place / "home")}
    assert shell(place, here, "submit", "desk", "letter.txt").code == 0
    worked = shell(place, here, "worker", "desk", "--until-idle")
    assert worked.code == 0, worked
    case = shell(place, here, "case", "C-1", "--json").json
    assert case["case"]["outcome"] == "completed", case
    assert {effect["tool"]: effect["state"] for effect in case["effects"]} == {
        "get_price": "virtual",
        "send_mail": "virtual",
    }
