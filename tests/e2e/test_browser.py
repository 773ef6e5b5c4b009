"""A browser logs in, reads every page, and sees a decision arrive."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Product, Visit, Visitor
from tests.system.running import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.system]
WORKLOAD = "/workloads/chat-7b"
PAGES = ("/", WORKLOAD, "/decisions", "/savings", "/api/v1/docs")
LOOKS = [(theme, width) for theme in ("light", "dark") for width in (1440, 375)]


def settled(page: Page) -> None:
    """The live connection is up; on pages with figures they are drawn."""
    expect(page.locator("#live")).to_have_text("Live")
    for plot in page.locator("[data-plot]").all():
        expect(plot.locator(".main-svg").first).to_be_visible(timeout=30_000)


def fits(page: Page) -> bool:
    """Nothing is wider than the window."""
    return bool(
        page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    )


@pytest.mark.parametrize(("theme", "width"), LOOKS)
@pytest.mark.parametrize("path", ["/", WORKLOAD])
def test_a_page_fits_and_its_console_is_empty(
    visit: Visit, path: str, theme: str, width: int
) -> None:
    visitor = visit(theme=theme, width=width)
    visitor.open(path)
    settled(visitor.page)

    assert visitor.said == []
    assert fits(visitor.page)
    ground = visitor.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == ("rgb(10, 14, 18)" if theme == "dark" else "rgb(245, 247, 249)")


def test_every_page_reads_well_in_chinese(visit: Visit) -> None:
    visitor = visit(language="zh-hans")
    for path in PAGES:
        visitor.open(path)

        expect(visitor.page.locator("html")).to_have_attribute("lang", "zh-Hans")
        assert fits(visitor.page)
    assert visitor.said == []


def test_times_are_in_the_browsers_own_zone(visit: Visit) -> None:
    visitor = visit()

    expect(visitor.page.locator(".foot")).to_contain_text("Asia/Tokyo (UTC+9)")


def test_a_decision_arrives_without_a_reload(visit: Visit, product: Product) -> None:
    visitor = visit()
    visitor.open(WORKLOAD)
    settled(visitor.page)
    visitor.page.evaluate("window.here = true")
    before = visitor.page.locator("#decisions .delta").all_text_contents()

    def arrived() -> bool:
        product.exporter.push("service.request.rate", "chat-7b", 400.0)
        visitor.page.wait_for_timeout(500)
        return visitor.page.locator("#decisions .delta").all_text_contents() != before

    wait_for(arrived, seconds=30, why="the new decision is on the page")
    expect(visitor.page.locator("#decisions li").first).to_contain_text(re.compile(r"\+\d"))
    assert visitor.page.evaluate("window.here") is True
    assert visitor.said == []


def test_figures_are_redrawn_when_the_theme_changes(visit: Visit) -> None:
    visitor = visit()
    visitor.open(WORKLOAD)
    settled(visitor.page)

    visitor.page.locator('summary[aria-label="Theme"]').click()
    visitor.page.get_by_role("button", name="Dark").click()

    ground = "document.getElementById('plot-demand').layout.hoverlabel.bgcolor"
    wait_for(
        lambda: visitor.page.evaluate(ground) == "#0F1419", seconds=20, why="the figures are dark"
    )
    expect(visitor.page.locator("html")).to_have_attribute("data-theme", "dark")
    visitor.page.reload()
    expect(visitor.page.locator("html")).to_have_attribute("data-theme", "dark")


def test_one_crosshair_reads_every_panel(visit: Visit) -> None:
    visitor = visit()
    visitor.open(WORKLOAD)
    settled(visitor.page)
    page = visitor.page
    page.locator("#live").click()  # hold still
    others = page.locator("[data-panel] [data-value]")
    last = others.all_inner_texts()

    panel = page.locator("[data-panel]").first
    panel.scroll_into_view_if_needed()
    panel.focus()
    for _ in range(30):
        page.keyboard.press("ArrowLeft")

    assert others.all_inner_texts() != last
    expect(page.locator("[data-panel] [data-hair]").nth(1)).to_have_attribute(
        "visibility", "visible"
    )
    page.keyboard.press("Escape")
    assert others.all_inner_texts() == last


def test_data_and_range_are_reached_by_keyboard_alone(visit: Visit) -> None:
    visitor = visit()
    visitor.open(WORKLOAD)
    settled(visitor.page)
    page = visitor.page

    page.keyboard.press("t")
    expect(page.locator('input[name="from"]')).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    expect(page.locator("#live")).to_have_text("Paused")
    page.locator('[data-keep="demand"] > summary').focus()
    page.keyboard.press("Enter")
    expect(page.locator("#demand-text table")).to_be_visible()


def test_pausing_all_scaling_is_seen_on_another_open_page(visit: Visit) -> None:
    first, second = visit(), visit()
    second.open("/decisions")
    settled(second.page)

    first.page.get_by_text("Pause all scaling", exact=True).click()
    first.page.get_by_role("button", name="Pause now").click()

    expect(first.page.locator("#banners")).to_contain_text("All scaling is paused.")
    expect(second.page.locator("#banners")).to_contain_text("All scaling is paused.", timeout=5000)
    second.page.get_by_text("Resume scaling", exact=True).first.click()
    second.page.locator("form").get_by_role("button", name="Resume scaling").click()
    expect(first.page.locator("#banners")).not_to_contain_text("All scaling", timeout=5000)


def test_without_scripts_everything_can_be_read_and_done(visit: Visit) -> None:
    page = visit(scripts=False).page

    expect(page.locator("table.fleet")).to_contain_text("chat-7b")
    page.goto(WORKLOAD)
    expect(page.locator("#demand-text")).to_contain_text("Demand was between")
    page.locator('[data-keep="demand"] > summary').click()
    expect(page.locator("#demand-text table")).to_be_visible()
    expect(page.locator("[data-panel]").first).to_be_visible()
    page.locator('summary[aria-label="Theme"]').click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_page_survives_the_death_of_the_web_process(visit: Visit, product: Product) -> None:
    visitor = visit()
    visitor.open(WORKLOAD)
    settled(visitor.page)
    victim = product.up.find("web")
    assert victim is not None

    victim.kill()

    sees_news(visitor, product)
    expect(visitor.page.locator("#live")).to_have_text("Live", timeout=20_000)
    expect(visitor.page.locator("#lost")).to_be_hidden()


def test_without_a_live_connection_the_page_says_so_and_asks_by_itself(
    visit: Visit, product: Product
) -> None:
    visitor = visit()
    visitor.page.route_web_socket("**/ws/live", lambda socket: socket.close())
    visitor.open(WORKLOAD)

    expect(visitor.page.locator("#lost")).to_be_visible(timeout=5000)
    sees_news(visitor, product)


def sees_news(visitor: Visitor, product: Product) -> None:
    """What is pushed now is on the page soon, which was not loaded again."""
    visitor.page.evaluate("window.here = true")
    value = visitor.page.locator('[data-panel="service-requests-waiting"] [data-value]')
    before = value.inner_text()
    fresh = 1000.0 + time.time() % 5000  # another value than anybody's before

    def arrived() -> bool:
        try:
            product.exporter.push("service.requests.waiting", "chat-7b", fresh)
        except OSError:
            return False  # the web process is not back yet
        visitor.page.wait_for_timeout(500)
        return value.inner_text() != before

    wait_for(arrived, seconds=30, why="a pushed value is on the page")
    assert visitor.page.evaluate("window.here") is True


def test_a_hidden_page_asks_for_nothing(visit: Visit, product: Product) -> None:
    visitor = visit()
    visitor.open(WORKLOAD)
    settled(visitor.page)
    visitor.page.wait_for_timeout(2000)  # what was asked for already has arrived
    visitor.page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))

    for _ in range(3):
        product.exporter.push("service.request.rate", "chat-7b", 41.0)
        visitor.page.wait_for_timeout(1000)

    assert asked == []


def test_the_first_point_of_a_workload_is_seen_without_a_reload(
    visit: Visit, product: Product
) -> None:
    visitor = visit()
    visitor.open("/workloads/fresh")
    expect(visitor.page.locator("#nothing-measured")).to_contain_text("Waiting for the first data")
    settled(visitor.page)

    product.exporter.push("service.request.rate", "fresh", 12.5)

    expect(visitor.page.locator("#nothing-measured")).to_be_hidden(timeout=10_000)
    expect(visitor.page.locator("#demand-text")).to_contain_text("last 12.5")


def test_dragging_over_a_chart_zooms_and_back_returns(visit: Visit) -> None:
    visitor = visit()
    visitor.open(WORKLOAD)
    settled(visitor.page)
    drag(visitor)

    visitor.page.wait_for_url(re.compile(r"from=.*Z.*to=.*Z"))
    settled(visitor.page)
    visitor.page.go_back()
    visitor.page.wait_for_url(re.compile(f"{WORKLOAD}$"))


def drag(visitor: Visitor) -> None:
    box = visitor.page.locator("#plot-demand .nsewdrag").first.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    visitor.page.mouse.move(box["x"] + 100, middle)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + 300, middle, steps=5)
    visitor.page.mouse.up()
