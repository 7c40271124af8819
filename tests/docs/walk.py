"""Walks a page as its reader would: writes the files it shows, runs its commands, looks for what it says will come.

In a page, ```` ```python FOLDER/FILE ```` (any language) is a file to write, and ```` ```console ````
holds commands after ``$ `` with the lines that they show. ```` ```console NAME ```` is another
terminal: its command goes on until the walk ends. In what is shown, ``…`` stands for anything, on
a line or as a line of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bridgehead.clock import boot_s

_BLOCK: Final = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LIMIT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Written:
    """A file that the page has its reader write."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command that the page has its reader type, and the lines that it shows; ``terminal``: another one."""

    text: str
    shows: tuple[str, ...]
    terminal: str = ""


def steps(page: str) -> Iterator[Written | Command]:
    """Yields what the page has its reader do, in order."""
    for language, name, body in _BLOCK.findall(page):
        if language == "console":
            for text, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", body, re.MULTILINE):
                yield Command(text.strip(), tuple(line for line in shown.splitlines() if line.strip()), name)
        elif name:
            yield Written(name, body)


def missing(shows: tuple[str, ...], output: str) -> str | None:
    """Returns the first line that the page shows and the output, read once from its top, does not have."""
    lines = [_plain(line) for line in output.splitlines()]
    position = 0
    for shown in shows:
        wanted = _plain(shown)
        if wanted == "…":
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in wanted.split("…")))
        found = next((at for at in range(position, len(lines)) if pattern.fullmatch(lines[at])), None)
        if found is None:
            return shown
        position = found + 1
    return None


def _plain(line: str) -> str:
    return re.sub(r"\s+", " ", line).strip()


@dataclass
class Walk:
    """One walk through a page, in a folder of its own; what it has started ends with it."""

    folder: Path
    environment: dict[str, str]
    going_on: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        for process in reversed(self.going_on):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)

    def do(self, step: Written | Command) -> None:
        """Does one step of the page, and holds a command to what the page shows and to success."""
        if isinstance(step, Written):
            path = self.folder / step.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, encoding="utf-8")
        elif step.terminal:
            self._start(step)
        elif step.text.startswith("export "):
            name = step.text.removeprefix("export ").partition("=")[0]
            self.environment[name] = self._output(Command(f'{step.text}; printf %s "${name}"', ()))
        else:
            self._output(step)

    def _output(self, command: Command) -> str:
        done = subprocess.run(
            ["bash", "-c", command.text],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        line = missing(command.shows, done.stdout)
        came = f"there came ({done.returncode}):\n{done.stdout}"
        assert line is None, f"$ {command.text}\nthe page shows:\n  {line}\n{came}"
        assert done.returncode == 0, f"$ {command.text}\n{came}"
        return done.stdout

    def _start(self, command: Command) -> None:
        """Starts a command in another terminal and waits until that shows what the page shows."""
        path = self.folder.parent / f"{self.folder.name}-{command.terminal}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(
                ["bash", "-c", command.text],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.going_on.append(process)
        end = boot_s() + LIMIT_S
        while missing(command.shows, came := path.read_text(encoding="utf-8")) is not None:
            assert boot_s() < end, f"$ {command.text}\nshows only:\n{came}"
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                raise AssertionError(f"$ {command.text}\nended:\n{came}")


def environment(home: Path, python: Path, **more: str) -> dict[str, str]:
    """Returns a fresh environment: a home folder of its own, the commands beside ``python``, a plain terminal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BRIDGEHEAD_", "ERP_"))}
    return {
        **kept,
        "BRIDGEHEAD_HOME": str(home),
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "COLUMNS": "160",
        "NO_COLOR": "1",
        **more,
    }
