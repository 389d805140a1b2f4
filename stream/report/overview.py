"""The index: all campaigns, those of most exchanges first."""

from collections.abc import Mapping, Sequence
from html import escape

from stream.report import markup
from stream.report.figures import Figures
from stream.report.markup import counted, moment, percent, table, tiles


def overview(
    found: Sequence[Figures], stems: Mapping[str, str], notes: Sequence[str], footer: str
) -> str:
    """The page that leads to the others. `stems`: by campaign, its files' name."""
    accounts, exchanges = sum(f.accounts for f in found), sum(f.exchanges for f in found)
    lead = (
        f"Software has found {counted(len(found), 'group')} of accounts that, it is alleged, "
        "act together."
    )
    header = (
        '<header><p class="kind">Report</p><h1>Alleged campaigns</h1>'
        f'<p class="lead">{escape(lead)}</p></header>'
    )
    sums = tiles(
        [
            ("accounts linked", f"{accounts:,}"),
            ("exchanges", f"{exchanges:,}"),
            ("of them before detection", f"{sum(f.before_detection for f in found):,}"),
        ]
    )
    listed = markup.section("Campaigns", _table(found, stems)) if found else ""
    noted = "".join(markup.paragraph(note, "soft") for note in notes)
    end = f"<footer>{noted}{escape(footer)}</footer>"
    return markup.document("Alleged campaigns", header + sums + listed + markup.caveats() + end)


def _table(found: Sequence[Figures], stems: Mapping[str, str]) -> str:
    rows = (
        (
            f'<a href="{escape(stems[f.campaign_id])}.html">{escape(f.campaign_id)}</a>',
            escape(f.status),
            escape(moment(f.detected_at)),
            f"{f.accounts:,}",
            f"{f.exchanges:,}",
            percent(f.before_detection / max(f.exchanges, 1)),
            f"{f.answered:,}",
            f"{f.score:.2f}",
        )
        for f in found
    )
    columns = ("campaign", "status", "detected")
    numbers = ("accounts", "exchanges", "before detection", "accounts answered", "score")
    return table(columns + numbers, rows, len(numbers))
