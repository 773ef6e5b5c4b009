"""Values in base units → what a template prints: number and unit, moments in the reader's zone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from controlplane.dashboard.presenters import quantities
from controlplane.dashboard.presenters.quantities import ABSENT, THIN, Quantity
from controlplane.dashboard.told import told
from controlplane.dashboard.wording import word as word_of

register = template.Library()
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _language() -> str:
    return get_language() or "en"


def marked(found: Quantity) -> SafeString:
    """The number, and its unit in a lighter tone."""
    if not found.unit:
        return mark_safe(escape(found.number))  # noqa: S308 - escaped
    unit = escape(found.unit)
    return mark_safe(f'{escape(found.number)}<span class="unit">{THIN}{unit}</span>')  # noqa: S308 - both parts are escaped


@register.filter
def duration(seconds: float | None) -> SafeString:
    return marked(quantities.duration(seconds, _language()))


@register.filter
def duration_text(seconds: float | None) -> str:
    return str(quantities.duration(seconds, _language()))


@register.filter
def ratio(value: float | None) -> SafeString:
    return marked(quantities.ratio(value))


@register.filter
def ratio_text(value: float | None) -> str:
    return str(quantities.ratio(value))


@register.filter
def change(value: float | None) -> SafeString:
    return marked(quantities.change(value))


@register.filter
def change_text(value: float | None) -> str:
    return str(quantities.change(value))


@register.filter
def count(value: float | None) -> SafeString:
    return marked(quantities.count(value, _language()))


@register.filter
def number(value: float | None) -> str:
    """Three significant digits."""
    return ABSENT if value is None else quantities.digits(float(value))


@register.filter
def money(amount: Decimal | None, currency: str | None) -> SafeString:
    return marked(quantities.money(amount, currency))


@register.filter
def money_text(amount: Decimal | None, currency: str | None) -> str:
    return str(quantities.money(amount, currency))


@register.filter
def money_rate(amount: Decimal | None, currency: str | None) -> SafeString:
    """An amount an hour."""
    found = quantities.money(amount, currency)
    return marked(Quantity(found.number, f"{found.unit}/h") if found.unit else found)


@register.filter
def quantity(value: float | None, unit: str) -> SafeString:
    """A signal's value by its UCUM unit."""
    return marked(quantities.quantity(value, unit, _language()))


@register.filter
def quantity_text(value: float | None, unit: str) -> str:
    return str(quantities.quantity(value, unit, _language()))


@register.filter
def unit_word(unit: str) -> str:
    return quantities.unit_word(unit)


@register.filter
def signed(value: int) -> str:
    """+2 or −3, with a real minus sign."""
    return f"+{value:,}" if value > 0 else f"{value:,}".replace("-", "−")


@register.filter
def word(code: str, table: str) -> str:
    """A code's word in the reader's language."""
    return word_of(table, code)


@register.filter(name="told")
def told_filter(detail: str) -> str:
    """What another part wrote into a row, in the reader's language."""
    return told(detail)


@register.filter
def since(moment: datetime | None, now: datetime) -> SafeString:
    """How long ago, as a quantity."""
    return marked(quantities.age(_seconds(moment, now), _language()))


@register.filter
def until(moment: datetime | None, now: datetime) -> SafeString:
    """How long until then."""
    left = _seconds(moment, now)
    return marked(quantities.age(None if left is None else -left, _language()))


@register.filter
def later(start: datetime, moment: datetime | None) -> SafeString:
    """How long after `start` something happened."""
    seconds = None if moment is None else (moment - start).total_seconds()
    return marked(quantities.duration(seconds, _language()))


@register.filter
def age(seconds: float | None) -> SafeString:
    return marked(quantities.age(seconds, _language()))


@register.filter
def date_iso(day: date) -> str:
    return day.isoformat()


def _seconds(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else (now - moment).total_seconds()


@register.simple_tag(takes_context=True)
def when(context: dict[str, Any], moment: datetime | None, style: str = "short") -> str:
    """A moment in the reader's zone as a `<time>`; the day is left out when it is today.

    `style` is `short` (14:02), `long` (with the day and seconds) or `day`.
    """
    if moment is None:
        return ABSENT
    local = timezone.localtime(moment)
    visit = context.get("visit")
    today = visit is not None and timezone.localtime(visit.now).date() == local.date()
    text = spelled(local, style, today=today)
    full = f"{spelled(local, 'long', today=False)} {offset(local)}"
    stamp = moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return mark_safe(f'<time datetime="{stamp}" title="{full}">{text}</time>')  # noqa: S308 - digits and our own words


@register.filter
def clock(moment: datetime) -> str:
    """The time of day in the reader's zone, with seconds; for long tables."""
    return f"{timezone.localtime(moment):%m-%d %H:%M:%S}"


def spelled(local: datetime, style: str, *, today: bool) -> str:
    """Date and time as the language writes them."""
    day = (
        f"{local.month}月{local.day}日"
        if _language().startswith("zh")
        else f"{local.day} {_MONTHS[local.month - 1]}"
    )
    if style == "day":
        return day
    clock = f"{local:%H:%M:%S}" if style == "long" else f"{local:%H:%M}"
    return clock if today else f"{day} {clock}"


def offset(local: datetime) -> str:
    """UTC, UTC+8, UTC−3:30."""
    away = local.utcoffset() or timedelta(0)
    minutes = round(away.total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02}" if rest else "")


@register.simple_tag
def health(code: str) -> SafeString:
    """A status as icon and word."""
    return _health(code, _language())


@cache
def _health(code: str, _language: str) -> SafeString:
    """Rendered once a language: a long table asks for the same few again and again."""
    return render_to_string("partials/health.html", {"code": code, "word": word_of("health", code)})


@register.simple_tag
def percent(share: float) -> str:
    """A share as an SVG coordinate."""
    return f"{share * 100:.2f}%"


_SHAPES = {
    "up": "M0 3 4.5 11h-9z",
    "down": "M0 11 4.5 3h-9z",
    "blocked": "M-4 3h8v8h-8z",
    "manual": "M0 2 5 7 0 12-5 7z",
    "failed": "M-4 4.5-2.5 3 0 5.5 2.5 3 4 4.5 1.5 7 4 9.5 2.5 11 0 8.5-2.5 11-4 9.5-1.5 7z",
}


@register.simple_tag
def glyph(kind: str) -> str:
    """An event's shape as a path around x = 0 on a lane 14 high."""
    return _SHAPES[kind]


@register.filter
def because(binding: str) -> str:
    """Which guardrail held, in words."""
    return word_of("guardrail", binding) if binding else gettext("no guardrail")
