"""Signals of the e-mail address and of domains."""

from typing import Final

from kyc.evidence import Evidence
from kyc.known import DAY_MS
from kyc.marks import read
from kyc.profile import NEVER
from kyc.signals.registry import Appeal, Direction, signal

_GROWN_DAYS: Final = 365  # domains of fraud are seldom older than a year when they are used
_LOWERS, _RAISES, _EITHER = Direction.LOWERS, Direction.RAISES, Direction.EITHER


@signal(_LOWERS, Appeal.MAIL)
def email_verified(seen: Evidence) -> bool | None:
    """Whether the e-mail address was verified"""
    box = seen.mailbox
    return None if box is None else box.verified > NEVER


@signal(_RAISES, Appeal.MAIL)
def email_disposable(seen: Evidence) -> bool | None:
    """Whether the e-mail domain hands out throw-away mailboxes"""
    box = seen.mailbox
    return None if box is None else read(box.disposable)


@signal(_EITHER, Appeal.MAIL)
def email_free(seen: Evidence) -> bool | None:
    """Whether anybody can have a mailbox at the e-mail domain for nothing"""
    box = seen.mailbox
    return None if box is None else read(box.free)


@signal(_EITHER, Appeal.MAIL)
def email_role(seen: Evidence) -> bool | None:
    """Whether the mailbox is a role's, such as info or admin, not a person's"""
    box = seen.mailbox
    return None if box is None else read(box.role)


@signal(_RAISES, Appeal.MAIL)
def email_tagged(seen: Evidence) -> bool | None:
    """Whether the mailbox was told with a plus tag, which gives one mailbox many addresses"""
    box = seen.mailbox
    return None if box is None else read(box.tagged)


@signal(_RAISES, Appeal.MAIL)
def email_lookalike(seen: Evidence) -> bool | None:
    """Whether the e-mail domain passes for that of a well-known mail service"""
    box = seen.mailbox
    return None if box is None else read(box.lookalike)


@signal(_LOWERS, Appeal.MAIL)
def email_academic(seen: Evidence) -> bool | None:
    """Whether the e-mail domain is a school's or university's"""
    box = seen.mailbox
    return None if box is None else read(box.academic)


@signal(_RAISES, Appeal.MAIL)
def email_domain_unknown(seen: Evidence) -> bool | None:
    """Whether nothing is known of the e-mail domain, not even its age: no list, no proof"""
    box = seen.mailbox
    if box is None:
        return None
    known = (read(box.free), read(box.academic), read(box.disposable))
    return True not in known and not box.registered and box.site not in seen.things("domain")


@signal(_LOWERS, Appeal.MAIL)
def email_domain_days(seen: Evidence) -> float | None:
    """Days since the e-mail domain was registered, 365 at most, where a list tells it"""
    box = seen.mailbox
    if box is None or not box.registered:
        return None
    return float(min(max(seen.at // DAY_MS - box.registered, 0), _GROWN_DAYS))


@signal(_RAISES, Appeal.MAIL)
def email_digits(seen: Evidence) -> float | None:
    """How many digits the mailbox's name has, 8 at most"""
    box = seen.mailbox
    return None if box is None or not box.digits else float(box.digits - 1)


@signal(_RAISES, Appeal.MAIL)
def email_unspeakable(seen: Evidence) -> bool | None:
    """Whether the mailbox's name can hardly be spoken, such as those that machines make up"""
    box = seen.mailbox
    return None if box is None else read(box.unspeakable)


@signal(_LOWERS, Appeal.MAIL)
def domain_verified(seen: Evidence) -> bool | None:
    """Whether the account proved that it holds a domain"""
    return bool(seen.things("domain"))


@signal(_LOWERS, Appeal.MAIL)
def domain_matches(seen: Evidence) -> bool | None:
    """Whether the e-mail address lies in a domain that the account proved to hold"""
    box = seen.mailbox
    if box is None or not seen.things("domain"):
        return None
    return box.site in seen.things("domain")


@signal(_RAISES, Appeal.SHARED)
def email_accounts(seen: Evidence) -> float | None:
    """How many accounts have this mailbox, however they spell it"""
    return seen.shared.get("mailbox")
