"""light or dark → the colours of every drawing; checked for contrast and colour vision.

The numbers are those of the design notes: four series colours and no fifth, because a fifth drops
the distance for people who see no red to 3.5.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one theme as #rrggbb."""

    name: str
    ground: str
    text: str
    muted: str
    hairline: str
    series: tuple[str, str, str, str]
    forecast: str
    ok: str
    warn: str
    crit: str
    info: str


LIGHT = Palette(
    name="light",
    ground="#FFFFFF",
    text="#1B2430",
    muted="#57636F",
    hairline="#E1E6EB",
    series=("#0072B2", "#C14A00", "#00795C", "#A3337A"),
    forecast="#6639BA",
    ok="#1A7F37",
    warn="#9A6700",
    crit="#CF222E",
    info="#0969DA",
)
DARK = Palette(
    name="dark",
    ground="#0F1419",
    text="#E3E9EF",
    muted="#93A1AF",
    hairline="#222B34",
    series=("#56B4E9", "#E69F00", "#2BC4A0", "#E58AC0"),
    forecast="#C297FF",
    ok="#3FB950",
    warn="#D29922",
    crit="#FF7B72",
    info="#58A6FF",
)
PALETTES = {palette.name: palette for palette in (LIGHT, DARK)}


def faded(colour: str, opacity: float) -> str:
    """`#rrggbb` at that opacity, as CSS and Plotly both read it."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
