"""Prompts to fingerprints: the text goes in, four numbers come out, and the text is dropped."""

import xxhash

HASH_VERSION = 1


def template_hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode())


def prompt_simhash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode())


def system_hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode())


def elicitation(text: str) -> float:
    return 0.0 * len(text)
