"""A walk through a page fails where the page is wrong; a page that no walk can fail would prove nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.docs.walk import Command, Walk, Written, environment, missing, steps

PAGE = """
```python folder/one.py
print("one")
```
```sh
never-run
```
```console
$ python folder/one.py
one
$ export WORD="t$(printf wo)"
```
```console other
$ python -c "import time; print('up', flush=True); input()"
up
```
"""


def walk(folder: Path) -> Walk:
    """Returns a walk in a folder."""
    return Walk(folder, environment(folder / "home", Path(sys.executable)))


def test_a_page_is_taken_apart() -> None:
    """Files, commands with what they show, and other terminals are found; blocks to read alone are left."""
    assert list(steps(PAGE)) == [
        Written("folder/one.py", 'print("one")\n'),
        Command("python folder/one.py", ("one",)),
        Command('export WORD="t$(printf wo)"', ()),
        Command("python -c \"import time; print('up', flush=True); input()\"", ("up",), "other"),
    ]


@pytest.mark.parametrize(
    "shows, output, lacks",
    [
        (("a", "b"), "a\nb", None),
        (("b", "a"), "a\nb", "a"),
        (("a",), "ab", "a"),
        (("a  b",), "a b", None),
        (("a … d",), "a b c d", None),
        (("a … d",), "a b c", "a … d"),
        (("…", "b"), "a\nb", None),
        (("a.c",), "abc", "a.c"),
        (("a", "a"), "a", "a"),
    ],
)
def test_what_is_shown_must_come(shows: tuple[str, ...], output: str, lacks: str | None) -> None:
    """Shown lines must come whole and in their order; only an ellipsis stands for anything."""
    assert missing(shows, output) == lacks


def test_a_walk_fails_where_the_page_is_wrong(tmp_path: Path) -> None:
    """A command that shows something else, or that fails, ends the walk."""
    with walk(tmp_path) as here:
        here.do(Command("echo one", ("one",)))
        with pytest.raises(AssertionError, match="the page shows"):
            here.do(Command("echo two", ("one",)))
        with pytest.raises(AssertionError, match=r"there came \(3\)"):
            here.do(Command("echo one; exit 3", ("one",)))


def test_a_walk_keeps_what_is_exported(tmp_path: Path) -> None:
    """A variable that the page exports is there in the commands that follow."""
    with walk(tmp_path) as here:
        for step in steps(PAGE):
            if not (isinstance(step, Command) and step.terminal):
                here.do(step)
        here.do(Command("echo $WORD", ("two",)))


def test_another_terminal_goes_on_and_is_ended(tmp_path: Path) -> None:
    """A command in another terminal runs until the walk ends, and one that ends too early fails it."""
    with walk(tmp_path) as here:
        here.do(Command("touch one.log; echo up; tail -f one.log", ("up",), "other"))
        assert [process.poll() for process in here.going_on] == [None]
        with pytest.raises(AssertionError, match="ended"):
            here.do(Command("echo down", ("up",), "third"))
    assert all(process.returncode is not None for process in here.going_on)
