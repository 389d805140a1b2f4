"""The model's rows: what an account does, who it is, and what it shares, side by side."""

import numpy as np
from numpy.typing import NDArray

from kyc.known import Known
from schemas.features import CONDUCT_NAMES, LINK_NAMES
from stream.know.identity import identity_rows
from stream.link.notice import Notices
from stream.remember.rows import conduct_rows
from stream.remember.windows import Sight

Rows = NDArray[np.float32]


def feature_rows(sight: Sight, known: Known, notices: Notices) -> Rows:
    """One row per counted event in the order of FEATURE_NAMES; float32[n, features]."""
    parts = conduct_rows(sight), identity_rows(known, sight), notices.columns(sight.account)
    return np.concatenate(parts, axis=1)


def conduct_alone(rows: Rows) -> Rows:
    """The same rows as if nothing but the account's own conduct were known."""
    alone = rows.copy()
    alone[:, len(CONDUCT_NAMES) :] = np.nan
    return alone


def unlinked(rows: Rows) -> Rows:
    """The same rows as if nothing were known of what the account shares."""
    alone = rows.copy()
    alone[:, -len(LINK_NAMES) :] = np.nan
    return alone


def linked(rows: Rows) -> NDArray[np.bool_]:
    """Which rows tell of a value that the account shares."""
    return np.asarray(np.isfinite(rows[:, -len(LINK_NAMES) :]).any(axis=1))
