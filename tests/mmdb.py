"""MaxMind-format databases small enough to write by hand: a record for each of a few networks.

https://maxmind.github.io/MaxMind-DB/: a binary tree of 32-bit records, 16 zeros, data, metadata.
"""

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

MARKER = b"\xab\xcd\xefMaxMind.com"
Tree = list[list[Any]]


def write_database(path: Path, records: Mapping[str, Any], built: int) -> Path:
    """A database of IPv4 networks; `built` in seconds."""
    tree: Tree = [[None, None]]
    for network, record in records.items():
        _insert(tree, IPv4Network(network), record)
    data, nodes = b"", b""
    for branches in tree:
        for branch in branches:
            if isinstance(branch, int):
                nodes += branch.to_bytes(4, "big")
            elif branch is None:
                nodes += len(tree).to_bytes(4, "big")
            else:
                nodes += (len(tree) + 16 + len(data)).to_bytes(4, "big")
                data += _encode(branch)
    metadata = {
        "binary_format_major_version": _short(2),
        "binary_format_minor_version": _short(0),
        "build_epoch": bytes([8, 2]) + built.to_bytes(8, "big"),
        "database_type": "Test",
        "description": {"en": "Test"},
        "ip_version": _short(4),
        "languages": bytes([0, 4]),
        "node_count": len(tree),
        "record_size": _short(32),
    }
    path.write_bytes(nodes + bytes(16) + data + MARKER + _encode(metadata))
    return path


def _insert(tree: Tree, network: IPv4Network, record: Any) -> None:
    address, node = int(network.network_address), 0
    for depth in range(network.prefixlen):
        bit = address >> (31 - depth) & 1
        if depth == network.prefixlen - 1:
            tree[node][bit] = record
        elif tree[node][bit] is None:
            tree[node][bit] = len(tree)
            tree.append([None, None])
        node = tree[node][bit] if depth < network.prefixlen - 1 else node


def _short(value: int) -> bytes:
    return bytes([5 << 5 | 2]) + value.to_bytes(2, "big")


def _encode(value: Any) -> bytes:
    """A map, a string or a number of 32 bits; bytes are encoded already."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        pairs = b"".join(_encode(k) + _encode(v) for k, v in value.items())
        return bytes([7 << 5 | len(value)]) + pairs
    if isinstance(value, str):
        raw = value.encode()
        assert len(raw) < 29
        return bytes([2 << 5 | len(raw)]) + raw
    return bytes([6 << 5 | 4]) + int(value).to_bytes(4, "big")
