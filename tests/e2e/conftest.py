"""The product with a small world in it, and a real browser that looks at it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.system.client import Client, manage
from tests.system.running import ROOT, Running
from tests.system.servers import CHROMIUM_FLAGS, chromium_path

__all__ = ["chromium_path"]


@dataclass
class Product:
    """A running installation, and an exporter that sends samples to it."""

    up: Running
    exporter: Client

    @property
    def url(self) -> str:
        return self.up.url

    def login_link(self) -> str:
        """A fresh one: each works once."""
        return manage(self.up, "login_link", "--base-url", self.url)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started once for the file: starting takes longer than any test."""
    up = Running(tmp_path_factory.mktemp("browser"), CYCLE_SECONDS="2")
    seeding = [sys.executable, "-m", "tests.e2e.world"]
    subprocess.run(seeding, cwd=ROOT, env=up.environment, check=True, timeout=120)
    with up:
        up.wait_until_announced()
        yield Product(up, Client(up, "ingest:write"))


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """Module scope, because Playwright's loop must be gone before another file's async tests."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=chromium_path, headless=True, args=list(CHROMIUM_FLAGS)
        )


@dataclass
class Visitor:
    """A person in front of a page, and everything that their console said."""

    page: Page
    context: BrowserContext
    said: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(path)


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, product: Product) -> Iterator[Visit]:
    """`visit(theme=…, width=…)` → somebody logged in who looks at the overview."""
    contexts: list[BrowserContext] = []

    def make(
        *, theme: str = "light", width: int = 1440, scripts: bool = True, language: str = "en"
    ) -> Visitor:
        context = browser.new_context(
            base_url=product.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=scripts,
            timezone_id="Asia/Tokyo",
        )
        contexts.append(context)
        cookies: Any = [{"name": "django_language", "value": language, "url": product.url}]
        context.add_cookies(cookies)
        page = context.new_page()
        visitor = Visitor(page, context)
        page.on("console", lambda message: visitor.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: visitor.said.append(f"error: {error}"))
        page.goto(product.login_link())
        return visitor

    yield make
    for context in contexts:
        context.close()
