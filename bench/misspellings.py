"""Names as people and other alphabets write them: slips of the keys, hard pairs, honest names.

Made from a seed alone. Nothing here is shared with what the product knows about spelling.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from faker import Faker
from rapidfuzz import fuzz, process


def _table(text: str) -> dict[str, tuple[str, ...]]:
    """`a=x,y b=z` as what each stands for."""
    rows = (row.partition("=") for row in text.split())
    return {key: tuple(values.split(",")) for key, _, values in rows}


# Neighbours on a QWERTY keyboard.
NEIGHBOURS: Final = _table(
    "q=w,a w=q,e,s e=w,r,d r=e,t,f t=r,y,g y=t,u,h u=y,i,j i=u,o,k o=i,p,l p=o,l a=q,s,z s=a,w,d,x "
    "d=s,e,f,c f=d,r,g,v g=f,t,h,b h=g,y,j,n j=h,u,k,m k=j,i,l l=k,o,p z=a,s,x x=z,s,d,c c=x,d,f,v "
    "v=c,f,g,b b=v,g,h,n n=b,h,j,m m=n,j,k"
)
# What romanisations of Arabic, Persian, Cyrillic and Korean names exchange.
ROMANISED: Final = _table(
    "kh=h,ch gh=g,q ou=u,oo oo=u ee=i sh=sch,ch ph=f dj=j j=dj,zh q=k,g k=q,c v=w w=v,u y=i,j "
    "i=y,ee u=ou,o o=u e=a,i a=e,aa z=s mm=m ss=s ll=l dd=d ai=ay,ei"
)
# Locales with few names repeat themselves.
MOST_TURNS: Final = 20
# In per cent; from about 75 on two words are mostly two spellings of one (hameed, hamid).
ANOTHER: Final = 72
LOCALES: Final = (
    *("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "pt_BR", "nl_NL", "sv_SE"),
    *("tr_TR", "en_IN", "id_ID", "ru_RU", "zh_CN", "ja_JP", "ko_KR", "uk_UA", "ar_EG", "fa_IR"),
    "hi_IN",
)


def slip(rng: random.Random, name: str) -> str:
    """One edit within a word: two letters swapped, one dropped, doubled, or a neighbour's key."""
    places = [i for i in range(len(name) - 1) if name[i].isalpha() and name[i + 1].isalpha()]
    if not places:
        return name
    i = rng.choice(places)
    head, letter, tail = name[:i], name[i], name[i + 1 :]
    return rng.choice(
        (
            head + tail[0] + letter + tail[1:],
            head + tail,
            head + letter + letter + tail,
            head + rng.choice(NEIGHBOURS.get(letter.lower(), ("e",))) + tail,
        )
    )


def misspelt(rng: random.Random, name: str, slips: int) -> str:
    """A name with that many slips; in three of ten the words come in another order too."""
    for _ in range(slips):
        name = slip(rng, name)
    return shuffled(rng, name) if rng.random() < 0.3 else name


def honest(count: int, seed: int) -> list[str]:
    """Different names of ordinary people of 21 countries in equal parts, each in its script."""
    fakers = [Faker(locale) for locale in LOCALES]
    for number, faker in enumerate(fakers):
        faker.seed_instance(seed * len(fakers) + number)
    names: dict[str, None] = {}
    for turn in range(count * MOST_TURNS):
        if len(names) == count:
            break
        faker = fakers[turn % len(fakers)]
        names[f"{faker.first_name()} {faker.last_name()}"] = None
    return list(names)


def shuffled(rng: random.Random, name: str) -> str:
    """The words in another order."""
    words = name.replace(",", " ").split()
    return " ".join(rng.sample(words, len(words)))


def romanised(rng: random.Random, name: str) -> str:
    """Two or three places of a name as another romanisation has them."""
    low = name.lower()
    for _ in range(rng.choice((2, 3))):
        fitting = [sound for sound in ROMANISED if sound in low]
        if not fitting:
            break
        sound = rng.choice(fitting)
        place = rng.choice([i for i in range(len(low)) if low.startswith(sound, i)])
        low = low[:place] + rng.choice(ROMANISED[sound]) + low[place + len(sound) :]
    return low


def initialled(rng: random.Random, name: str) -> str:
    """One word after the first (lists have the family name first) as its initial."""
    words = name.split()
    place = rng.randrange(1, len(words))
    return " ".join([*words[:place], f"{words[place][0]}.", *words[place + 1 :]])


@dataclass(frozen=True, slots=True)
class HardPair:
    """Two names, whether they are one person's, and what makes them hard."""

    one: str
    other: str
    same: bool
    kind: str


def hard_pairs(rng: random.Random, names: Sequence[str], count: int) -> list[HardPair]:
    """Rewritten names against near-namesakes, as many of the one as of the other.

    `names` are of letters and spaces, two words or more. A near-namesake has one word exchanged
    for the likest of eighty words that any of the names has and that is no spelling of it.
    """
    words = sorted({word for name in names for word in name.lower().split() if len(word) > 2})
    rewritings = {"reordered": shuffled, "transliterated": romanised, "initials": initialled}
    pairs = []
    for number in range(count):
        name = rng.choice(names).lower()
        kind = list(rewritings)[number % len(rewritings)]
        pairs.append(HardPair(name, rewritings[kind](rng, name), True, kind))
        name = rng.choice(names).lower()
        pairs.append(HardPair(name, _namesake(rng, name, words), False, "near-namesake"))
    return pairs


def alias_pairs(rng: random.Random, people: Sequence[Sequence[str]], count: int) -> list[HardPair]:
    """Real aliases of one person against the likest names of two people.

    `people` are the names of each. Nothing is made up, and so some pairs share no word at all.
    """
    owner = {name: number for number, names in enumerate(people) for name in names}
    pool = list(owner)
    several = [names for names in people if len(names) > 1]
    pairs = []
    for _ in range(count):
        one, other = rng.sample(list(rng.choice(several)), 2)
        pairs.append(HardPair(one, other, True, "alias"))
        name = rng.choice(pool)
        others = [o for o in rng.sample(pool, min(2_000, len(pool))) if owner[o] != owner[name]]
        likest, _, _ = process.extract(name, others, limit=1, scorer=fuzz.token_sort_ratio)[0]
        pairs.append(HardPair(name, likest, False, "likest of another"))
    return pairs


def _namesake(rng: random.Random, name: str, words: Sequence[str]) -> str:
    own = name.split()
    place = rng.choice([i for i, word in enumerate(own) if len(word) > 2] or [0])
    ratios = {word: fuzz.ratio(word, own[place]) for word in rng.sample(words, 80)}
    own[place] = max((w for w, ratio in ratios.items() if ratio <= ANOTHER), key=ratios.__getitem__)
    return " ".join(own)
