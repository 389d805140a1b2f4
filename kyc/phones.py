"""What a telephone number tells of itself: the kind of its line and its country."""

from enum import IntEnum
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberType

from kyc import countries


class Line(IntEnum):
    """Kinds of lines, by rising price of having many: the larger one is kept of two."""

    UNKNOWN = 0
    ORDINARY = 1
    OTHER = 2
    TOLL_FREE = 3
    PREMIUM = 4
    VOIP = 5


_LINES: Final = {
    PhoneNumberType.MOBILE: Line.ORDINARY,
    PhoneNumberType.FIXED_LINE: Line.ORDINARY,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: Line.ORDINARY,
    PhoneNumberType.TOLL_FREE: Line.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: Line.PREMIUM,
    PhoneNumberType.SHARED_COST: Line.PREMIUM,
    PhoneNumberType.VOIP: Line.VOIP,
    PhoneNumberType.UNKNOWN: Line.UNKNOWN,
}


class Phone(NamedTuple):
    """Kind of line, and country as a number (0: not known, as for numbers of no country)."""

    line: Line
    country: int


def phone(number: str) -> Phone:
    """Read a number in E.164 by the national numbering plans; what they lack is not known.

    Plans say what a range was set aside for. A ported number, or a VoIP service on mobile
    numbers, looks ordinary.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return Phone(Line.UNKNOWN, countries.UNKNOWN)
    region = phonenumbers.region_code_for_number(parsed)
    # 001 stands for the world: satellites and international toll-free numbers.
    country = countries.number(region if region and region.isalpha() else None)
    return Phone(_LINES.get(phonenumbers.number_type(parsed), Line.OTHER), country)
