"""The files of a new deployment: a template's, or those around an agent that exists; whole or not at all."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import ModuleType
from typing import Final

from bridgehead.adapters.described import AgentDescription
from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_OBJECT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*")
_COMMAND: Final = re.compile(r"^ {4}.*$|`bridgehead [^`]*`", re.MULTILINE)
_TEMPLATES: Final = "bridgehead.templates"
_LONGEST_LINE: Final = 100
_ADAPTERS: Final = {"pydantic_ai": "pydantic_ai", "langgraph": "langchain"}
"""The adapter for an object, by the package that its type is of: create_agent returns a graph of LangGraph."""


@dataclass(frozen=True, slots=True)
class _Tool:
    """A tool as the scaffold lists it; ``declared`` is the effect class its own code gives, if any."""

    name: str
    description: str
    declared: str | None


def templates() -> list[str]:
    """Returns the names of the templates there are."""
    return sorted(
        entry.name
        for entry in resources.files(_TEMPLATES).iterdir()
        if entry.joinpath("files", "bridgehead.yaml").is_file()
    )


def copy_template(template: str, folder: Path) -> None:
    """Copies a template's files into a new folder, which gives the deployment its name.

    Raises UserError for an unknown template, and for a folder that holds anything.
    """
    known = templates()
    if template not in known:
        raise UserError(f"there is no template {template!r}", code="init.template", hint=nearest(template, known))
    name = _deployment_name(folder)

    def write(into: Path) -> None:
        _copy(resources.files(_TEMPLATES).joinpath(template, "files"), into)
        described = into / "bridgehead.yaml"
        text = described.read_text("utf-8")
        found = re.search(r"^deployment: *(\S+)", text, re.MULTILINE)
        described.write_text(
            re.sub(r"^deployment:.*$", f"deployment: {name}", text, count=1, flags=re.MULTILINE), "utf-8"
        )
        readme = into / "README.md"
        if found is not None and readme.is_file():
            word = re.compile(rf"\b{re.escape(found[1])}\b")
            lines = _COMMAND.sub(lambda line: word.sub(str(folder), line[0]), readme.read_text("utf-8"))
            readme.write_text(lines, "utf-8")

    _make(folder, write)


def around_agent(agent: str, folder: Path) -> list[str]:
    """Writes a deployment around an agent named ``module:object``; returns what its owner should know.

    The agent's module is looked for here and in the environment, and loaded; it is copied in
    unchanged when it is a file of this folder. Raises UserError when it is no agent, and when
    anything would be overwritten.
    """
    if _OBJECT.fullmatch(agent) is None:
        raise UserError(
            f"{agent!r} names no agent", code="init.agent", hint="Write module:object, such as my_agent:agent."
        )
    name = _deployment_name(folder)
    module_name, _, attribute = agent.partition(":")
    found = _loaded(agent, module_name, attribute)
    module = sys.modules[module_name]
    framework = _framework_of(found)
    if framework is not None:
        tools, remarks, code = _framework(agent, framework)
        module = sys.modules[module_name]
        entry = "deploy:agent"
    elif callable(found):
        tools, remarks, code = _plain(agent, found, module)
        entry = agent
    else:
        raise UserError(
            f"{agent} is a {type(found).__name__}, and no agent that Bridgehead knows",
            code="init.agent",
            hint="Name a function f(case, ctx), or an agent of Pydantic AI or LangChain.",
        )
    beside = _beside(module, folder)

    def write(into: Path) -> None:
        for file in beside:
            shutil.copyfile(file, into / file.name)
        (into / "deploy.py").write_text(code, "utf-8")
        (into / "bridgehead.yaml").write_text(_yaml(name, entry, tools), "utf-8")

    _make(folder, write)
    if beside:
        names = ", ".join(file.name for file in beside)
        remarks.insert(0, f"{names} was copied in, unchanged; the deployment runs this copy.")
    return remarks


def _deployment_name(folder: Path) -> str:
    name = folder.resolve().name
    if _NAME.fullmatch(name) is None:
        raise UserError(
            f"{name!r} is no name for a deployment",
            code="init.name",
            hint="Use small letters, digits, - and _, with a letter first: orders.",
        )
    return name


def _make(folder: Path, write: Callable[[Path], None]) -> None:
    """Has the files written beside the folder and moved in at the end; nothing that exists is touched."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} exists already", code="init.exists", hint="Name a new folder.")
    parent = folder.resolve().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".init-", dir=parent) as draft:
            write(Path(draft))
            made = sorted(Path(draft).iterdir())
            taken = [entry.name for entry in made if (folder / entry.name).exists()]
            if taken or (folder.is_dir() and any(folder.iterdir()) and folder.resolve() != Path.cwd().resolve()):
                raise UserError(
                    f"{folder} holds {', '.join(taken) if taken else 'something'} already",
                    code="init.exists",
                    hint="Name a new folder; nothing was changed.",
                )
            folder.mkdir(exist_ok=True)
            for entry in made:
                entry.rename(folder / entry.name)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror}", code="init.path") from error


