"""A predictor ↔ a folder with manifest.json and weights.safetensors. Never pickle."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from forecasting.errors import BadArtifact
from forecasting.interface import Predictor
from forecasting.models import restore

FORMAT = 1
Arrays = dict[str, NDArray[Any]]


@runtime_checkable
class Storable(Protocol):
    """What a predictor must offer to be kept: plain settings and named arrays."""

    name: str

    def state(self) -> tuple[dict[str, Any], Arrays]: ...


def save(predictor: Predictor, folder: Path, *, extra: Mapping[str, Any]) -> str:
    """Write the predictor so that a reader sees all of it or nothing; the manifest's checksum.

    An existing folder of that name is an error: versions are never overwritten.
    """
    if not isinstance(predictor, Storable):
        raise BadArtifact(f"{predictor.name} cannot be stored")
    config, arrays = predictor.state()
    weights = save_arrays({key: np.ascontiguousarray(array) for key, array in arrays.items()})
    manifest = {
        "format": FORMAT,
        "model": predictor.name,
        "config": config,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "extra": dict(extra),
    }
    text = json.dumps(manifest, sort_keys=True, indent=1).encode()
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(dir=folder.parent, prefix=".draft-"))
    try:
        _write(draft / "weights.safetensors", weights)
        _write(draft / "manifest.json", text)
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return hashlib.sha256(text).hexdigest()


def load(folder: Path, *, checksum: str) -> Predictor:
    """The predictor again. Raises BadArtifact when anything is missing, damaged or foreign."""
    try:
        text = (folder / "manifest.json").read_bytes()
        weights = (folder / "weights.safetensors").read_bytes()
    except OSError as error:
        raise BadArtifact(f"{folder.name}: {error.strerror}") from error
    if hashlib.sha256(text).hexdigest() != checksum:
        raise BadArtifact(f"{folder.name}: the manifest is not the one that was stored")
    manifest = json.loads(text)
    if manifest["format"] != FORMAT:
        raise BadArtifact(f"{folder.name}: format {manifest['format']} is not {FORMAT}")
    if hashlib.sha256(weights).hexdigest() != manifest["weights_sha256"]:
        raise BadArtifact(f"{folder.name}: the weights are damaged")
    try:
        return restore(manifest["model"], manifest["config"], load_arrays(weights))
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise BadArtifact(f"{folder.name}: {error}") from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
