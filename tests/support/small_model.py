"""A small model on this machine behind an OpenAI-compatible URL: ``BRIDGEHEAD_TEST_GGUF`` names its file.

Started as a program it loads the GGUF file it is given with ``xllamacpp``, prints its URL and serves until it is ended.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.no_skips import NO_MODEL, ROOT

LOADING_S = 120


@pytest.fixture(scope="session")
def small_model() -> Iterator[str]:
    """Returns the URL of the model; skips where none is named or nothing can load it."""
    path = os.environ.get("BRIDGEHEAD_TEST_GGUF", "")
    if not path or importlib.util.find_spec("xllamacpp") is None:
        pytest.skip(NO_MODEL)
    if not Path(path).is_file():
        pytest.fail(f"BRIDGEHEAD_TEST_GGUF names no file: {path}")
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.support.small_model", path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    late = threading.Timer(LOADING_S, child.kill)
    late.start()
    try:
        assert child.stdout is not None
        url = next((line.removeprefix("URL ").strip() for line in child.stdout if line.startswith("URL ")), "")
        late.cancel()
        assert url, f"the model did not load, or not within {LOADING_S} s; its loader says why on standard error"
        yield f"{url}/v1"
    finally:
        late.cancel()
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def main(path: str) -> None:
    """Serves until it is ended."""
    llama = importlib.import_module("xllamacpp")
    parameters = llama.CommonParams()
    parameters.model.path = path
    parameters.n_ctx = 8192
    parameters.n_parallel = 1
    threads = max(1, (os.cpu_count() or 2) // 2)  # threads that spin for a core which others use slow it down
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    server = llama.Server(parameters)
    sys.stdout.write(f"URL {server.listening_address}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
