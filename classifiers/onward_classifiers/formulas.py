"""The set phrases of a no: what most systems send, word for word, in eight languages.

A model taught by mails of which no two are alike knows them too little. A sentence that begins a condition, or reports
what happens to others, is none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

_UP_TO = r"(?:[\w'’]+ ){0,3}?"
_FORMULAS = {
    "en": (
        rf"\bwe(?:'ve|’ve| have)? {_UP_TO}(?:decided|chosen|elected|opted) to {_UP_TO}"
        rf"(?:move|go|proceed|continue|pursue|progress) {_UP_TO}(?:other|another|different) (?:candidate|applicant)",
        rf"\b(?:will not|won't|won’t|are not|aren't) (?:be )?{_UP_TO}(?:moving|progressing|proceeding|going|taking)"
        r" (?:forward |further |ahead )?(?:with )?your (?:application|candidacy)",
        rf"\bdecided not to {_UP_TO}(?:move forward|proceed|progress|continue) with your (?:application|candidacy)",
        rf"\byour (?:application|candidacy) (?:for [^.]{{1,60}} )?(?:was|is|has been|has) {_UP_TO}"
        r"(?:unsuccessful|not (?:been )?successful)",
        rf"\byou (?:have|were) {_UP_TO}not (?:been )?(?:selected|shortlisted) (?:for|to)\b",
        r"\bwe regret to inform you that (?:your application|you (?:have|were) not|we (?:will not|cannot|are unable))",
        rf"\b(?:position|role|vacancy)(?: you applied for)? has {_UP_TO}been filled\b",
    ),
    "de": (
        r"\bwir (?:haben )?uns (?:\w+ ){0,3}?für (?:eine[nr]? )?andere[nr]? (?:bewerber|kandidat)\w* entschieden",
        r"\b(?:wir|ich) (?:\w+ ){0,3}?(?:ihnen|dir) (?:\w+ ){0,6}?(?:absagen|eine absage erteilen)\b",
        r"\bmüssen wir (?:ihnen|dir) (?:\w+ ){0,6}?(?:absagen|eine absage erteilen)\b",
        r"\b(?:ihre|deine) bewerbung (?:\w+ ){0,4}?nicht (?:weiter )?berücksichtig",
    ),
    "fr": (
        r"\b(?:votre|ta) candidature n['’]a (?:malheureusement )?pas été retenue",
        r"\b(?:pas|ne) (?:[\w'’]+ ){0,4}?donner (?:[\w'’]+ ){0,3}?suite (?:favorable )?à votre candidature",
        r"\bnous avons (?:\w+ ){0,4}?(?:retenu|choisi) (?:un autre candidat|une autre candidate|d['’]autres candidats)",
    ),
    "es": (
        r"\bno has? sido seleccionad[oa]s?\b",
        r"\bhemos decidido (?:\w+ ){0,2}?(?:seguir|continuar|avanzar) (?:\w+ ){0,3}?con otr[oa]s candidat",
        r"\b(?:tu|su) candidatura (?:\w+ ){0,3}?(?:ha sido descartada|no ha sido seleccionada)",
    ),
    "nl": (
        r"\b(?:gaan|gaat) we (?:\w+ ){0,2}?niet (?:met (?:je|jou|u) )?verder\b",
        r"\b(?:voor|gekozen voor) een andere kandidaat(?: gekozen)?\b",
        r"\bniet met (?:je|jou|u) verder te gaan\b",
    ),
    "sv": (
        r"\bvi (?:\w+ ){0,4}?(?:gått|gå|går) vidare med (?:en )?(?:andra|annan) (?:sökande|kandidat)",
        r"\bgått vidare med (?:en )?(?:andra|annan) (?:sökande|kandidat)",
    ),
    "pt": (
        r"\bdecidimos (?:\w+ ){0,2}?(?:avançar|seguir|prosseguir|continuar) com outr[oa]s? candidat",
        r"\bnão (?:foi|foste) selecionad[oa]\b",
    ),
    "it": (
        r"\babbiamo (?:\w+ ){0,3}?di (?:proseguire|procedere|continuare) con altr[ie] candidat",
        r"\b(?:sua|tua) candidatura non è stata (?:selezionata|accolta)",
    ),
}
_CONDITION = re.compile(
    r"\b(?:if|should|unless|whether|in case|when|may|might|they|wenn|falls|sollten?|ob|si|se|als|indien|mocht|om|ifall|"
    r"caso|qualora|quando|quand|cuando)\b"
)


def says_no(sentences: Iterable[str], language: str | None) -> bool:
    """Whether one of the sentences is a set phrase of a no, said outright."""
    formula = _formula(language or "en")
    for sentence in sentences:
        lower = " ".join(sentence.lower().split())
        if formula.search(lower) and not _CONDITION.search(lower):
            return True
    return False


@cache
def _formula(language: str) -> re.Pattern[str]:
    return re.compile("|".join(_FORMULAS[language]))
