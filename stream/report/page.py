"""The page of one campaign."""

from datetime import UTC, datetime
from html import escape

from stream.report import markup
from stream.report.figures import Bucket, Figures, Place, Share, Tie
from stream.report.markup import counted, moment, percent, section, share_bar, table, tiles
from stream.report.plots import Axis, bars, steps
from stream.report.wording import ACTIONS, CAVEATS, KINDS

_HOUR_MS = 3_600_000
_FRICTION = {name: told for name, told in ACTIONS.items() if name != "allow"}
MOST_TIES = 15  # that stand on the page at once


def page(f: Figures, footer: str) -> str:
    """Everything about one campaign, as HTML."""
    body = (
        _header(f),
        _tiles(f),
        _exchanges(f),
        _answers(f),
        _members(f),
        _ties(f),
        _targets(f),
        _countries(f),
        markup.caveats(),
        f"<footer>{escape(footer)}</footer>",
    )
    return markup.document(f"Alleged campaign {f.campaign_id}", "".join(body))


def _header(f: Figures) -> str:
    also = f" It includes what was first found as {', '.join(f.merged)}." if f.merged else ""
    if not f.accounts:
        return _heading(f, "No account is linked to it any more.")
    lead = (
        f"Software has linked {counted(f.accounts, 'account')} that, it is alleged, act together. "
        f"Between {moment(f.first_seen)} and {moment(f.last_seen)} they made "
        f"{counted(f.exchanges, 'exchange')}, {f.before_detection:,} of them before they were "
        f"detected on {moment(f.detected_at)}.{also}"
    )
    return _heading(f, lead)


def _heading(f: Figures, lead: str) -> str:
    return (
        f'<header><p class="kind">Alleged campaign</p><h1>{escape(f.campaign_id)} '
        f'<span class="badge">{escape(f.status)}</span></h1>'
        f'<p class="lead">{escape(lead)}</p>'
        f'<div class="note"><p>{escape(CAVEATS[0])}</p></div></header>'
    )


def _tiles(f: Figures) -> str:
    middle, most = f.per_account_day
    return tiles(
        [
            ("accounts linked", f"{f.accounts:,}"),
            ("exchanges", f"{f.exchanges:,}"),
            ("tokens, in and out", f"{f.tokens_in + f.tokens_out:,}"),
            (f"exchanges per account and day, median (most: {most:,})", f"{middle:,}"),
            ("of the exchanges came before detection", percent(_part(f.before_detection, f))),
            ("score of the campaign, 0 to 1", f"{f.score:.2f}"),
        ]
    )


def _part(exchanges: int, f: Figures) -> float:
    return exchanges / f.exchanges if f.exchanges else 0.0


def _axis(f: Figures) -> Axis:
    return Axis(f.timeline[0].begin, f.width, len(f.timeline), f.detected_at)


def _exchanges(f: Figures) -> str:
    if not f.timeline:
        return section("Exchanges over time", markup.paragraph("No exchange is known."))
    plot = bars(
        _axis(f), "Exchanges over time by action", [b.exchanges for b in f.timeline], ACTIONS
    )
    met = [name for name in ACTIONS if any(name in b.exchanges for b in f.timeline)]
    rows = ((_stamp(b), *(f"{b.exchanges.get(name, 0):,}" for name in met)) for b in f.timeline)
    numbers = table(("from", *(ACTIONS[name] for name in met)), rows, len(met))
    return section(
        "Exchanges over time",
        markup.paragraph(
            f"Each bar is {f.width // _HOUR_MS:,} h (UTC), coloured by the action that stood about "
            "the account when the exchange was made.",
            "soft",
        ),
        markup.legend(met),
        plot,
        markup.folded("The same as a table", numbers),
    )


def _stamp(bucket: Bucket) -> str:
    return datetime.fromtimestamp(bucket.begin / 1_000, UTC).strftime("%Y-%m-%d %H:%M")


