"""A predictor ↔ a folder with manifest.json and weights.safetensors. Never pickle.

The manifest's checksum is kept elsewhere, by whoever trusts the artifact; the manifest holds the
checksum of the weights. So nothing in the folder can be changed unnoticed, and nothing in it is
ever executed.
"""

import hashlib
import json
import os
import re
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

FORMAT = 2
DRAFT = ".draft-"  # begins the name of a folder that is still being written
MOST_BYTES = 64 * 2**20  # of one file: a thousand times what any model here needs
MANIFEST, WEIGHTS = "manifest.json", "weights.safetensors"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*")
Arrays = dict[str, NDArray[Any]]


@runtime_checkable
class Storable(Protocol):
    """What a predictor must offer to be kept: plain settings and named arrays."""

    @property
    def name(self) -> str: ...

    def state(self) -> tuple[dict[str, Any], Arrays]: ...


def save(predictor: Predictor, root: Path, name: str, *, extra: Mapping[str, Any]) -> str:
    """Write the predictor to `root`/`name` so that a reader sees all of it or nothing.

    Returns the manifest's checksum, which `load` wants to see again. A folder of that name must
    not exist: what was stored is never overwritten. Raises BadArtifact or OSError.
    """
    folder = _folder(root, name)
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
    draft = Path(mkdtemp(dir=folder.parent, prefix=DRAFT))
    try:
        _write(draft / WEIGHTS, weights)
        _write(draft / MANIFEST, text)
        draft.rename(folder)
        _sync(folder.parent)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return hashlib.sha256(text).hexdigest()


def load(root: Path, name: str, *, checksum: str) -> Predictor:
    """The predictor again. Raises BadArtifact when anything is missing, damaged or foreign."""
    folder = _folder(root, name)
    text, weights = _read(folder / MANIFEST), _read(folder / WEIGHTS)
    if hashlib.sha256(text).hexdigest() != checksum:
        raise BadArtifact(f"{name}: the manifest is not the one that was stored")
    try:
        manifest = json.loads(text)
        if manifest["format"] != FORMAT:
            raise BadArtifact(f"{name}: format {manifest['format']} is not {FORMAT}; train again")
        if hashlib.sha256(weights).hexdigest() != manifest["weights_sha256"]:
            raise BadArtifact(f"{name}: the weights are damaged")
        arrays = load_arrays(weights)
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise BadArtifact(f"{name}: the weights hold something that is not a number")
        return restore(manifest["model"], manifest["config"], arrays)
    except (SafetensorError, LookupError, ValueError, TypeError, RuntimeError) as error:
        raise BadArtifact(f"{name}: {error}") from error


def _folder(root: Path, name: str) -> Path:
    """The folder of that name, which lies below `root` whatever the name or a link says."""
    if not _NAME.fullmatch(name):
        raise BadArtifact(f"{name!r} is not the name of an artifact")
    folder = root / name
    if not folder.resolve().is_relative_to(root.resolve()):
        raise BadArtifact(f"{name} leads out of the model directory")
    return folder


def _read(path: Path) -> bytes:
    try:
        if path.is_symlink() or path.stat().st_size > MOST_BYTES:
            raise BadArtifact(f"{path.parent.name}/{path.name} is a link, or far too large")
        return path.read_bytes()
    except OSError as error:
        raise BadArtifact(f"{path.parent.name}/{path.name}: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """A rename is only durable once the folder it happened in is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
