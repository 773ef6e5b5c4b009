"""The demo, running → the pictures of the README.

Usage: python -m tests.e2e.screenshots [--out templates/docs/images]

Starts `up --demo` on a free port with temporary data, waits until the first model is trained, asks
for a surge so that there is something to see, and takes each picture in the theme and language
that its name says.
"""

import argparse
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.system.client import Client
from tests.system.running import Running, wait_for
from tests.system.servers import CHROMIUM_FLAGS

WIDE = {"width": 1440, "height": 900}
TRAINED_SECONDS = 900.0
SURGED_SECONDS = 100.0  # long enough for the queue, the order and the first new replicas


@dataclass(frozen=True, slots=True)
class Picture:
    """One page in one look."""

    name: str
    path: str
    scheme: str = "light"
    locale: str = "en-US"
    height: int = 900


PICTURES = (
    Picture("overview-light", "/", height=560),
    Picture("overview-zh", "/", locale="zh-CN", height=560),
    Picture("workload-dark", "/workloads/chat-7b?range=1h", scheme="dark"),
)


def main() -> None:
    """Take every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("templates/docs/images"))
    out = parser.parse_args().out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Running(Path(folder), "--demo") as up:
        up.wait_until_announced(seconds=600)
        client = Client(up, "read")
        wait_for(
            lambda: bool(client.get("/api/v1/models?workload=chat-7b")["items"]),
            seconds=TRAINED_SECONDS,
            why="a model of chat-7b is trained",
        )
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=list(CHROMIUM_FLAGS)
            )
            _take_all(browser, up, out)
            browser.close()


def _take_all(browser: Browser, up: Running, out: Path) -> None:
    link = up.login_link()
    assert link is not None
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]  # a literal of ints
    page = context.new_page()
    page.goto(link)
    if page.get_by_role("button").count() and "/login" in page.url:
        page.get_by_role("button").first.click()
    page.goto(f"{up.url}/workloads/chat-7b")
    page.get_by_text("Surge").first.click()
    time.sleep(SURGED_SECONDS)
    state = context.storage_state()
    context.close()
    for picture in PICTURES:
        _take(browser, up.url, picture, state, out / f"{picture.name}.png")


def _take(browser: Browser, url: str, picture: Picture, state: object, file: Path) -> None:
    context = browser.new_context(
        viewport={"width": WIDE["width"], "height": picture.height},
        color_scheme="dark" if picture.scheme == "dark" else "light",
        locale=picture.locale,
        storage_state=state,  # type: ignore[arg-type]  # what the first context handed out
    )
    page = context.new_page()
    page.goto(url + picture.path)
    time.sleep(5)  # charts draw, the first live update arrives
    page.screenshot(path=file)
    print(f"{file.name}: {file.stat().st_size // 1024} KiB")  # noqa: T201 - the result
    context.close()


if __name__ == "__main__":
    main()
