"""Address ranges of real providers, so that an ASN look-up finds what is stated."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """A provider's range: `base` IPv4 address, `bits` free host bits, `v6` a /32 or 0 for none."""

    asn: int
    country: str
    base: int
    bits: int
    v6: int = 0


def _v4(a: int, b: int) -> int:
    return a << 24 | b << 16


HOME = (
    Network(7922, "US", _v4(73, 0), 24, 0x26010000),
    Network(7018, "US", _v4(99, 0), 21, 0x26000000 | 0x1700),
    Network(701, "US", _v4(71, 160), 19),
    Network(3320, "DE", _v4(79, 192), 22, 0x20030000),
    Network(3215, "FR", _v4(90, 0), 23, 0x2A010000 | 0xCB00),
    Network(2856, "GB", _v4(86, 128), 22, 0x2A000000 | 0x23C0),
    Network(24560, "IN", _v4(122, 160), 20),
    Network(4134, "CN", _v4(114, 80), 20),
    Network(4713, "JP", _v4(153, 128), 22, 0x24000000 | 0x4050),
    Network(28573, "BR", _v4(177, 32), 20, 0x28040000 | 0x14C),
    Network(4766, "KR", _v4(121, 128), 22),
    Network(1136, "NL", _v4(86, 80), 20),
    Network(45899, "VN", _v4(113, 160), 21),
    Network(9121, "TR", _v4(88, 224), 21),
    Network(12322, "FR", _v4(82, 64), 22, 0x2A010000 | 0xE00),
)
MOBILE = (
    Network(21928, "US", _v4(172, 56), 14, 0x26070000 | 0xFB90),
    Network(20057, "US", _v4(166, 170), 15),
    Network(55836, "IN", _v4(157, 32), 16, 0x24090000 | 0x4000),
    Network(3209, "DE", _v4(109, 40), 14),
    Network(9808, "CN", _v4(117, 128), 16),
)
HOSTING = (
    Network(16509, "US", _v4(52, 0), 20),
    Network(15169, "US", _v4(34, 64), 20),
    Network(8075, "US", _v4(20, 40), 20),
    Network(24940, "DE", _v4(95, 216), 16),
    Network(16276, "FR", _v4(51, 68), 16),
    Network(14061, "US", _v4(159, 65), 16),
    Network(45102, "SG", _v4(47, 88), 18),
)
VPN = (
    Network(9009, "GB", _v4(185, 94), 10),
    Network(212238, "NL", _v4(146, 70), 12),
    Network(60068, "US", _v4(89, 187), 12),
)
CAMPUS = (
    Network(3, "US", _v4(18, 9), 12),
    Network(786, "GB", _v4(131, 111), 12),
    Network(559, "CH", _v4(129, 132), 12),
)
# Carriers that put thousands of lines behind a few /24.
CARRIER_NAT = (
    Network(55836, "IN", _v4(157, 49), 10),
    Network(28573, "BR", _v4(177, 40), 9),
    Network(9808, "CN", _v4(117, 136), 10),
    Network(21928, "US", _v4(172, 58), 10),
)