def _copy(source: Traversable, into: Path) -> None:
    into.mkdir(exist_ok=True)
    for entry in source.iterdir():
        if entry.name == "__pycache__" or entry.name.startswith("."):
            continue
        if entry.is_dir():
            _copy(entry, into / entry.name)
        else:
            (into / entry.name).write_bytes(entry.read_bytes())


def _loaded(agent: str, module_name: str, attribute: str) -> object:
    here = os.getcwd()  # noqa: PTH109  # the entry of sys.path is a text
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        value: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name == module_name
        raise UserError(
            f"{agent}: there is no module {module_name!r}"
            if missing
            else f"{agent} imports {error.name!r}, which is missing",
            code="init.agent",
            hint="Run this in the folder that holds the agent's file." if missing else "Install it first.",
        ) from error
    except UserError:
        raise
    except Exception as error:  # the boundary to a stranger's module: loading it may raise anything
        raise UserError(
            f"{agent}: loading {module_name} raised {type(error).__name__}: {error}",
            code="init.agent",
            hint=f"Load it once by hand: python -c 'import {module_name}'",
        ) from error
    for part in attribute.split("."):
        names = [word for word in vars(value) if not word.startswith("_")] if hasattr(value, "__dict__") else []
        value = getattr(value, part, None)
        if value is None:
            raise UserError(
                f"{agent}: {module_name} has no {attribute!r}", code="init.agent", hint=nearest(part, names)
            )
    return value


def _framework_of(found: object) -> str | None:
    """Returns the adapter's name of the framework that an object is of, None for any other object."""
    homes = [kind.__module__.partition(".")[0] for kind in type(found).__mro__]
    return next((_ADAPTERS[home] for home in homes if home in _ADAPTERS), None)


def _beside(module: ModuleType, folder: Path) -> list[Path]:
    """Returns the agent's file, and those of this folder that it imported; none when they lie in place already."""
    here = Path.cwd().resolve()
    file = getattr(module, "__file__", None)
    if folder.resolve() == here or file is None or Path(file).resolve().parent != here:
        return []
    files = {Path(file).resolve()}
    for other in list(sys.modules.values()):
        place = getattr(other, "__file__", None)
        if place is not None and Path(place).resolve().parent == here and place.endswith(".py"):
            files.add(Path(place).resolve())
    return sorted(files)


def _framework(agent: str, framework: str) -> tuple[list[_Tool], list[str], str]:
    adapter = importlib.import_module(f"bridgehead.adapters.{framework}")
    if framework == "langchain":  # its adapter has to stand by while the agent's file loads
        sys.modules.pop(agent.partition(":")[0], None)
    described: AgentDescription = adapter.describe(agent)
    tools = [_Tool(tool.name, tool.description, tool.declared) for tool in described.tools]
    tools += [_Tool(name, "The agent's output runs through it.", None) for name in described.output_functions]
    remarks = ["Every tool counts as irreversible until deploy.py says more; in shadow none of them is really called."]
    if described.native_tools:
        remarks.append(f"The model's provider executes {', '.join(described.native_tools)}: declare or remove them.")
    if described.open_ended:
        remarks.append("Some tools are known at run time only; those are denied until they are declared.")
    if described.needs_deps:
        remarks.append("The agent takes dependencies: give govern() a deps= function in deploy.py.")
    if not described.model:
        remarks.append("The agent names no model: give govern() model=.")
    # A tool whose function is decorated is declared there already.
    open_ones = [tool for tool in tools if tool.declared is None]
    listed = "".join(f"        {json.dumps(tool.name)}: irreversible(),{_remark(tool)}\n" for tool in open_ones)
    body = _FRAMEWORK.format(
        agent=agent,
        framework=framework,
        names=", ".join(["NewCase", "ToReview", *(["irreversible"] if open_ones else [])]),
        tools=f"\n{listed}    " if listed else "",
        deps=_DEPS if described.needs_deps else "",
        read=_READ_TEXT,
    )
    return tools, remarks, body


