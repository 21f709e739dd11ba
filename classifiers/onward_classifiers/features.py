"""Turn one mail into the names of its features: the same for training and for scoring.

Words and pairs of neighbouring words with the ends of sentences among them (stop words stay: "not" carries the
meaning), the words of the subject marked as such, a few facts from the header, and *ideas*: the words of eight
languages that say one thing, such as APPLY or DECIDE, alone and in pairs within a sentence. Ideas let a few
examples speak for many wordings. No company and no sender is known here.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from onward.core.model import Message
from onward_classifiers.text import Prepared

READ = 2_000  # characters of a mail's own words that count; a decision is told early
NEAR = 12  # words between two ideas that still belong together
END = "."  # the end of a sentence among the words


@dataclass(frozen=True, slots=True)
class Features:
    """What a mail says, in two blocks that are weighed apart: many words would drown a few ideas.

    Each name stands as often as it occurs.
    """

    words: list[str]
    ideas: list[str]


def features(message: Message, prepared: Prepared) -> Features:
    """The features of one mail."""
    body, subject = words(prepared.own_text[:READ]), words(message.subject[:300])
    spoken = word_features(body)
    spoken += [f"s:{word}" for word in subject]
    spoken += [f"s:{first} {second}" for first, second in pairwise(subject)]
    meant = idea_features(body)
    meant += [f"s:{idea}" for idea in map(idea_of, subject) if idea]
    meant += absent_features(meant)
    meant.append(f"m:words {bisect(_LENGTHS, len(body))}")
    meant += header_features(message, prepared)
    return Features(spoken, meant)


def sentence_features(text: str) -> Features:
    """The features of one sentence by itself."""
    body = words(text)
    return Features(word_features(body), idea_features(body))


def word_features(body: list[str]) -> list[str]:
    """Words and pairs of neighbours."""
    return body + [f"{first} {second}" for first, second in pairwise(body)]


def words(text: str) -> list[str]:
    """The words of a text in lower case, numbers as 0, addresses of pages as 'url', sentence ends as '.'."""
    if "’" in text:
        text = text.replace("’", "'")
    tokens = _TOKEN.findall(_clean(text).lower())
    if "http" in text:
        tokens = ["url" if token.startswith(("http:", "https:")) else token for token in tokens]
    return [token if token[0] > "@" else "0" if token[0].isdecimal() else END for token in tokens]


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
        if idea not in _PERSONS:
            found.append(idea)
        for before, other in near[-4:]:
            if place - before <= NEAR and other != idea and not (other in _PERSONS and idea in _PERSONS):
                found.append(f"{other}>{idea}")
        near.append((place, idea))
    return found


def tells_no(ideas: Iterable[str]) -> bool:
    """Whether the ideas of one sentence can tell a no by themselves, where wishes and promises cannot."""
    there = set(ideas)
    if "FEEDBACK" in there or ("GOODWILL" in there and "SORRY" not in there):
        return False
    return bool(there & _REFUSING and there & _DECIDING) or ("SHUT" in there and bool(there & _OF_THE_JOB))


def absent_features(found: Iterable[str]) -> list[str]:
    """Which groups of ideas a mail does not hold, in text or subject."""
    there = set(found)
    return [
        "no " + " ".join(group) for group in _ABSENT if not any(idea in there or f"s:{idea}" in there for idea in group)
    ]


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


def _clean(text: str) -> str:
    return text.translate(_INVISIBLE) if any(char in text for char in "\u200b\u200c\u00ad\ufeff\u2060") else text


def _ideas(table: dict[str, str]) -> re.Pattern[str]:
    """One pattern with a named group for each idea. 'abc' matches words that begin so, 'abc$' the word itself."""
    return re.compile("|".join(f"(?P<{idea}>{_either(stems.split())})" for idea, stems in table.items()))


def _either(stems: Iterable[str]) -> str:
    return "|".join(re.escape(stem[:-1]) + r"\Z" if stem.endswith("$") else re.escape(stem) for stem in stems)


_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u00ad\ufeff\u2060"))
_TOKEN = re.compile(
    r"https?:\S{1,2000}|[^\W\d_]+(?:'(?:t|s|re|ll|ve|d|m)\b)?|\d[\d.,:/-]{0,40}"
    r"|(?:(?<![.!?])[.!?]++(?=\s|$)|\n[ \t\r]*+\n)[\s.!?]*+"
)
_AUTOMATIC = re.compile(
    r"(?i)(?:[^@]{0,60}[._+-])?(?:no|do-?not|donot|ne-?pas|nao|non|nicht|geen|inte)[._-]?(?:reply|antworten|repondre|"
    r"respond[ae]?r?|responda|rispondere|antwoord\w{0,3}|svara)|[^@]{0,60}?(?:notif|mailer|daemon|automat|alerts?\b|"
    r"newsletter|news@|bounce|system@|billing|invoice|receipts?@|updates?@)"
)
_IDEA = _ideas(
    {
        "WE": (
            "we$ we'$ we've us$ our$ wir$ uns$ unser unsere unserem nous$ notre$ nos$ nosotros hemos$ nuestro "
            "nuestra wij$ ons$ onze$ vi$ oss$ vår vårt våra nós$ nosso nossa noi$ nostro nostra abbiamo$ temos$ "
            "hebben$ haben$ avons$"
        ),
        "YOU": (
            "you$ your$ you' yours$ sie$ ihre$ ihr$ ihnen$ ihren$ ihrer$ dir$ dich$ du$ deine$ deiner$ dein$ "
            "vous$ votre$ vos$ te$ tu$ tus$ su$ usted$ le$ je$ jij$ jou$ jouw$ u$ uw$ dig$ din$ ditt$ dina$ você$ "
            "sua$ seu$ ti$ tua$ tuo$ suo$ lei$ la$"
        ),
        "I": (
            "i$ i'm$ i've$ i'll$ i'd$ my$ me$ ich$ mein meine$ mir$ mich$ j'$ mon$ ma$ mes$ yo$ mi$ ik$ mijn$ "
            "jag$ min$ mitt$ eu$ meu$ minha$ io$ mio$ mia$"
        ),
        "APPLY": (
            "applicat applied$ apply$ applying$ bewerb beworben candidatu postula postulé sollicit ansök ansokan "
            "sökt$ söka$ candidac candidei candidó inscripci cv$ résumé resume$ lebenslauf currículum curriculum "
            "unterlagen dossier"
        ),
        "POST": (
            "position$ positions$ role$ roles$ vacanc job$ jobs$ stelle$ stellen$ poste$ postes$ puesto$ puestos$ "
            "vacante vacature functie$ rol$ baan$ tjänst roll$ rollen$ jobb jobbet$ vaga$ vagas$ cargo$ posto$ "
            "posizion ruolo ruoli$ emploi opening$ openings$ internship praktik werkstudent opportunit "
            "oportunidad oportunidade career karriere carrière carrera loopbaan carreira carriera position"
        ),
        "HIRER": (
            "recruit hiring$ talent rekryter recursos$ personalabteilung selection$ selektion selección seleção "
            "selezione werving rh$ hr$ panel$ headhunt recrut reclut bewerbungsverfahren auswahlverfahren "
            "process$ processus$ proceso$ processo$ procedure$ rekryteringsprocess"
        ),
        "CANDIDATE": (
            "applicants$ applicant$ candidates$ candidate$ bewerber kandidat kandidaat kandidaten profil profile$ "
            "perfil profiel candidats$ candidatos$ candidati$ candidat$ candidato$ background$ experience$ "
            "erfahrung expérience experiencia ervaring erfarenhet experiência esperienz qualifi skills$"
        ),
        "TALK": (
            "interview gespräch vorstellungsgespr entretien entrevista colloqui intervju gesprek kennenlern "
            "conversation$ kennismak kennengelernt échange$ meeting$ call$ met$ gesprochen"
        ),
        "NOT": (
            "not$ n't cannot$ can't$ won't$ didn't$ don't$ isn't$ wasn't$ haven't$ couldn't$ unable unsuccessful "
            "nicht$ kein keine$ pas$ aucun no$ non$ niet$ geen$ inte$ ej$ inga$ ingen$ não$ nao$ without$ never$ "
            "nie$ sin$ ohne$ neither$ nor$ absag abgesagt decline refus niente$ rechaz"
        ),
        "SORRY": (
            "unfortunate sorry$ regret leider$ bedauer tut$ leid$ malheureus désol lamenta lamentable siento$ "
            "sentimos helaas$ spijt jammer$ tyvärr$ beklag infeliz purtroppo$ rincres spiace dispiac afraid$ "
            "disappoint enttäusch hard$ sad$ apolog"
        ),
        "CHOOSE": (
            "select selected$ chosen$ choose$ chose$ shortlist successful$ progress proceed forward$ forwards$ "
            "further$ pursue pursuing$ move$ moving$ advance advancing$ went$ go$ going$ berücksicht ausgewählt "
            "weiter$ weiterverfolg weiterzuverfolgen fortsetz retenu retenir$ suite$ poursuiv continu adelante$ "
            "avanz selecc seleci uitgekozen gekozen verder$ vidare$ gå$ gått$ valt$ utvald avanç segui$ seguir$ "
            "prosegu avanti$ scelt proceder favour favor$ gewählt zurückgestellt"
        ),
        "ELSE": (
            "other$ others$ another$ someone$ somebody$ else$ anderen$ andere$ anderer$ autre$ autres$ d'autres$ "
            "otro$ otra$ otros$ otras$ ander$ iemand$ annan$ andra$ någon$ outro$ outra$ outros$ outras$ altri$ "
            "altro$ altra$ stronger$ closer$ closely$ besser$ jemand$ jemanden$ quelqu'un$ alguien$ internal$ "
            "intern$ interne$ interno$"
        ),
        "DECIDE": (
            "decid decision$ decisions$ entschied entscheid décid décision decis beslo beslut besluit deci$ "
            "concluded$ outcome$ ergebnis résultat resultado"
        ),
        "SHUT": (
            "filled$ fill$ besetzt besetzen$ pourvu cubiert cubrir$ ingevuld tillsatt preench coperta$ closed$ "
            "closing$ cancelled$ canceled$ freeze$ frozen$ paused$ hold$ budget$ withdrawn$ gestrichen "
            "eingestellt geschlossen annul cancelad geschrapt"
        ),
        "GOODWILL": (
            "wish wishes$ wünsch souhait desea deseamos wens önsk auguri$ auguriamo endeavo success$ luck$ erfolg "
            "glück réussite éxito suerte$ succes$ lycka$ sorte$ sucesso fortuna$ zukunft künftig future$ futur "
            "toekomst framtid file$ pool$"
        ),
        "STEP": (
            "schedule scheduling$ availab calendar invit einlad eingeladen slot$ slots$ termin$ termine$ "
            "vereinbar disponib uitnodig beschikbaar inbjud tillgänglig convit convoc agend convid appointment "
            "reschedul verschieb monday$ tuesday$ wednesday$ thursday$ friday$ montag$ dienstag$ mittwoch$ "
            "donnerstag$ freitag$ lundi$ mardi$ mercredi$ jeudi$ vendredi$ lunes$ martes$ miércoles$ jueves$ "
            "viernes$ maandag$ dinsdag$ woensdag$ donderdag$ vrijdag$ måndag$ tisdag$ onsdag$ torsdag$ fredag$ "
            "segunda$ terça$ quarta$ quinta$ sexta$ lunedì$ martedì$ mercoledì$ giovedì$ venerdì$ zoom$ teams$"
        ),
        "TEST": (
            "assessment challenge$ coding$ test$ tests$ exercise aufgabe épreuve exercice prueba ejercicio "
            "opdracht uppgift arbetsprov teste$ desafio prova$ esercizi homework$ quiz$ deadline$ minutes$"
        ),
        "RECEIVED": (
            "received$ receiv eingegangen erhalten$ reçu$ reçue bien$ recib ontvangen$ ontvangst mottag recebe "
            "recebi ricevut acknowledg bestätig eingang accusé confirmation$"
        ),
        "REVIEW": (
            "review$ reviewing$ reviewed$ prüfen$ prüfung examin revis bekijken$ granska anali esamin valut soon$ "
            "shortly$ weeks$ wochen$ semaines$ semanas$ weken$ veckor$ settimane$ update$ patience geduld delay "
            "still$ noch$ encore$ todavía$ nog$ fortfarande$ ainda$ ancora$"
        ),
        "HIRE": (
            "offer$ angebot aanbod erbjud oferta proposta$ offerta salary gehalt salaire salario$ salaris$ lön$ "
            "contract$ vertrag contrat$ contrato$ contratto$ start$ onboard congratul glückwunsch félicit "
            "enhorabuena gefeliciteerd grattis parabéns congratulazioni willkommen welcome$ bienvenue zusage"
        ),
        "FEEDBACK": (
            "feedback rückmeldung retour$ retours$ terugkoppeling återkoppling strength strengths$ weakness "
            "improve stärken points$ answers$ comentarios$ devolutiva$ riscontro$"
        ),
        "WITHDRAW": (
            "withdraw zurückzieh zurückgezogen retire retirer$ retirar intrek ingetrokken dra$ tillbaka desist ritir"
        ),
        "ALERT": (
            "match matches$ matching$ alert alerts$ recommended$ passende$ neue$ nouvelles$ nuevas$ nieuwe$ nya$ "
            "novas$ nuove$ new$ search$ suche$ recherche$ empleo$ empleos$ vacatures$ unsubscribe$ similar$ view$ "
            "browse$"
        ),
        "THANKS": (
            "thank thanks$ danke dank$ vielen$ merci$ remerci gracias$ agradec bedankt$ tack$ tackar$ obrigad "
            "grazie$ ringrazi"
        ),
        "MONEY": (
            "invoice rechnung factur facture factuur faktura fatura fattura payment zahlung pago$ betaling order$ "
            "orders$ bestellung commande$ pedido bestelling ordine$ loan$ credit kredit insurance versicherung "
            "rent$ apartment flat$ wohnung refund shipping delivery parcel paket price$ prices$ discount sale$ "
            "shop$ tenant landlord bank$ account$ konto lease purchase buy$ miete viewing$ mortgage gas$ power$ "
            "trading deal$ deals$ free$ money$ cash$"
        ),
        "WRITING": (
            "paper$ papers$ manuscript reviewer reviewers$ journal conference submission$ submissions$ abstract "
            "proposal grant$ pull$ merge merged$ patch commit branch issue$ maintainers$ visa$ school$ university "
            "study$ degree tournament team's$ club$ admission admissions$ scholarship"
        ),
        "NEWS": (
            "newsletter subscribe subscri digest webinar podcast article blog edition weekly news$ report$ "
            "reports$ survey list$ click$"
        ),
        "HOME": (
            "mum$ mom$ dad$ kids$ dinner$ lunch$ weekend$ party$ birthday holiday love$ family home$ house$ "
            "doctor train$ flight trip$ game$ essen$ mama$ papa$ kinder$ wochenende$ geburtstag"
        ),
    }
)
_PERSONS = frozenset({"I", "WE", "YOU"})  # every mail has them: they count beside another idea only
_REFUSING = frozenset({"NOT", "SORRY", "ELSE"})
_DECIDING = frozenset({"CHOOSE", "DECIDE", "SHUT", "HIRE", "CANDIDATE", "APPLY", "POST"})
_OF_THE_JOB = frozenset({"POST", "APPLY", "HIRER", "DECIDE"})
_LENGTHS = (15, 40, 80, 160, 320)
_ABSENT = (
    ("APPLY", "POST", "HIRER", "CANDIDATE", "TALK"),
    ("APPLY", "POST", "HIRER"),
    ("CHOOSE", "DECIDE", "SHUT"),
    ("NOT", "SORRY", "ELSE"),
)  # what a mail speaks of nowhere says as much as what it speaks of
