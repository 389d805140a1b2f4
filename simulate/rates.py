"""How busy everybody is in an hour: clocks, weekdays, days off and moods."""

import numpy as np

from simulate.chance import Floats, Keys, Lane, mix, normal, uniform
from simulate.fitted import HOURS
from simulate.roster import Roster
from simulate.world import DAY_MS, HOUR_MS


def _lognormal(key: Keys, lane: int, sd: Floats) -> Floats:
    """Factors float64[n] of mean 1."""
    return np.asarray(np.exp(sd * normal(key, lane) - 0.5 * sd * sd))


def _hours() -> Floats:
    """The fitted hours at every exponent from 0 to 12 in steps of 0.5, each of mean 1: [25, 24]."""
    table = np.array(HOURS)[None, :] ** (np.arange(25)[:, None] / 2)
    return np.asarray(table / table.mean(axis=1, keepdims=True))


_HOURS = _hours()


def expected(roster: Roster, begin: int) -> Floats:
    """Sessions that each row of `roster` is expected to open in the hour from `begin`, ms:
    float64[A]."""
    h, keys = roster.habits, roster.key
    local = begin + (h["offset_h"] * HOUR_MS).astype(np.int64)
    day, hour = local // DAY_MS, local // HOUR_MS % 24
    today = mix(keys, day.astype(np.uint64))
    weekend = (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    week = np.where(weekend, h["weekend"], 1.0) * 7.0 / (5.0 + 2.0 * h["weekend"])
    active = uniform(today, Lane.DAY) < h["active_days"]
    rate = h["per_day"] / (24.0 * h["turns"]) * week * active
    rate *= _HOURS[np.rint(h["sleep"] * 2).astype(np.int64), hour]
    rate *= _lognormal(today, Lane.START, h["day_spread"])
    now = mix(keys, begin // HOUR_MS)
    rate *= _lognormal(now, Lane.COUNT, h["hour_spread"])
    rate *= (uniform(now, Lane.START) < h["active_hours"]) / h["active_hours"]
    alive = (roster.first < begin + HOUR_MS) & (roster.last > begin)
    return rate * alive
