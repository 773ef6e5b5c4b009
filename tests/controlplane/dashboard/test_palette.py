"""Every colour can be read on its ground (WCAG 2.2, 1.4.3 and 1.4.11), in figures and in CSS."""

import re
from pathlib import Path

import pytest

from controlplane.dashboard.figures.palette import DARK, LIGHT, Palette, faded

TOKENS = Path(__file__).parents[3] / "controlplane/dashboard/static/dashboard/tokens.css"


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda each: each.name)
def test_text_and_status_have_contrast_of_four_and_a_half(palette: Palette) -> None:
    words = (palette.text, palette.muted, palette.ok, palette.warn, palette.crit, palette.info)

    assert min(contrast(colour, palette.ground) for colour in words) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda each: each.name)
def test_lines_have_contrast_of_three(palette: Palette) -> None:
    lines = (*palette.series, palette.forecast)

    assert min(contrast(colour, palette.ground) for colour in lines) >= 3.0


def tokens() -> dict[str, tuple[str, str]]:
    pattern = r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)"
    return {name: (light, dark) for name, light, dark in re.findall(pattern, TOKENS.read_text())}


def test_pages_and_figures_wear_the_same_colours() -> None:
    names = {"ground": "ground", "text": "text", "muted": "muted", "forecast": "forecast",
             "ok": "ok", "warn": "warn", "crit": "crit", "info": "info"}  # fmt: skip
    css = tokens()
    ours = {token: (getattr(LIGHT, name), getattr(DARK, name)) for token, name in names.items()}
    ours |= {f"series-{i + 1}": (LIGHT.series[i], DARK.series[i]) for i in range(4)}

    assert {name: tuple(c.upper() for c in css[name]) for name in ours} == ours


@pytest.mark.parametrize("ground", ["page", "raised", "hover", "warn-ground", "crit-ground",
                                    "info-ground", "ok-ground", "accent-ground"])  # fmt: skip
def test_text_can_be_read_on_every_ground(ground: str) -> None:
    css = tokens()
    pairs = [
        (css[name][theme], css[ground][theme]) for theme in (0, 1) for name in ("text", "muted")
    ]

    assert min(contrast(*pair) for pair in pairs) >= 4.5


def test_the_rail_can_be_read() -> None:
    css = tokens()
    grounds = ("rail", "rail-hover", "rail-here")
    pairs = [
        (css[name][theme], css[ground][theme])
        for theme in (0, 1)
        for ground in grounds
        for name in ("rail-text", "rail-muted")
    ]

    assert min(contrast(*pair) for pair in pairs) >= 4.5


def test_a_band_is_its_colour_made_thin() -> None:
    assert faded("#6639BA", 0.15) == "rgba(102,57,186,0.15)"
