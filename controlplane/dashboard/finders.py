"""Scripts that installed packages carry → static files, without a copy in this repository."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

# URL below /static/ → (package, path inside it).
SCRIPTS = {
    "plotly.min.js": ("plotly", "package_data/plotly.min.js"),
    "htmx.min.js": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
}


class _One(FileSystemStorage):
    """A storage that offers one file of a package under the name we serve it as."""

    def __init__(self, name: str, source: Path) -> None:
        super().__init__(location=str(source.parent))
        self.name, self.source, self.prefix = name, source, ""

    def path(self, name: str) -> str:
        return str(self.source)


class PackageScripts(BaseFinder):
    """Finds exactly the files of SCRIPTS."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found = {name: _source(*where) for name, where in SCRIPTS.items()}

    def find(self, path: str, find_all: bool = False, **_kwargs: Any) -> Any:
        source = self.found.get(path)
        match = [str(source)] if source else []
        return match if find_all else (match[0] if match else [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[tuple[str, Any]]:
        return [(name, _One(name, source)) for name, source in self.found.items()]


def _source(package: str, inner: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {package} is not installed; run `make setup`")
    return Path(spec.origin).parent / inner
