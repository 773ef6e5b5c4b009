"""What other parts wrote in English into rows → the reader's language, where we know the sentence.

Rows keep plain English, because logs and the API read them too. A sentence that is not known here
is shown as it was written: a wrong translation would be worse than none.
"""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_SENTENCES: tuple[tuple[re.Pattern[str], str | Promise], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"A newer decision replaced it\.", _("A newer decision replaced it.")),
        (r"A newer decision wants another size\.", _("A newer decision wants another size.")),
        (r"A newer order took over\.", _("A newer order took over.")),
        (r"Scaling was paused or switched off\.", _("Scaling was paused or switched off.")),
        (
            r"The workload's document changed after the decision\.",
            _("The workload's document changed after the decision."),
        ),
        (r"No worker picked it up in time\.", _("No worker picked it up in time.")),
        (
            r"The size was (?P<seen>\d+), not (?P<known>\d+)\.",
            _("The size was %(seen)s, not %(known)s."),
        ),
        (
            r"Only (?P<ready>\d+) of (?P<asked>\d+) became ready\.",
            _("Only %(ready)s of %(asked)s became ready."),
        ),
        (
            r"Somebody else made the size (?P<seen>\d+)\.",
            _("Somebody else made the size %(seen)s."),
        ),
        (r"only (?P<stock>\d+) replicas are in stock", _("only %(stock)s replicas are in stock")),
        (r"the cloud did not answer in time", _("the cloud did not answer in time")),
        (
            r"(?P<gain>[\d.]+)% less loss than the last value",
            _("%(gain)s %% less loss than the last value"),
        ),
        (
            r"(?P<name>\S+) does not beat the last value by 2 %",
            _("%(name)s does not beat the last value by 2 %%"),
        ),
        (
            r"smallest loss of (?P<n>\d+) \((?P<loss>[\d.]+)\)",
            _("smallest loss of %(n)s (%(loss)s)"),
        ),
    )
)


def told(detail: str) -> str:
    """A row's detail for a person."""
    for pattern, text in _SENTENCES:
        match = pattern.fullmatch(detail)
        if match:
            return str(text) % match.groupdict() if match.groupdict() else str(text)
    return detail
