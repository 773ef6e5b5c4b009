"""A predictor ↔ a folder: whole or not at all, unchanged or refused, and never a way out."""

import hashlib
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save as save_arrays

from forecasting import artifacts
from forecasting.errors import BadArtifact
from forecasting.forecast import Forecast
from forecasting.interface import Predictor
from forecasting.models.naive import LastValue
from forecasting.series import Series
from tests.forecasting.shapes import daily

NAME = "1/2/mdl_01"


@pytest.fixture
def predictor() -> Predictor:
    return LastValue().fit(daily(2), horizon=3, seed=0)


@pytest.fixture
def checksum(predictor: Predictor, tmp_path: Path) -> str:
    return artifacts.save(predictor, tmp_path, NAME, extra={"workload": "chat-7b"})


def forged(root: Path, *, weights: bytes | None = None, **changes: Any) -> str:
    """Change the stored artifact as one could who may write to both folder and database."""
    folder = root / NAME
    manifest = json.loads((folder / "manifest.json").read_bytes()) | changes
    if weights is not None:
        (folder / "weights.safetensors").write_bytes(weights)
        manifest["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    text = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(text)
    return hashlib.sha256(text).hexdigest()


def test_what_is_stored_is_json_and_safetensors_and_nothing_else(
    checksum: str, tmp_path: Path
) -> None:
    folder = tmp_path / NAME
    manifest = json.loads((folder / "manifest.json").read_text())

    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.json",
        "weights.safetensors",
    ]
    assert (manifest["model"], manifest["extra"]) == ("last-value", {"workload": "chat-7b"})
    assert [path.name for path in folder.parent.iterdir()] == ["mdl_01"]  # no draft is left


def test_a_stored_version_is_never_overwritten(
    predictor: Predictor, checksum: str, tmp_path: Path
) -> None:
    with pytest.raises(OSError, match="not empty"):
        artifacts.save(predictor, tmp_path, NAME, extra={})

    assert artifacts.load(tmp_path, NAME, checksum=checksum).name == "last-value"
    assert [path.name for path in (tmp_path / NAME).parent.iterdir()] == ["mdl_01"]


def test_a_full_disk_leaves_nothing_behind(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        artifacts.save(predictor, tmp_path, NAME, extra={})

    assert list((tmp_path / NAME).parent.iterdir()) == []


@pytest.mark.parametrize("file", ["manifest.json", "weights.safetensors"])
def test_one_changed_byte_is_noticed(checksum: str, tmp_path: Path, file: str) -> None:
    path = tmp_path / NAME / file
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(bytes(content))

    with pytest.raises(BadArtifact, match=r"not the one that was stored|weights are damaged"):
        artifacts.load(tmp_path, NAME, checksum=checksum)


@pytest.mark.parametrize("file", ["manifest.json", "weights.safetensors"])
def test_a_half_written_folder_is_refused(checksum: str, tmp_path: Path, file: str) -> None:
    (tmp_path / NAME / file).unlink()

    with pytest.raises(BadArtifact, match=r"mdl_01/.*No such file"):
        artifacts.load(tmp_path, NAME, checksum=checksum)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArtifact, match="No such file"):
        artifacts.load(tmp_path, NAME, checksum="")


def test_a_truncated_file_is_noticed(checksum: str, tmp_path: Path) -> None:
    os.truncate(tmp_path / NAME / "weights.safetensors", 20)

    with pytest.raises(BadArtifact, match="damaged"):
        artifacts.load(tmp_path, NAME, checksum=checksum)


def test_a_link_in_place_of_a_file_is_not_followed(checksum: str, tmp_path: Path) -> None:
    path = tmp_path / NAME / "weights.safetensors"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(BadArtifact, match="is a link"):
        artifacts.load(tmp_path, NAME, checksum=checksum)


def test_a_file_of_absurd_size_is_not_read(checksum: str, tmp_path: Path) -> None:
    os.truncate(tmp_path / NAME / "weights.safetensors", 2**40)  # sparse: costs nothing

    with pytest.raises(BadArtifact, match="far too large"):
        artifacts.load(tmp_path, NAME, checksum=checksum)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/../../x",
        "/etc",
        "a//b",
        "a/",
        "a\0b",
        "a b",
        "A",
        ".draft-x",
        "a\n",
    ],
)
def test_a_name_that_is_no_name_is_refused(predictor: Predictor, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadArtifact, match="is not the name of an artifact"):
        artifacts.load(tmp_path, name, checksum="")
    with pytest.raises(BadArtifact, match="is not the name of an artifact"):
        artifacts.save(predictor, tmp_path, name, extra={})


def test_a_link_that_leads_out_of_the_directory_is_refused(
    predictor: Predictor, tmp_path: Path
) -> None:
    inside = tmp_path / "models"
    inside.mkdir()
    checksum = artifacts.save(predictor, tmp_path / "outside", "a", extra={})
    (inside / "team").symlink_to(tmp_path / "outside")

    with pytest.raises(BadArtifact, match="leads out"):
        artifacts.load(inside, "team/a", checksum=checksum)
    with pytest.raises(BadArtifact, match="leads out"):
        artifacts.save(predictor, inside, "team/b", extra={})


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"format": 1}, "format 1 is not 2; train again"),
        ({"model": "oracle"}, "nobody here knows the model 'oracle'"),
        ({"config": {}}, "'name'"),
        ({"config": []}, "list indices"),
        ({"config": {"name": "x", "season": "soon", "seconds": 1}}, "invalid literal"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused_even_with_the_right_checksum(
    checksum: str, tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadArtifact, match=complaint):
        artifacts.load(tmp_path, NAME, checksum=forged(tmp_path, **changes))


@pytest.mark.parametrize(
    ("weights", "complaint"),
    [
        (b"", "header"),
        (b"garbage that is no safetensors file at all", "header|Header"),
        (save_arrays({"other": np.zeros(3)}), "'spread'"),
        (save_arrays({"spread": np.array([[1.0, np.nan]])}), "not a number"),
        (save_arrays({"spread": np.array([[1.0, np.inf]])}), "not a number"),
    ],
)
def test_weights_that_make_no_sense_are_refused_even_with_the_right_checksum(
    checksum: str, tmp_path: Path, weights: bytes, complaint: str
) -> None:
    with pytest.raises(BadArtifact, match=complaint):
        artifacts.load(tmp_path, NAME, checksum=forged(tmp_path, weights=weights))


def test_a_manifest_that_is_no_json_is_refused(checksum: str, tmp_path: Path) -> None:
    (tmp_path / NAME / "manifest.json").write_bytes(b"{")

    with pytest.raises(BadArtifact, match="Expecting"):
        artifacts.load(tmp_path, NAME, checksum=hashlib.sha256(b"{").hexdigest())


def test_a_predictor_without_a_state_cannot_be_stored(tmp_path: Path, noon: datetime) -> None:
    class Oracle:
        name = "oracle"

        def predict(self, history: Series, *, horizon: int) -> Forecast:
            raise NotImplementedError

    with pytest.raises(BadArtifact, match="oracle cannot be stored"):
        artifacts.save(Oracle(), tmp_path, NAME, extra={})

    assert list(tmp_path.iterdir()) == []
