from __future__ import annotations

import ast
import importlib
import inspect
import re

import typer

from bridgehead import errors
from bridgehead.settings import Settings
from tests.docs import tree

CODE = re.compile(r"^[a-z_]+(\.[a-z_]+)*$")


def raised_codes() -> dict[str, str]:
    """Returns every error code that the source declares, with one file that does."""
    found = {f"call.{error_class}": "src/bridgehead/errors.py" for error_class in errors.ERROR_CLASSES}
    for path in tree.below(tree.SOURCE, ".py"):
        for node in ast.walk(tree.parsed(path)):
            values: list[ast.expr | None] = []
            if isinstance(node, ast.Call):
                values = [word.value for word in node.keywords if word.arg == "code"]
            elif isinstance(node, ast.ClassDef):
                values = [_assigned(line) for line in node.body]
            for value in values:
                found |= {code: tree.shown(path) for code in _constants(value)}
    return found


def _constants(value: ast.expr | None) -> list[str]:
    match value:
        case ast.Constant(value=str(text)) if CODE.match(text):
            return [text]
        case ast.IfExp():
            return [*_constants(value.body), *_constants(value.orelse)]
        case _:
            return []


def _assigned(line: ast.stmt) -> ast.expr | None:
    match line:
        case ast.AnnAssign(target=ast.Name(id="code")):
            return line.value
        case ast.Assign(targets=[ast.Name(id="code")]):
            return line.value
        case _:
            return None


def command_line() -> object | None:
    """Returns the command line with all its commands, or None while there is none."""
    folder = tree.SOURCE / "cli"
    names = sorted(path.stem for path in tree.below(folder, ".py") if not path.stem.startswith("__"))
    modules = [importlib.import_module(f"bridgehead.cli.{name}") for name in names]
    found = {id(app): app for module in modules if isinstance(app := getattr(module, "app", None), typer.Typer)}
    assert len(found) <= 1, "the command line has one application, named app"
    return typer.main.get_command(*found.values()) if found and names else None


def offered(command: object, path: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """Returns every visible command by its full name, with its visible flags."""
    found: dict[str, set[str]] = {}
    if path:
        found[" ".join(path)] = {
            option
            for parameter in getattr(command, "params", ())
            if not getattr(parameter, "hidden", False)
            for option in (*parameter.opts, *parameter.secondary_opts)
            if option.startswith("--")
        }
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            found |= offered(child, (*path, name))
    return found


def test_every_setting_is_documented() -> None:
    """Each setting has an anchor in the reference, and the reference knows no other."""
    names = {f"BRIDGEHEAD_{name.upper()}" for name in Settings.model_fields}
    assert set(tree.ids(tree.page("reference/settings.md"))) == names


def test_every_setting_shows_its_default() -> None:
    """A setting's line in the reference states the default that the code has."""
    text = tree.page("reference/settings.md")
    for name, field in Settings.model_fields.items():
        found = re.search(rf'id="BRIDGEHEAD_{name.upper()}">.*', text)
        assert found is not None
        default = "unset" if field.default is None else f"`{field.default}`"
        assert default in found[0], f"{name}: the reference does not say {default}"


def test_every_error_code_is_documented() -> None:
    """Each code an error can carry has an anchor in the reference."""
    ids = set(tree.ids(tree.page("reference/errors.md")))
    missing = {code: path for code, path in raised_codes().items() if code not in ids}
    assert not missing, f"docs/reference/errors.md lacks {missing}"


def test_no_documented_code_is_invented() -> None:
    """Each anchor of the error reference is a code or an exception that exists."""
    classes = {name for name, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, BaseException)}
    ids = set(tree.ids(tree.page("reference/errors.md")))
    assert ids - set(raised_codes()) - classes == set()


def test_every_exception_is_documented() -> None:
    """Each exception of the tree has an anchor in the reference."""
    classes = {
        name
        for name, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, BaseException) and value.__module__ == errors.__name__
    }
    assert classes <= set(tree.ids(tree.page("reference/errors.md")))


def test_every_command_is_documented() -> None:
    """Each command and flag stands in the reference, and the reference has no page without a command line."""
    command = command_line()
    commands = {} if command is None else offered(command)
    reference = tree.DOCS / "reference" / "cli.md"
    assert reference.exists() == bool(commands), f"the reference of {len(commands)} commands"
    pages = sorted(reference.parent.glob("cli*.md")) if commands else []
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    missing = []
    for name, flags in commands.items():
        section = re.search(
            rf"^#+ .*`bridgehead {re.escape(name)}(?: [^`]*)?`.*?(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL
        )
        if section is None:
            missing.append(name)
        else:
            missing += [f"{name} {flag}" for flag in sorted(flags - {"--help"}) if f"`{flag}" not in section[0]]
    assert not missing, f"docs/reference/cli.md lacks {missing}"
