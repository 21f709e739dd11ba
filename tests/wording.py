"""What a letter of ours must not say: checked in every letter we ship.

A no is not argued with; nobody is compared, flattered in heaps or asked twice.
"""

from __future__ import annotations

import re

from onward.core.model import LetterKind

LENGTHS = {  # words of a whole letter, greeting and name included
    LetterKind.THANKS_AND_FEEDBACK: (60, 115),
    LetterKind.THANKS: (25, 65),
    LetterKind.THANKS_FOR_FEEDBACK: (20, 55),
    LetterKind.OTHER_ROLE: (30, 95),
    LetterKind.CHECK_IN: (30, 90),
    LetterKind.MENTOR: (40, 95),
    LetterKind.KEEP_IN_TOUCH: (35, 90),
}
MOST_PRAISE = 3  # words of praise in one letter


def complaints(text: str, kind: LetterKind) -> list[str]:
    """What is wrong with the words of a letter, each in a few words; empty where nothing is."""
    found = []
    shortest, longest = LENGTHS[kind]
    words = len([word for word in text.split() if any(char.isalnum() for char in word)])
    if not shortest <= words <= longest:
        found.append(f"{words} words, where {shortest} to {longest} are read gladly")
    if text.count("?") > 1:
        found.append("more than one question")
    if "!" in text:
        found.append("an exclamation mark")
    for what, pattern in _NEVER.items():
        if match := pattern.search(text):
            found.append(f"{what}: {' '.join(match[0].split())}")
    if len(_PRAISE.findall(text)) > MOST_PRAISE:
        found.append("praise in heaps")
    return found


_NEVER = {
    "an argument": re.compile(
        r"(?i)\b(?:reconsider|i disagree|unfair|mistaken|why (?:not me|was i not|wasn't i)|i deserve|überdenken"
        r"|ungerecht|warum (?:nicht ich|ich nicht)|pourquoi (?:pas moi|m'avez-vous)|injuste|reconsidérer"
        r"|reconsider[ae]r?|injusto|por qué (?:no yo|no me)|por que não eu|heroverwegen|oneerlijk"
        r"|waarom (?:niet ik|ik niet)|ompröva|orättvist|varför inte jag|perché non io|ingiust[oa]|riconsiderare)\b"
    ),
    "a comparison": re.compile(
        r"(?i)\b(?:better than|more (?:qualified|experienced) than|than the (?:other|chosen)|besser als|mieux que"
        r"|mejor que|beter dan|bättre än|melhor (?:do )?que|meglio di|the other candidates?)\b"
    ),
    "a sales word": re.compile(r"(?i)\b(?:passionate|synergy|leverage|excited|thrilled|rockstar|game.?changer)\b"),
}
_PRAISE = re.compile(
    r"(?i)\b(?:great|wonderful|fantastic|amazing|impressive|outstanding|excellent|großartig\w*|wunderbar\w*|beeindruck\w*"
    r"|formidable|magnifique|excellente?|maravillos\w+|fantástic\w+|geweldig\w*|fantastisch\w*|fantastisk\w*|underbar\w*"
    r"|maravilhos\w+|meraviglios\w+|fantastic[oa])\b"
)
