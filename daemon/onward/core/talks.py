"""What kind of talk a mail speaks of, and how far an application had come by what a no itself says.

Pure. Words of first and last talks in eight languages; how long a talk is to last tells more than what it is called.
"""

from __future__ import annotations

import re

from onward.core import mail
from onward.core.model import Application, Message, Stage

READ = 4_000  # characters of a mail
STAGES = tuple(Stage)
_SCREEN = re.compile(  # words of a first, short talk
    r"\b(?:phone screen\w*|(?:phone|telephone) interview|screening(?: call)?"
    r"|(?:intro(?:ductory)?|first|quick|short|brief|initial|exploratory) (?:call|chat|conversation)|get to know"
    r"|telefon(?:interview|termin|at|gespräch)\w*|kennenlern\w*|kennenzulernen|erstgespräch|erstes gespräch"
    r"|kurzes (?:gespräch|telefonat)|vorgespräch|telefonieren"
    r"|premier (?:échange|contact|entretien)|(?:entretien|échange) téléphonique|préqualification|par téléphone"
    r"|primera? (?:llamada|contacto|conversación|charla)|entrevista telefónica|toma de contacto"
    r"|eerste gesprek|kennismak\w+|belafspraak|telefonisch\w*"
    r"|första samtal\w*|telefon(?:intervju|samtal|möte)\w*|lära känna"
    r"|primeira (?:conversa|entrevista)|entrevista telef[ôó]nica|ligação|bate-papo"
    r"|primo (?:colloquio|contatto)|colloquio (?:telefonico|conoscitivo)|telefonata"
    r"|(?:breve|prima) (?:call|chiamata))\b",
    re.IGNORECASE,
)
_FINAL = re.compile(  # … and of the last
    r"\b(?:final (?:round|interview|stage|step|conversation|meeting)|last (?:round|interview|step|stage)|on-?site|panel"
    r"|meet the (?:founders?|ceo|board|whole team)|trial day"
    r"|(?:letzte[nrs]?|finale[nrs]?) (?:runde|gespräch|schritt)|abschlussgespräch|probe(?:tag|arbeit\w*)|schnuppertag"
    r"|(?:dernière?|ultime) (?:étape|entretien|rencontre|tour)|entretien final|comité de direction|jury|journée d.essai"
    r"|última (?:entrevista|fase|ronda|etapa)|entrevista final|comité de dirección|dirección general"
    r"|laatste (?:gesprek|ronde|stap)|eindgesprek|meeloopdag|proefdag"
    r"|sista (?:intervju\w*|steget|samtalet)|slutintervju\w*|slutlig\w* intervju\w*|provdag"
    r"|fase final|colloquio finale|ultim[oa] (?:colloquio|fase|passo|incontro)|direzione generale|giornata di prova)\b",
    re.IGNORECASE,
)
_MINUTES = re.compile(
    r"\b(\d{2,3})\s?(?:-\s?)?(?:min(?:\.|s|ute[ns]?|uten|uter|uti|utos)?)\b"
    r"|\b(an?|one|eine?|une|una|een|en|um[a]?|un)[' ](?:hour|stunde|heure|hora|uur|timme|ora)\b",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"\b(\d{1,2})[:.h](\d\d)\s?(?:h|uhr)?\s?(?:-|–|to|bis|à|a|tot|till|às|alle)\s?(\d{1,2})[:.h](\d\d)\b", re.IGNORECASE
)
SHORT_TALK = 30  # minutes of a talk that is a first one
_TALKED = re.compile(  # "thank you for the interview", in a no: they met, whatever mails we have
    r"\b(?:thank(?:s| you)|enjoyed|pleasure|appreciate\w*)\b[^.!?]{0,80}\b(?:interview\w*|met|meeting|speaking|talking"
    r"|spoke|conversations?)\b"
    r"|\b(?:dank\w*|gefreut)\b[^.!?]{0,80}\b(?:gespräch\w*|vorstellungsgespräch\w*|kennenlernen|kennenzulernen)\b"
    r"|\b(?:merci|remerci\w*)\b[^.!?]{0,80}\b(?:entretiens?|échanges?|rencontr\w*)\b"
    r"|\b(?:gracias|agradec\w*)\b[^.!?]{0,80}\b(?:entrevistas?|conversación|conocerte|conocerle)\b"
    r"|\b(?:bedankt|dank)\b[^.!?]{0,80}\b(?:gesprek\w*|interview\w*|kennismaking)\b"
    r"|\btack\b[^.!?]{0,80}\b(?:intervjun?|samtal\w*|mötet|träffa\w*)\b"
    r"|\b(?:obrigad[oa]|agradec\w*)\b[^.!?]{0,80}\b(?:entrevistas?|conversas?)\b"
    r"|\b(?:grazie|ringrazi\w*)\b[^.!?]{0,80}\b(?:colloqui\w*|incontr\w*)\b",
    re.IGNORECASE,
)


def talk_in(message: Message) -> str:
    """What kind of talk an invitation is to: 'screen', 'interview' or 'final'."""
    answers = mail.ANSWERS.match(message.subject)
    words = own_words(message.text[:READ]) + ("" if answers else f"\n{message.subject}")
    if _FINAL.search(words):
        return "final"
    if (minutes := _lasts(words)) is not None:
        return "screen" if minutes <= SHORT_TALK else "interview"
    return "screen" if _SCREEN.search(words) else "interview"


def _lasts(words: str) -> int | None:
    """How many minutes a talk is to last, where a text says so."""
    if found := _SPAN.search(words):
        begins, ends = (int(found[1]) * 60 + int(found[2])), (int(found[3]) * 60 + int(found[4]))
        if 0 < ends - begins <= 300:
            return ends - begins
    if found := _MINUTES.search(words):
        return int(found[1]) if found[1] else 60
    return None


def own_words(text: str) -> str:
    """A text up to what it quotes."""
    cut = _QUOTED.search(text)
    return text[: cut.start()] if cut else text


_QUOTED = re.compile(
    r"^(?:>|-{3,} ?\w"
    r"|(?:on|am|le|el|op|den|em|il|de) .{6,100}(?:wrote|schrieb|écrit|escribió|schreef|skrev|escreveu|scritto)"
    r"|(?:from|von|de|van|från|da)\s?: .{3,100}@)",
    re.IGNORECASE | re.MULTILINE,
)


def stage_reached(message: Message, matched: Application | None) -> Stage:
    """How far it had come when the no arrived: as its events tell, or at least as the no itself says."""
    known = matched.stage if matched is not None else Stage.APPLIED
    told = Stage.INTERVIEW if _TALKED.search(own_words(message.text[:READ])) else Stage.APPLIED
    return max(known, told, key=STAGES.index)
