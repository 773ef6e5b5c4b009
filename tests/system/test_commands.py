"""Commands on an installation that is not there yet answer in words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.running import CLEARED, ROOT

pytestmark = pytest.mark.system


@pytest.mark.parametrize(
    "words",
    [
        ("create_token", "x", "--scope", "read"),
        ("apply", "-f", "templates/docs/examples/chat-7b.yaml"),
        ("export",),
        ("train",),
    ],
    ids=lambda words: words[0],
)
def test_a_command_before_the_first_migration_says_what_to_run(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in CLEARED}
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**environment, "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "manage.py migrate" in done.stderr
    assert "Traceback" not in done.stderr
