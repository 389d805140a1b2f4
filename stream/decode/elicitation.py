"""How likely a prompt tries to draw out what the model thinks: phrases, weighed and combined.

The phrases are those of the published accounts of distillation: reasoning asked for behind an
answer, step by step; answers graded by a rubric; data made in bulk. An estimate for providers
without a classifier of their own, to be read over many prompts: one alone means little, since
students and evaluators ask so too.
"""

import math

from stream.decode.words import words

_PHRASES: dict[float, tuple[str, ...]] = {
    # The reasoning itself is asked for.
    0.7: (
        "internal reasoning",
        "reasoning behind",
        "reasoning trace",
        "reasoning traces",
        "reasoning process",
        "reasoning steps",
        "transparent reasoning",
        "show your reasoning",
        "explain your reasoning",
        "articulate the reasoning",
        "chain of thought",
        "thought process",
        "thinking process",
        "inner monologue",
        "think aloud",
        "hidden thoughts",
        "思维链",
        "推理过程",
        "思考过程",
        "内部推理",
        "思考過程",
        "推論過程",
        "사고 과정",
        "추론 과정",
        "proceso de razonamiento",
        "cadena de pensamiento",
        "processus de réflexion",
        "chaîne de pensée",
        "gedankengang",
        "denkprozess",
        "ход рассуждений",
        "цепочка рассуждений",
        "processo de raciocínio",
        "cadeia de pensamento",
    ),
    # Answers are graded.
    0.6: (
        "impartial judge",
        "rubric",
        "rubrics",
        "on a scale of",
        "reference answer",
        "reference answers",
        "assistant a",
        "rate the response",
        "rate the quality",
        "evaluate the quality",
        "quality of the response",
        "quality of the responses",
        "score from",
        "better response",
        "rating rationale",
        "评分标准",
        "採点基準",
    ),
    # Work is asked for in steps, or with reasons.
    0.35: (
        "step by step",
        "each step",
        "your reasoning",
        "rationale",
        "justify",
        "逐步",
        "一步一步",
        "段階的に",
        "단계별로",
        "paso a paso",
        "étape par étape",
        "schritt für schritt",
        "шаг за шагом",
        "пошагово",
        "passo a passo",
    ),
    # Data for training are asked for.
    0.3: (
        "task instruction",
        "task instructions",
        "diverse",
        "few shot",
        "given prompt",
        "synthetic data",
        "training data",
        "ai assistant",
        "ai assistants",
        "language model",
        "language models",
        "output format",
        "following format",
        "adhere to",
    ),
}


def _by_first_word() -> dict[bytes, list[tuple[bytes, float]]]:
    """Phrases by their first word: a look-up per word of the prompt, not a search per phrase."""
    index: dict[bytes, list[tuple[bytes, float]]] = {}
    for weight, phrases in _PHRASES.items():
        for phrase in map(words, phrases):
            index.setdefault(phrase.split()[0], []).append((phrase, weight))
    return index


_INDEX = _by_first_word()


def elicitation(normal: bytes) -> float:
    """Estimate from `words(prompt)`: 0-1, one minus what each kind of phrase leaves open."""
    found = {
        weight
        for first in _INDEX.keys() & set(normal.split())
        for phrase, weight in _INDEX[first]
        if phrase in normal
    }
    return 1.0 - math.prod(1.0 - weight for weight in sorted(found))