def _plain(agent: str, found: object, module: ModuleType) -> tuple[list[_Tool], list[str], str]:
    from bridgehead.cases.agents import as_agent
    from bridgehead.cases.tools import DECLARED

    known = as_agent(found, agent)
    tools = [
        _Tool(name, declared[-1].tool.description, declared[-1].tool.effect_class)
        for name, declared in DECLARED.items()
    ]
    schema = known.input.json_schema()
    text = schema.get("type") == "string"
    remarks = (
        [] if tools else [f"{module.__name__} declares no tools: decorate them with @read, @reversible, @irreversible."]
    )
    if not text:
        remarks.append("deploy.py reads a document as JSON of the agent's input type; write your own reader there.")
    return (
        tools,
        remarks,
        _PLAIN.format(
            agent=agent,
            imports="" if text or not schema else "import json\n\n",
            read=_READ_TEXT if text or not schema else _READ_JSON,
        ),
    )


def _remark(tool: _Tool) -> str:
    said = " ".join(tool.description.split())
    return f"  # {said[:_LONGEST_LINE]}" if said else ""


def _yaml(name: str, entry: str, tools: Sequence[_Tool]) -> str:
    return _YAML.format(name=name, entry=entry, tools="".join(_rules(tools)) or "  {}\n")


def _rules(tools: Sequence[_Tool]) -> Iterator[str]:
    for tool in tools:
        effect = tool.declared or "irreversible"
        rule = _RULES.get(effect, _RULES["irreversible"])
        yield f"  {tool.name}: {rule.ljust(48)} # {effect}\n"


_RULES: Final[Mapping[str, str]] = {
    "read": "allow",
    "outbound_read": "deny",
    "reversible": "{hold: desk, within: 4h, valid_for: 8h}",
    "irreversible": "{hold: desk, within: 4h, valid_for: 8h}",
}

_YAML: Final = """\
# One narrow agent in production. 'bridgehead check' says what these rules allow.
deployment: {name}
agent: {entry}
reader: deploy:read
owner: {name}@example.com               # who answers for it
case: {{key: [document], deadline: 1h, resume: 5m}}   # what makes two arrivals the same case: see deploy.py
intake: [{{folder: ./in}}]

tools:                                  # a tool that is not listed is denied
{tools}
limits: {{steps: 50, repeats: 3}}
roles:
  desk: {{members: "group:desk"}}         # who decides, and who catches what goes wrong
fallback: desk
autonomy: {{level: shadow}}               # reads are real, writes are virtual, until you promote it
"""

_DEPS: Final = "    # deps=lambda case: ...,   what the agent's dependencies are, for one run\n"

_FRAMEWORK: Final = '''\
"""The deployment of {agent}, whose own file stays as it is."""

from bridgehead import {names}
from bridgehead.adapters.{framework} import govern
from bridgehead.cases.intake import ReadResult

agent = govern(
    "{agent}",
    prompt="{{case.text}}",
{deps}    # What each tool does to the world: read() for one that only reads; reversible(key=..., verify=...,
    # undo=...) or irreversible(key=..., verify=...) for one that writes. Allow it in bridgehead.yaml then.
    tools={{{tools}}},
)


{read}'''

_PLAIN: Final = '''\
"""The deployment of {agent}: how a document becomes its cases."""

{imports}from bridgehead import NewCase, ToReview
from bridgehead.cases.intake import ReadResult


{read}'''

_READ_TEXT: Final = '''\
def read(document: bytes, name: str) -> ReadResult:
    """Turns one arrival into a case; ``key`` is what makes two arrivals the same one (an order's number, say)."""
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ToReview(f"{name} is no UTF-8 text.")
    return NewCase(input=text, key={"document": name}, text=text)
'''

_READ_JSON: Final = '''\
def read(document: bytes, name: str) -> ReadResult:
    """Turns one arrival into a case; ``key`` is what makes two arrivals the same one (an order's number, say)."""
    try:
        found = json.loads(document)
    except ValueError as error:
        return ToReview(f"{name} is no JSON: {error}")
    return NewCase(input=found, key={"document": name})
'''
