"""Turn one mail into the names of its features: the same for training and for scoring.

Words and pairs of neighbouring words with the ends of sentences among them (stop words stay: "not" carries the
meaning), the words of the subject marked as such, a few facts from the header, and *ideas*: the words of eight
languages that say one thing, such as APPLY or DECIDE, alone and in pairs within a sentence. Ideas let a few
examples speak for many wordings. No company and no sender is known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from onward.core.model import Message
from onward_classifiers.text import Prepared

READ = 6_000  # characters of a mail's own words that count; a decision is told early
NEAR = 12  # words between two ideas that still belong together
END = "."  # the end of a sentence among the words


def features(message: Message, prepared: Prepared) -> list[str]:
    """Every feature of one mail, repeated as often as it occurs."""
    found = body_features(words(prepared.own_text[:READ]))
    subject = words(message.subject[:300])
    found += [f"s:{word}" for word in subject]
    found += [f"s:{first} {second}" for first, second in zip(subject, subject[1:], strict=False)]
    found += [f"s:{idea}" for idea in map(idea_of, subject) if idea]
    found += header_features(message, prepared)
    return found


def body_features(body: list[str]) -> list[str]:
    """Words, neighbours and ideas of a stretch of text."""
    found = body.copy()
    found += [f"{first} {second}" for first, second in zip(body, body[1:], strict=False)]
    found += idea_features(body)
    return found


def words(text: str) -> list[str]:
    """The words of a text in lower case, numbers as 0, addresses of pages as 'url', sentence ends as '.'."""
    if "’" in text:
        text = text.replace("’", "'")
    return [_plain(token) for token in _TOKEN.findall(_clean(text).lower())]


def idea_features(body: list[str]) -> list[str]:
    """Ideas, and pairs of ideas that stand near each other in one sentence, in their order."""
    found: list[str] = []
    near: list[tuple[int, str]] = []
    for place, word in enumerate(body):
        if word == END:
            near.clear()
            continue
        idea = idea_of(word)
        if not idea:
            continue
        found.append(idea)
        for before, other in near[-3:]:
            if place - before <= NEAR and other != idea:
                found.append(f"{other}>{idea}")
        near.append((place, idea))
    return found


def header_features(message: Message, prepared: Prepared) -> list[str]:
    """What the header says about who speaks and how."""
    found = [f"m:{sign}" for sign in message.signs]
    if message.references:
        found.append("m:thread")
    if message.calendar_method:
        found.append(f"m:calendar {message.calendar_method.lower()[:12]}")
    if message.sender and looks_automatic(message.sender.email):
        found.append("m:automatic")
    if prepared.forwarded:
        found.append("m:forwarded")
    if prepared.quoted:
        found.append("m:quoted")
    if message.html_only:
        found.append("m:html")
    if prepared.footer.start >= 0:
        found.append("m:footer")
    return found


def looks_automatic(address: str) -> bool:
    """Whether an address by its name belongs to a machine."""
    return _AUTOMATIC.match(address) is not None


@lru_cache(maxsize=16_384)
def idea_of(word: str) -> str:
    """The idea a word stands for, or ''."""
    match = _IDEA.match(word)
    return match.lastgroup or "" if match else ""


def _plain(token: str) -> str:
    first = token[0]
    if first.isalpha():
        return "url" if token.startswith(("http:", "https:")) else token
    return "0" if first.isdecimal() else END


def _clean(text: str) -> str:
    return text.translate(_INVISIBLE) if any(char in text for char in "\u200b\u200c\u00ad\ufeff\u2060") else text


def _ideas(table: dict[str, str]) -> re.Pattern[str]:
    """One pattern with a named group for each idea. 'abc' matches words that begin so, 'abc$' the word itself."""
    return re.compile("|".join(f"(?P<{idea}>{_either(stems.split())})" for idea, stems in table.items()))


def _either(stems: Iterable[str]) -> str:
    return "|".join(re.escape(stem[:-1]) + r"\Z" if stem.endswith("$") else re.escape(stem) for stem in stems)


_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u00ad\ufeff\u2060"))
_TOKEN = re.compile(
    r"https?:\S{1,2000}|[^\W\d_]+(?:'(?:t|s|re|ll|ve|d|m)\b)?|\d[\d.,:/-]{0,40}|[.!?]+(?=\s|$)|\n[ \t\r]*\n"
)
_AUTOMATIC = re.compile(
    r"(?i)(?:[^@]{0,60}[._+-])?(?:no|do-?not|donot|ne-?pas|nao|non|nicht|geen|inte)[._-]?(?:reply|antworten|repondre|"
    r"respond[ae]?r?|responda|rispondere|antwoord\w{0,3}|svara)|[^@]{0,60}?(?:notif|mailer|daemon|automat|alerts?\b|"
    r"newsletter|news@|bounce|system@|billing|invoice|receipts?@|updates?@)"
)
_IDEA = _ideas(
    {
        "APPLY": "applic apply applied applying bewerb beworben candidatu postul$ postula postulé sollicit ansök "
        "ansokan sökt$ candidat candidac candidei candidó inscripción cv$ résumé resume$ lebenslauf currículum",
        "POST": "position$ positions$ role$ roles$ vacanc job$ jobs$ stelle$ stellen$ position poste$ puesto vacante "
        "vacature functie$ rol$ baan$ tjänst roll$ jobb vaga$ vagas$ cargo$ posto$ posizione ruolo offre$ emploi "
        "opening$ openings$ internship praktikum stage$ opportunit oportunidad oportunidade gelegenheit",
        "PEOPLE": "recruit hiring talent hr$ personal$ rekryter recursos personalabteilung selection$ selección "
        "seleção selezione werving applicants$ applicant$ candidates$ bewerber kandidat kandidaat kandidaten",
        "TALK": "interview gespräch vorstellungsgespr entretien entrevista colloquio intervju gesprek kennenlern conversation$",
        "NOT": "not$ n't cannot$ can't$ won't$ didn't$ don't$ isn't$ wasn't$ haven't$ unable unsuccessful nicht$ kein "
        "pas$ aucun no$ non$ niet$ geen$ inte$ ej$ inga$ ingen$ não$ nao$ without$ never$ nie$ sin$ ohne$ neither$",
        "SORRY": "unfortunate sorry regret leider bedauer tut$ malheureus regrett désol lamentable lament siento "
        "sentimos helaas spijt jammer tyvärr beklag infeliz purtroppo rincres spiace dispiace afraid$ disappoint "
        "enttäusch",
        "CHOOSE": "select chosen$ choose$ shortlist successful progress proceed forward$ forwards$ further$ pursue "
        "pursuing move$ moving advance berücksicht ausgewählt auswahl weiter retenu retenir retenue suite$ poursuiv "
        "continu adelante avanz selecc seleci uitgekozen gekozen verder$ vidare$ gå$ valt$ utvald avanç segui "
        "prosegu avanti$ scelt proceder engag zusage",
        "OTHER": "other$ others$ another$ someone$ anderen$ andere$ anderer$ autre$ autres$ d'autres$ otro$ otra$ otros$ "
        "otras$ ander$ annan$ andra$ outro$ outra$ outros$ outras$ altri$ altro$ altra$ stronger$ closer$ closely$ "
        "besser passend",
        "DECIDE": "decid decision$ decisions$ entschied entscheid décid décision decis beslo beslut besluit deci$ "
        "concluded$ filled$ besetzt pourvu cubiert ingevuld tillsatt preench coperta closed$ cancelled$ freeze",
        "GOODWILL": "wish wünsch souhait dese wens önsk auguri endeavo success$ luck$ erfolg glück réussite éxito suerte "
        "succes$ lycka sorte$ sucesso fortuna bonne$ zukunft future$ futur framtid toekomst",
        "STEP": "schedule availab calendar invit slot$ slots$ confirm termin$ vereinbar disponib uitnodig beschikbaar "
        "inbjud tillgänglig convite agend convid appointment reschedul verschieb",
        "TEST": "assessment challenge take$ coding$ hackerrank test$ exercise aufgabe épreuve prueba opdracht uppgift teste$ "
        "prova$ homework quiz",
        "RECEIVED": "received$ receiv eingegangen erhalten reçu$ reçue recib ontvangen mottag recebe recebi ricevut "
        "acknowledg bestätig confirmer$ review$ reviewing$ prüf examin$ examiner revis bekijken granska anali esamin",
        "HIRE": "offer$ angebot offre$ oferta aanbod erbjud proposta salary gehalt salaire salario salaris lön$ contract "
        "vertrag contrat contratto start$ onboard",
        "FEEDBACK": "feedback rückmeldung retour$ terugkoppeling återkoppling strength weakness improve stärken",
        "THANKS": "thank thanks$ danke dank$ vielen$ merci remerci gracias agradec bedankt tack$ obrigad grazie ringrazi",
        "MONEY": "invoice rechnung facture factura factuur faktura fatura fattura payment zahlung pago$ betaling order$ "
        "bestellung commande pedido loan credit kredit insurance versicherung rent$ apartment flat$ wohnung refund "
        "shipping delivery parcel paket price discount sale$ shop tenant landlord",
        "WRITING": "paper$ papers$ manuscript reviewer journal conference submission abstract proposal grant pull$ merge "
        "patch commit branch issue$ maintainers",
        "NEWS": "newsletter subscribe unsubscribe digest webinar podcast article blog read$ tips$ edition weekly",
    }
)
