"""A database in MaxMind's format with one /24 in it: https://maxmind.github.io/MaxMind-DB/."""

from ipaddress import IPv4Address, IPv6Address

EPOCH = 1_767_312_000  # 2026-01-02
BITS = 24
_STRING, _MAP, _UINT16, _UINT32, _UINT64, _ARRAY = 2, 7, 5, 6, 9, 11


def database(first: IPv4Address | IPv6Address, record: dict[str, object]) -> bytes:
    """The file: a tree of 24 nodes of 24-bit records, the record, and the metadata."""
    found, missing = BITS + 16, BITS
    nodes = b""
    for bit in range(BITS):
        onward = found if bit == BITS - 1 else bit + 1
        ways = [missing, missing]
        ways[int(first) >> (31 - bit) & 1] = onward
        nodes += b"".join(way.to_bytes(3, "big") for way in ways)
    described = {
        "binary_format_major_version": _uint16(2),
        "binary_format_minor_version": _uint16(0),
        "build_epoch": _uint64(EPOCH),
        "database_type": "Test",
        "description": {},
        "ip_version": _uint16(4),
        "languages": [],
        "node_count": _uint32(BITS),
        "record_size": _uint16(24),
    }
    return nodes + bytes(16) + _encode(record) + b"\xab\xcd\xefMaxMind.com" + _encode(described)


def _uint16(value: int) -> bytes:
    return bytes([_UINT16 << 5 | 2]) + value.to_bytes(2, "big")


def _uint32(value: int) -> bytes:
    return bytes([_UINT32 << 5 | 4]) + value.to_bytes(4, "big")


def _uint64(value: int) -> bytes:
    return bytes([8, _UINT64 - 7]) + value.to_bytes(8, "big")


def _encode(value: object) -> bytes:
    if isinstance(value, dict):
        body = b"".join(_encode(key) + _encode(held) for key, held in value.items())
        return bytes([_MAP << 5 | len(value)]) + body
    if isinstance(value, list):
        return bytes([len(value), _ARRAY - 7]) + b"".join(map(_encode, value))
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return _uint32(value)
    data = str(value).encode()
    size = len(data)
    return bytes([_STRING << 5 | min(size, 29)]) + (bytes([size - 29]) if size > 28 else b"") + data