def _answers(f: Figures) -> str:
    if not f.decisions:
        return section("What was done", markup.paragraph("No decision about these accounts."))
    shadow = f.modes.get("shadow", 0)
    told = (
        f"{counted(sum(f.decisions.values()), 'decision')} about {counted(f.answered, 'account')}"
        + (f", {shadow:,} of them in mode shadow: not to be carried out." if shadow else ".")
    )
    after = [(ACTIONS[name], n) for name, n in f.after_by_action.items()]
    met = table(
        ("action that met an exchange after detection", "exchanges", "share"),
        ((escape(name), f"{n:,}", percent(n / f.after_detection)) for name, n in after),
        2,
    )
    made = table(
        ("action", "decisions"),
        ((escape(ACTIONS[name]), f"{n:,}") for name, n in f.decisions.items()),
        1,
    )
    return section("What was done", markup.paragraph(told), made, _under(f), met)


def _under(f: Figures) -> str:
    rows = [b.under for b in f.timeline]
    if not any(rows):
        return ""
    met = [name for name in _FRICTION if any(name in row for row in rows)]
    title = "Accounts under each action over time"
    return f"<h3>{title}</h3>{markup.legend(met)}{bars(_axis(f), title, rows, _FRICTION)}"


def _members(f: Figures) -> str:
    told = f"Of {counted(f.accounts, 'account')}, {f.active:,} asked in the events at hand."
    if f.released:
        told += (
            f" {counted(f.released, 'more account')} had been linked and no longer "
            f"{'is' if f.released == 1 else 'are'}: counted nowhere else on this page."
        )
    title, joined = "Accounts linked over time", [b.members for b in f.timeline]
    plot = steps(_axis(f), title, joined) if joined else ""
    return section("How accounts joined", markup.paragraph(told), plot)


def _ties(f: Figures) -> str:
    """The ties of most accounts at once, all others on demand."""

    def rows(ties: list[Tie]) -> str:
        cells = (
            (escape(KINDS[t.kind]), _value(t), f"{t.accounts:,}", percent(t.share)) for t in ties
        )
        return table(("shared", "value", "accounts", "share"), cells, 2)

    told = (
        f"Values that accounts of the campaign share, by the record of {f.recorded:,} accounts. "
        "Linking takes at least two kinds that are rare among established customers."
    )
    rest = f.ties[MOST_TIES:]
    more = markup.folded(f"{len(rest):,} more", rows(rest)) if rest else ""
    shown = rows(f.ties[:MOST_TIES]) if f.ties else markup.paragraph("None is recorded.")
    return section("What ties them together", markup.paragraph(told), shown, more)


def _value(tie: Tie) -> str:
    if not tie.value:
        return '<span class="soft">a signature</span>'
    return f"<code>{escape(tie.value)}</code>{'' if tie.keyed else ' (in clear)'}"


def _targets(f: Figures) -> str:
    return section(
        "What they asked for",
        "<h3>Capabilities</h3>",
        _shares(f.capabilities),
        "<h3>Models</h3>",
        _shares(f.models),
        markup.paragraph(
            f"{f.tokens_in:,} tokens in, {f.tokens_out:,} out, "
            f"{f.tokens_reasoning:,} of reasoning; {counted(f.declined, 'exchange')} "
            "declined by the model or a safety filter.",
            "soft",
        ),
    )


def _shares(shares: list[Share]) -> str:
    rows = (
        (escape(s.name or "not told"), share_bar(s.share), f"{s.exchanges:,}", percent(s.share))
        for s in shares
    )
    return table(("", "", "exchanges", "share"), rows, 2)


def _countries(f: Figures) -> str:
    def cells(place: Place) -> tuple[str, str, str]:
        return escape(place.country or "not known"), f"{place.accounts:,}", f"{place.exchanges:,}"

    rows = table(("country of the address", "accounts", "exchanges"), map(cells, f.countries), 2)
    return section("Where the addresses lie", markup.paragraph(CAVEATS[1], "soft"), rows)
