from __future__ import annotations

from pathlib import Path

import pytest

from bridgehead import ids
from bridgehead.app import load_deployment
from bridgehead.cases.tools import BoundTool
from bridgehead.errors import UserError

YAML = """
deployment: {name}
agent: {module}:agent
owner: desk@example.com
case: {{key: [po], deadline: 30m}}
tools: {{book: allow}}
roles: {{desk: {{members: "group:desk"}}}}
fallback: desk
"""
TOOL = """
from bridgehead import *

async def find(*, key, args):
    return {name!r}

@reversible(verify=find)
async def book(po: str) -> str:
    return {name!r}
"""
AGENT = """
async def agent(case: Case[dict], ctx: Context) -> str:
    return await book(case.input["po"])
"""


def deployment(folder: Path, name: str, *, imports: str = "", tool: bool = True) -> Path:
    """Writes a deployment whose module has a name of its own; returns its folder."""
    module = f"tools_{name}_{ids.random_hex(4)}"
    place = folder / name
    place.mkdir()
    code = (TOOL.format(name=name) if tool else "from bridgehead import *\n") + imports + AGENT
    (place / f"{module}.py").write_text(code)
    (place / "bridgehead.yaml").write_text(YAML.format(name=name, module=module))
    return place


async def read_back(place: Path) -> object:
    """Returns what reading back says through the tool that a deployment picked."""
    verify = load_deployment(place).tools["book"].verify
    assert verify is not None
    return await verify(key="", args={})


async def test_each_deployment_reads_back_through_its_own_tool(tmp_path: Path) -> None:
    """P2: of two deployments in one process with a tool of one name, neither asks the other's system."""
    north, south = deployment(tmp_path, "north"), deployment(tmp_path, "south")
    for _ in range(2):
        assert await read_back(north) == "north"
        assert await read_back(south) == "south"


async def test_an_imported_tool_is_found(tmp_path: Path) -> None:
    """A tool that the folder only imports is the one a rule means, when it is the only one."""
    name = f"shared_{ids.random_hex(4)}"
    place = deployment(tmp_path, "west", tool=False, imports=f"from {name} import book\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / f"{name}.py").write_text(TOOL.format(name="shared"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(tmp_path / "lib"))
        declared: dict[str, list[BoundTool]] = {}
        patch.setattr("bridgehead.app.DECLARED", declared)
        patch.setattr("bridgehead.cases.tools.DECLARED", declared)
        assert await read_back(place) == "shared"


def test_two_meanings_of_one_name_are_refused(tmp_path: Path) -> None:
    """P1: where two modules of a deployment declare one tool, it does not load and both are named."""
    place = deployment(tmp_path, "east")
    other = f"more_{ids.random_hex(4)}"
    (place / f"{other}.py").write_text(TOOL.format(name="more"))
    (module,) = place.glob("tools_*.py")
    module.write_text(f"import {other}\n{module.read_text()}")
    with pytest.raises(UserError) as caught:
        load_deployment(place)
    assert caught.value.code == "tool.ambiguous"
    assert other in caught.value.message


async def test_a_packaged_tool_is_meant_before_one_of_another_deployment(tmp_path: Path) -> None:
    """P2: a deployment that imports its tools from a package gets those, whatever its neighbours declare."""
    name = f"shared_{ids.random_hex(4)}"
    (tmp_path / "lib" / name).mkdir(parents=True)
    (tmp_path / "lib" / name / "__init__.py").write_text("")
    (tmp_path / "lib" / name / "tools.py").write_text(TOOL.format(name="shared"))
    place = deployment(tmp_path, "west", tool=False, imports=f"from {name}.tools import book\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(tmp_path / "lib"))
        declared: dict[str, list[BoundTool]] = {}
        patch.setattr("bridgehead.app.DECLARED", declared)
        patch.setattr("bridgehead.cases.tools.DECLARED", declared)
        assert await read_back(deployment(tmp_path, "north")) == "north"
        assert await read_back(place) == "shared"
