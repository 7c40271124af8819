from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[3] / "bench" / "ledger.py"


@pytest.mark.slow
def test_the_benchmark_names_every_tampered_chain_and_table_in_a_real_database() -> None:
    """The short run fills PostgreSQL, exports, tampers and verifies, and meets every target."""
    done = subprocess.run(
        [sys.executable, str(BENCH), "--quick", "--json"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    figures = {figure["name"]: figure["value"] for figure in told["figures"]}
    assert figures["named, of 200 tampered chains"] == 200
    assert figures["named, of 200 cases with tampered tables"] == 200
    assert figures["false alarms"] == 0
    assert figures["rows verified"] >= 20_000
