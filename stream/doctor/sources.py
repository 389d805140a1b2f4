"""What was brought from elsewhere, and ages: lists, and where addresses are."""

import math
from datetime import date
from typing import Final

from kyc.lists.folder import Folder
from kyc.lists.manifest import age_limits
from schemas.errors import ConfigurationError, ListError
from stream.decode.geography import Source, open_geography
from stream.doctor.check import Check, Verdict
from stream.settings import Settings
from stream.variables import variable

OLDEST_GEOGRAPHY_DAYS: Final = 180


def check_lists(settings: Settings, today: date) -> list[Check]:
    """What was imported, and what of it is stale."""
    if settings.lists_dir is None:
        return [Check("lists", Verdict.OK, "the shipped ones; no name is screened")]
    try:
        manifests = Folder(settings.lists_dir).manifests()
        limits = age_limits(settings.lists_dir)
    except ListError as error:
        return [Check("lists", Verdict.FAIL, str(error), "correct the file, or import it again")]
    stale = [m for kind, m in manifests.items() if m.age_days(today) > limits.get(kind, math.inf)]
    remedy = "download it anew, then `sluicegate lists update`"
    found = [Check("lists", Verdict.WARN, f"{m.kind} of {m.dated}: stale", remedy) for m in stale]
    return found or [Check("lists", Verdict.OK, ", ".join(manifests) or "none imported yet")]


def check_geography(settings: Settings, today: date) -> list[Check]:
    """Where addresses are looked up, and of which day that is."""
    try:
        geography = open_geography(settings)
    except ConfigurationError as error:
        return [Check("geography", Verdict.FAIL, str(error), "correct the setting")]
    found = [_freshness(source, today) for source in geography.sources]
    if geography.knows_systems:
        return found
    remedy = f"name a MaxMind-format file in {variable('geo_asn')}, or send `asn` with events"
    what = "no file of AS numbers: events without `asn` are not linked by it"
    return [*found, Check("AS numbers", Verdict.WARN, what, remedy)]


def _freshness(source: Source, today: date) -> Check:
    if source.made is None:
        return Check("geography", Verdict.OK, source.name)
    what = f"{source.name} of {source.made}"
    if (today - source.made).days <= OLDEST_GEOGRAPHY_DAYS:
        return Check("geography", Verdict.OK, what)
    names = f"{variable('geo_asn')} and {variable('geo_country')}"
    remedy = f"addresses change hands: name recent files in {names}"
    return Check("geography", Verdict.WARN, what, remedy)
