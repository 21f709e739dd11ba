"""Find what a mail names: company, role, reference number, and a person who would read an answer.

Each value comes with the place it was found and how sure that is; nothing is named on a guess. The systems that send
mail for many employers are known here only so that none of them is taken for the company or written to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from onward.core.model import Address, Found, Message, Span
from onward_classifiers.features import idea_of, looks_automatic, words
from onward_classifiers.text import Prepared, Sentence

READ = 8_000  # characters of each piece of text that are searched


@dataclass(frozen=True, slots=True)
class Named:
    """What one mail names. None: not found."""

    company: Found | None = None
    role: Found | None = None
    requisition: Found | None = None
    contact: Address | None = None
    feedback_offered: bool = False
    feedback_refused: bool = False


def extract(message: Message, prepared: Prepared, sentences: Sequence[Sentence]) -> Named:
    """Everything one mail names."""
    contact = find_contact(message, prepared)
    offered, refused = feedback(sentences)
    return Named(
        company=find_company(message, prepared),
        role=find_role(message, prepared),
        requisition=find_requisition(message, prepared),
        contact=contact,
        feedback_offered=offered and not refused,
        feedback_refused=refused,
    )


def speaks_to_applicant(text: str) -> bool:
    """Whether a text speaks to its reader of the reader's own application."""
    return _YOUR_APPLICATION.search(text[:READ]) is not None


# ---- company


def find_company(message: Message, prepared: Prepared) -> Found | None:
    """The employer: the best of what the text, the subject, the sender's name and the sender's domain say."""
    label = domain_name(message.sender.email) if message.sender else ""
    candidates = [
        *_companies_in_text(prepared),
        *_companies_in_subject(message.subject),
        *_company_of_sender(message.sender),
        *_company_of_domain(message, prepared, label),
    ]
    candidates = [found for found in candidates if _may_be_company(found.value, message)]
    if not candidates:
        return None
    return max(candidates, key=lambda found: found.confidence + _agreement(found, candidates, label))


def _agreement(found: Found, candidates: list[Found], label: str) -> float:
    """A name that several places give is surer than one that stands alone."""
    plain = _plain(found.value)
    others = sum(1 for other in candidates if other is not found and _plain(other.value) == plain)
    return min(others, 3) * 0.06 + (0.1 if label and plain.startswith(label) else 0.0)


def _companies_in_text(prepared: Prepared) -> Iterator[Found]:
    for pattern, confidence in _COMPANY_IN_TEXT:
        for start, end in prepared.own:
            for match in pattern.finditer(prepared.text, start, min(end, start + READ)):
                span = _without_tail(prepared.text, *match.span("company"))
                yield Found(_one_line(prepared.text[span.start : span.end]), span, confidence)


def _companies_in_subject(subject: str) -> Iterator[Found]:
    for pattern in _COMPANY_IN_SUBJECT:
        for match in pattern.finditer(subject[:300]):
            span = _without_tail(subject, *match.span("company"))
            yield Found(_one_line(subject[span.start : span.end]), Span(), 0.75, "subject")


def _company_of_sender(sender: Address | None) -> Iterator[Found]:
    """'Acme Careers', 'Acme via Greenhouse', 'Anna from Acme', 'Anna (Acme)' …"""
    if sender is None or not sender.name or "@" in sender.name:
        return
    name = _one_line(sender.name.strip("\"' "))[:120]
    if match := _PERSON_AT.search(name):
        yield Found(_without_generic(match["company"]), Span(), 0.85, "from")
        return
    name = _VIA.sub("", name)
    bare = _without_generic(name)
    if (bare and bare != name) or (bare and _plain(bare) == domain_name(sender.email)):
        yield Found(bare, Span(), 0.8, "from")


def _company_of_domain(message: Message, prepared: Prepared, label: str) -> Iterator[Found]:
    """The sender's own domain, spelt the way the mail spells it where it does."""
    if not label or message.sender is None or not is_own_domain(message.sender.email):
        return
    for start, end in prepared.own:
        if span := _spelling(label, prepared.text, start, min(end, start + READ)):
            yield Found(_one_line(prepared.text[span.start : span.end]), span, 0.7)
            return
    for text, where in ((message.subject, "subject"), (message.sender.name, "from")):
        if span := _spelling(label, text, 0, min(len(text), 300)):
            yield Found(_one_line(text[span.start : span.end]), Span(), 0.65, where)
            return
    if not message.signs & {"list", "bulk"} and len(label) > 2:
        yield Found(label.replace("-", " ").title(), Span(), 0.45, "from")


def _spelling(label: str, text: str, start: int, end: int) -> Span | None:
    """Where a text writes the name a domain stands for: 'harrowpike' is 'Harrow & Pike'."""
    plain = label.replace("-", "")
    for match in _CAPITALISED.finditer(text, start, end):
        if not plain.startswith(_plain(match[0])[:3]):
            continue
        stop = match.end()
        while True:
            written = _plain(text[match.start() : stop])
            if written == plain and len(plain) > 1:
                legal = _LEGAL_FORM.match(text, stop, end)
                return Span(match.start(), legal.end() if legal else stop)
            following = _NEXT_WORD.match(text, stop, end)
            if not plain.startswith(written) or following is None:
                break
            stop = following.end()
    return None


def _may_be_company(name: str, message: Message) -> bool:
    """No system that sends for many, no role word, no name of the person at either end."""
    plain = _plain(name)
    if len(plain) < 2 or plain in _ATS_NAMES or plain in _NO_COMPANY or len(name) > 60 or plain.isdigit():
        return False
    if _GENERIC.fullmatch(name.strip()):
        return False
    person = message.sender.name if message.sender else ""
    return not (person and plain == _plain(person) and looks_like_person(person) and not _is_sender(message))


def _is_sender(message: Message) -> bool:
    """Whether the sender's display name is that of the domain itself."""
    sender = message.sender
    return sender is not None and _plain(sender.name) == domain_name(sender.email)


def _without_generic(name: str) -> str:
    """A display name without 'Careers', 'Talent Team', 'HR' … at either end."""
    bare = name
    for _ in range(4):
        shorter = _GENERIC_TAIL.sub("", _GENERIC_HEAD.sub("", bare)).strip(" -–—|:,@·•/")
        if shorter == bare:
            break
        bare = shorter
    return bare


def _without_tail(text: str, start: int, end: int) -> Span:
    """A captured name without the full stop or the small words that follow it."""
    value = text[start:end]
    trimmed = _TRAILING.sub("", value)
    trimmed = trimmed.rstrip(" .,;:!?-–'’\"\n\t")
    return Span(start, start + len(trimmed))


def domain_name(address: str) -> str:
    """The part of a domain its owner chose: 'mail.acme.co.uk' is 'acme'."""
    parts = address.rpartition("@")[2].lower().rstrip(".").split(".")
    if len(parts) < 2:
        return ""
    short = len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in _SECOND_LEVEL
    return parts[-3] if short else parts[-2]


def organisation(address: str) -> str:
    """The registered domain of an address."""
    domain = address.rpartition("@")[2].lower().rstrip(".")
    name = domain_name(address)
    return domain[domain.rfind(name) :] if name else domain


def is_own_domain(address: str) -> bool:
    """Whether a domain belongs to an employer: no applicant tracking system, no free mail."""
    domain = address.rpartition("@")[2].lower()
    name = domain_name(address)
    return not (name in _ATS_DOMAINS or name in _FREE_MAIL or any(part in _ATS_DOMAINS for part in domain.split(".")))


# ---- role


def find_role(message: Message, prepared: Prepared) -> Found | None:
    """The job the mail is about, as the text names it, else the subject."""
    found: list[Found] = []
    for pattern, confidence in _ROLE_IN_TEXT:
        for start, end in prepared.own:
            for match in pattern.finditer(prepared.text, start, min(end, start + READ)):
                if role := clean_role(match["role"]):
                    found.append(Found(role, Span(*match.span("role")), confidence))
                    break
    for pattern in _ROLE_IN_SUBJECT:
        if (match := pattern.search(message.subject[:300])) and (role := clean_role(match["role"])):
            found.append(Found(role, Span(), 0.7, "subject"))
            break
    if not found:
        return None
    best = max(found, key=lambda one: one.confidence)
    agree = sum(1 for one in found if one.value.casefold() == best.value.casefold())
    return replace(best, confidence=min(0.95, best.confidence + 0.1 * (agree > 1)))


def clean_role(text: str) -> str:
    """A job title without '(m/w/d)', numbers, places after a dash; '' when it is none."""
    role = _one_line(text)
    role = _GENDER.sub(" ", role)
    role = _NUMBERS.sub(" ", role)
    role = _one_line(role).strip(" .,;:-–—|/\"'“”„«»*()[]")
    head, dash, tail = _partition_dash(role)
    if dash and head and not _TITLE_WORD.search(tail) and len(tail.split()) <= 4:
        role = head
    role = _ROLE_EDGE.sub("", role).strip(" .,;:-–—|/\"'“”„«»*()[]")
    if not 2 <= len(role) <= 80 or len(role.split()) > 9 or _NO_ROLE.search(role) or not _LETTER.search(role):
        return ""
    return role


def _partition_dash(role: str) -> tuple[str, str, str]:
    match = _DASH.search(role)
    return (role[: match.start()], match[0], role[match.end() :]) if match else (role, "", "")


# ---- reference number


def find_requisition(message: Message, prepared: Prepared) -> Found | None:
    """The employer's number for the vacancy."""
    for pattern in _REQUISITION:
        if match := pattern.search(message.subject[:300]):
            return Found(match["number"].strip("-/_."), Span(), 0.9, "subject")
        for start, end in prepared.own:
            if match := pattern.search(prepared.text, start, min(end, start + READ)):
                return Found(match["number"].strip("-/_."), Span(*match.span("number")), 0.85)
    return None


# ---- contact


def find_contact(message: Message, prepared: Prepared) -> Address | None:
    """A person who would read an answer: where answers are asked to go, else the sender; or None."""
    sender = message.sender
    signed = signed_name(prepared)
    for address in message.reply_to:
        if sender and address.email != sender.email and not _may_answer_for(address, sender):
            continue
        if person := _person(address, signed):
            return person
    if message.reply_to and sender and all(a.email != sender.email for a in message.reply_to):
        return None if not _same_house(message.reply_to[0], sender) else _person(sender, signed)
    return _person(sender, signed) if sender else None


def _may_answer_for(address: Address, sender: Address) -> bool:
    """Whether a Reply-To may be trusted: of the sender's own house, or the sender is a system for many."""
    return _same_house(address, sender) or not is_own_domain(sender.email)


def _same_house(one: Address, other: Address) -> bool:
    return organisation(one.email) == organisation(other.email)


def _person(address: Address, signed: str) -> Address | None:
    """The address with a person's name, where it looks like a person's."""
    local = address.email.rpartition("@")[0].lower()
    name = domain_name(address.email)
    in_ats = name in _ATS_DOMAINS or any(
        part in _ATS_DOMAINS for part in address.email.lower().split("@")[-1].split(".")
    )
    if not local or not name or in_ats or looks_automatic(address.email) or _ROLE_MAILBOX.search(local):
        return None
    shown = _PERSON_AT.sub("", address.name).strip(" ,|-–") if _PERSON_AT.search(address.name) else address.name
    shown = _one_line(shown.strip("\"' "))
    if ", " in shown and len(shown.split()) == 2:  # 'Keller, Anna'
        last, first = shown.split(", ")
        shown = f"{first} {last}"
    if looks_like_person(shown) and _plain(shown) != name:
        return Address(address.email, shown)
    if signed and _fits(signed, local):
        return Address(address.email, signed)
    if _FIRST_LAST.fullmatch(local):
        return Address(address.email, " ".join(part.capitalize() for part in re.split(r"[._-]", local)))
    return None


def signed_name(prepared: Prepared) -> str:
    """The name under the closing words, or ''."""
    for start, end in reversed(prepared.own):
        closings = list(_CLOSING.finditer(prepared.text, max(start, end - 2_500), end))
        for closing in reversed(closings):
            for line in prepared.text[closing.end() : min(end, closing.end() + 200)].split("\n")[:4]:
                name = line.strip(" ,*_\r\t")
                if not name:
                    continue
                return name if looks_like_person(name, single=True) else ""
    return ""


def looks_like_person(name: str, *, single: bool = False) -> bool:
    """Whether a name is that of one human being, as far as its shape tells."""
    if not _PERSON.fullmatch(name) or len(name) > 50:
        return False
    parts = name.split()
    if len(parts) < 2 and not single:
        return False
    return not any(_GENERIC.fullmatch(part) or _plain(part) in _ATS_NAMES for part in parts) and not _LEGAL_FORM.search(
        name
    )


def _fits(signed: str, local: str) -> bool:
    """Whether a signature belongs to an address: 'Anna Keller' to 'anna', 'a.keller' or 'keller'."""
    return any(len(part) > 2 and _plain(part) in _plain(local) for part in signed.split())


# ---- feedback


def feedback(sentences: Sequence[Sentence]) -> tuple[bool, bool]:
    """Whether the mail offers feedback, and whether it says there will be none."""
    offered = refused = False
    for sentence in sentences:
        lower = sentence.text.lower()
        if not _FEEDBACK.search(lower):
            continue
        ideas = {idea_of(word) for word in words(sentence.text)}
        if "NOT" in ideas and _GIVE.search(lower):
            refused = True
        elif _GLADLY.search(lower):
            offered = True
    return offered, refused


# ---- shared


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    """Letters and digits only, without the little words that join names."""
    return _NOT_PLAIN.sub("", _JOINING.sub(" ", text.casefold()))


_NOT_PLAIN = re.compile(r"[\W_]+")
_JOINING = re.compile(r"(?<=\w)\s(?:and|und|et|y|och|en|e)\s(?=\w)")
_LETTER = re.compile(r"[^\W\d_]")

_UPPER = "A-ZÀ-ÖØ-Þ"
_LEGAL = (
    r"GmbH(?:\s&\sCo\.?\sKG)?|AG|SE|KG|mbH|Inc|Ltd|Limited|LLC|LLP|PLC|plc|Corp|Group|Gruppe|Groupe|Grupo|Gruppo|SA|SAS"
    r"|SARL|S\.?L\.?|S\.?A\.?|S\.?p\.?A|S\.?r\.?l|B\.?V\.?|N\.?V\.?|AB|Oy|ApS|Lda"
)
_LEGAL_FORM = re.compile(rf",?\s(?:{_LEGAL})\b\.?")
_WORD = rf"[{_UPPER}0-9][\w&'’+.-]{{0,30}}"
_JOIN = r"(?:&|\+|and|und|et|och|y|of|de|du|des|der|für|for|the|la|le|dos|da|do)"
_NAME = rf"(?P<company>{_WORD}(?:[ \t]{_WORD}|[ \t]{_JOIN}[ \t]{_WORD}){{0,4}})"
_CAPITALISED = re.compile(rf"(?<!\w)[{_UPPER}][\w&'’+-]{{0,30}}")
_NEXT_WORD = re.compile(r"[ \t]{1,2}(?:&[ \t]|and[ \t]|und[ \t]|et[ \t]|och[ \t]|y[ \t])?[\w&'’+-]{1,30}|-[\w'’]{1,30}")
_TRAILING = re.compile(
    r"(?:[.!?,;:]\s.*|\s(?:Wir|We|I|Sie|Nous|Thank|Thanks|Unfortunately|After|The|Our|Team|Dear|Best|Kind|Vielen|Leider|und"
    r"|and|for|the|de|of|la|le|du)\b.*)$",
    re.DOTALL,
)
_COMPANY_IN_TEXT = tuple(
    (re.compile(pattern), confidence)
    for pattern, confidence in (
        (
            rf"(?i:\b(?:position|role|vacancy|opening|job|opportunity|internship|post)(?:\s\([^)\n]{{1,40}}\))?"
            rf"\s(?:here\s)?(?:at|with|within))\s(?:the\s)?{_NAME}",
            0.82,
        ),
        (rf"(?i:\binterest(?:ed)?\s(?:in\s(?:joining|working\s(?:at|for|with)|a\scareer\s(?:at|with)|"
         rf"employment\s(?:at|with))|in))\s(?:the\s)?{_NAME}", 0.72),
        (rf"(?i:\b(?:applying|applied|application|apply)\s(?:to|with|at)(?:\sjoin)?)\s(?:the\s)?{_NAME}", 0.8),
        (rf"(?i:\b(?:interview|interviewing|conversations?|career|careers|life|join|joining|team)\s(?:at|with|us\sat))\s{_NAME}", 0.66),
        (rf"(?i:\b(?:here\sat|on\sbehalf\sof|team\sat|people\sat|colleagues\sat))\s{_NAME}", 0.72),
        (rf"(?i:\bbewerbung[^.\n]{{0,80}}?\sbei(?:\s(?:der|dem|den))?)\s{_NAME}", 0.8),
        (rf"(?i:\binteresse\s(?:an|bei)(?:\s(?:der|einer\s(?:mitarbeit|tätigkeit|stelle)\s(?:bei|in)(?:\s(?:der|dem))?))?)\s"
         rf"(?P<company>{_WORD}(?:[ \t]{_WORD}|[ \t]{_JOIN}[ \t]{_WORD}){{0,4}}\s(?:{_LEGAL}))\b", 0.8),
        (rf"(?i:\bbei\s(?:der|dem|den)\s)(?P<company>{_WORD}(?:[ \t]{_WORD}|[ \t]{_JOIN}[ \t]{_WORD}){{0,4}}\s(?:{_LEGAL}))\b", 0.75),
        (rf"(?i:\bstelle[^.\n]{{0,80}}?\sbei)(?:\s(?:der|dem))?\s{_NAME}", 0.75),
        (rf"(?i:\b(?:chez|au\ssein\sd(?:e\sla\ssociété|u\sgroupe|e)))\s{_NAME}", 0.75),
        (rf"(?i:\b(?:candidatura|proceso|puesto|vacante|posición|interés|trabajar|equipo)[^.\n]{{0,70}}?\s(?:en|de|por))\s"
         rf"{_NAME}", 0.62),
        (rf"(?i:\b(?:sollicitatie|functie|vacature|gesolliciteerd|interesse|werken)[^.\n]{{0,80}}?\s(?:bij|in))\s{_NAME}", 0.72),
        (rf"(?i:\b(?:ansökan|tjänsten|rollen|sökt|intresse|jobbet|jobba)[^.\n]{{0,80}}?\s(?:hos|på|till|för\soss\spå))\s{_NAME}", 0.7),
        (rf"(?i:\b(?:candidatura|vaga|processo|interesse|posição|trabalhar)[^.\n]{{0,80}}?\s(?:na|no|pela|pelo|à|da))\s{_NAME}", 0.65),
        (rf"(?i:\b(?:candidatura|posizione|ruolo|interesse|selezione|lavorare)[^.\n]{{0,80}}?\s(?:presso|in|per|verso|con))\s{_NAME}", 0.65),
    )
)  # fmt: skip
_COMPANY_IN_SUBJECT = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?i:\b(?:application|applying|applied|interview|position|role|interest|candidacy|opportunity)\b[^|]{{0,80}}?\s"
        rf"(?:at|with|to|in))\s{_NAME}",
        rf"(?i:\bbewerbung\b.{{0,80}}?\sbei(?:\s(?:der|dem))?)\s{_NAME}",
        rf"(?i:\b(?:candidature|entretien|poste)\b.{{0,80}}?\s(?:chez))\s{_NAME}",
        rf"(?i:\b(?:candidatura|entrevista|proceso)\b.{{0,80}}?\s(?:en|na|no|presso|a))\s{_NAME}",
        rf"(?i:\b(?:sollicitatie|vacature|functie)\b.{{0,80}}?\sbij)\s{_NAME}",
        rf"(?i:\b(?:ansökan|tjänsten|intervju)\b.{{0,80}}?\s(?:hos|till|på))\s{_NAME}",
        rf"^{_NAME}(?=\s?[-–—|:]\s?(?i:(?:your\s)?(?:application|interview|candidature|bewerbung|candidatura|sollicitatie|ansökan|update)))",
        rf"(?i:(?:application|candidature|bewerbung|candidatura|sollicitatie|ansökan)(?:\s(?:update|status|received))?)\s?[|]\s?{_NAME}$",
    )
)
_PERSON_AT = re.compile(
    rf"(?:\s(?:from|at|von|bei|de\schez|chez|van|bij|hos|på|@)\s|\s?@\s?|\s?[(\[]|\s[|–—-]\s|,\s)"
    rf"(?:the\s)?(?P<company>{_WORD}(?:\s(?:{_JOIN}\s)?{_WORD}){{0,4}})[)\]]?\s*$"
)
_VIA = re.compile(r"(?i)\s(?:via|through|über|par|door|por)\s.*$|\s?[(\[](?:via|no-?reply)[^)\]]*[)\]]?")
_GENERIC_WORD = (
    r"(?:careers?|karriere|carrières?|carreiras?|empleos?|jobs?|recruit(?:ing|ment|er|ers)?|rekrytering|recrutement|recrutamento"
    r"|reclutamiento|werving|bewerb(?:ung|ungen|ermanagement)|talent(?:\sacquisition)?|acquisition|hiring|people|culture"
    r"|hr|h\.r\.|rh|human\sresources|personal(?:abteilung|wesen)?|personnel|ressources\shumaines|recursos\shumanos|selección|selezione"
    r"|selection|team|équipe|equipo|equipe|staff|department|dept|office|operations|ops|no-?\s?reply|do\snot\sreply|noreply|notifications?"
    r"|applications?|candidates?|candidate\sexperience|support|info|mail(?:er)?|the|das|die|der|l'|&|and|und|et|from|at|by|for|your|update|updates"
    r"|services?|system|portal|online|hello|contact|admissions|alerts?|newsletter)"
)
_GENERIC = re.compile(rf"(?i){_GENERIC_WORD}(?:[\s&-]+{_GENERIC_WORD})*")
_GENERIC_TAIL = re.compile(rf"(?i)(?:[\s|@:,·•–—-]+{_GENERIC_WORD})+$")
_GENERIC_HEAD = re.compile(rf"(?i)^(?:{_GENERIC_WORD}[\s|@:,·•–—-]+)+")
_NO_COMPANY = frozenset(
    ["us", "our", "the", "team", "you", "your", "this", "that", "it", "company", "position", "role", "job", "jobs", "career", "careers", "future", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "zoom", "teams", "googlemeet", "phone", "video", "all", "time", "least", "which", "i", "we", "hr", "linkedin", "indeed", "xing", "stepstone", "glassdoor", "english", "german", "french", "spanish", "ihnen", "ihrer", "ihnenundihrem", "interesse", "zukunft", "rahmen", "bedarf", "fragen", "suche", "moment", "total", "person", "general", "full", "progress", "europe", "germany", "france", "spain", "portugal", "italy", "sweden", "netherlands", "uk", "usa", "berlin", "london", "paris", "madrid", "lisbon", "amsterdam", "stockholm", "münchen", "munich", "hamburg", "remote", "hybrid", "senior", "junior"]
)
_ATS_NAMES = frozenset(
    ["greenhouse", "lever", "workday", "myworkday", "ashby", "ashbyhq", "smartrecruiters", "teamtailor", "personio", "workable", "icims", "taleo", "successfactors", "jobvite", "bamboohr", "recruitee", "breezy", "breezyhr", "jazzhr", "rippling", "pinpoint", "softgarden", "rexx", "rexxsystems", "umantis", "onlyfy", "jobylon", "varbi", "welcometothejungle", "gem", "fountain", "paylocity", "ukg", "ultipro", "dayforce", "eightfold", "avature", "phenom", "cornerstone", "brassring", "hackerrank", "codility", "testgorilla", "hirevue", "karat", "linkedin", "indeed", "xing", "stepstone", "glassdoor", "monster", "ziprecruiter", "infojobs", "hired", "otta", "wellfound", "angellist", "dice", "reed", "totaljobs", "workatastartup", "join", "joincom", "bullhorn", "comeet", "homerun", "factorial", "kenexa", "oraclecloud", "talentsoft", "flatchr", "beetween", "gupy", "vagas", "catho", "sympla", "nationalevacaturebank"]
)
_ATS_DOMAINS = (
    _ATS_NAMES
    | frozenset(
        ["greenhouse-mail", "greenhouse", "lever", "hire", "myworkdayjobs", "workdaymail", "myworkday", "ashbyhq", "smartrecruiters", "teamtailor-mail", "personio", "workablemail", "applytojob", "successfactors", "hire-mail", "sendgrid", "mailgun", "amazonses", "mandrillapp", "talent-soft", "hrmdirect", "silkroad", "applicantstack", "recruitingbypaycor", "dayforcehcm", "ultipro", "candidates-mail", "trakstar", "lumesse"]
    )
    - {"hire", "join", "reed", "fountain", "gem", "pinpoint", "rippling", "dice", "monster"}
    | frozenset({"hire.lever.co"})
)
_FREE_MAIL = frozenset(
    ["gmail", "googlemail", "outlook", "hotmail", "live", "msn", "yahoo", "ymail", "icloud", "me", "mac", "aol", "gmx", "web", "t-online", "freenet", "posteo", "mailbox", "proton", "protonmail", "pm", "fastmail", "orange", "wanadoo", "free", "laposte", "sfr", "libero", "virgilio", "tiscali", "ziggo", "kpnmail", "telia", "zoho", "yandex", "mail", "uol", "bol", "terra"]
)
_SECOND_LEVEL = frozenset(["co", "com", "org", "net", "ac", "gov", "edu", "ltd", "plc", "nom"])

_STOP = (
    r"(?=\s(?:at|with|within|in|on|here|has|have|was|is|and\swe|and\sfor|and\syour|and\sthe|we|you|that|which|as|this|based|position|role"
    r"|job|vacancy|opening|opportunity|post|bei|beworben|und|in\sder|zu|haben|hat|chez|au\ssein|et|en|que|y|hemos|bij|hebben|heeft|hos|på|och|har|na|no"
    r"|da|do|e|presso|abbiamo|per|para|por|por\sla|für|ist|wurde|nicht|after|but|from|to|by|ref|req|job\sid|id)\b|\s?[.,;:!?(\[\n|<\"”“»]|\s[-–—]\s|\s*$)"
)
_TITLE = rf"(?P<role>[{_UPPER}0-9][^\n.,;:!?\"“”„«»<>|]{{1,80}}?)"
_ANY_TITLE = r"(?P<role>[^\W_][^\n.,;:!?\"“”„«»<>|]{1,80}?)"
_QUOTED = r"[\"“„«‘']\s?(?P<role>[^\n\"“”„«»]{2,90}?)\s?[\"”“»’']"
_ROLE_IN_TEXT = tuple(
    (re.compile(pattern), confidence)
    for pattern, confidence in (
        (rf"(?i:\b(?:position|role|vacancy|post|opening|stelle|position|poste|puesto|functie|vacature|tjänsten|vaga|posizione|ruolo))"
         rf"(?i:\s(?:of|as|als|de|des|der|van|som|di))?\s{_QUOTED}", 0.9),
        (rf"(?i:\b(?:position|role|post|vacancy|job)\s(?:of|as)(?:\s(?:an?|the|our))?)\s{_TITLE}{_STOP}", 0.85),
        (r"(?i:\b(?:position|role|vacancy|job\stitle|stelle|poste|puesto|functie|vacature|tjänst|vaga|posizione)\s?:\s?)"
         r"(?P<role>[^\n]{2,90}?)(?=\s*(?:\n|$|[.;|]))", 0.8),
        (rf"(?i:\b(?:for|to|in|about|regarding|on|fill)\s(?:the|our|a|an|your)(?:\s(?:open|vacant|advertised))?)\s{_TITLE}"
         r"(?i:\s(?:position|role|vacancy|opening|job|post|opportunity|internship)\b)", 0.85),
        (rf"(?i:\b(?:the|our|a|an))\s{_TITLE}(?i:\s(?:position|role|vacancy|opening)\b)", 0.75),
        (rf"(?i:\b(?:application|applying|applied|apply|considered|candidacy|interview(?:ing|ed)?)\s(?:for|as)(?:\s(?:the|our|an?))?)"
         rf"\s{_TITLE}{_STOP}", 0.72),
        (rf"(?i:\b(?:stelle|position|job|tätigkeit|ausschreibung|vakanz)\s(?:als|des|der|eines|einer|zum|zur))\s{_TITLE}{_STOP}", 0.85),
        (rf"(?i:\b(?:bewerbung|bewerben|beworben)\s(?:als|zum|zur)|\bals)\s{_TITLE}(?=\s?(?:\(|/|\*|[.,;:!?\n]|bei\b|in\b|beworben|und\b|zu\b|haben\b|hat\b|$))", 0.72),
        (rf"(?i:\bfür\s(?:die|unsere|eine)\s(?:stelle|position)\s(?:als\s)?){_TITLE}{_STOP}", 0.8),
        (rf"(?i:\b(?:poste|offre|emploi|stage|fonction)\s(?:de\s|d['’]|en\stant\sque\s)){_ANY_TITLE}{_STOP}", 0.8),
        (rf"(?i:\b(?:puesto|vacante|posición|cargo|oferta)\s(?:de|como)\s){_ANY_TITLE}{_STOP}", 0.8),
        (rf"(?i:\b(?:functie|rol|vacature|positie)\s(?:van|als|voor)\s){_ANY_TITLE}{_STOP}", 0.8),
        (rf"(?i:\b(?:gesolliciteerd|sollicitatie)\s(?:op\sde\s(?:functie|vacature)|als|voor\sde\sfunctie|naar\sde\sfunctie)(?:\svan)?\s)"
         rf"{_ANY_TITLE}{_STOP}", 0.78),
        (rf"(?i:\b(?:tjänsten|rollen|jobbet|tjänst|roll|positionen)\ssom\s){_ANY_TITLE}{_STOP}", 0.85),
        (rf"(?i:\b(?:vaga|posição|cargo|função|oportunidade)\s(?:de|para|como)\s){_ANY_TITLE}{_STOP}", 0.8),
        (rf"(?i:\b(?:posizione|ruolo|figura|candidatura\scome|posto)\s(?:di\s|da\s|come\s)?){_ANY_TITLE}{_STOP}", 0.75),
    )
)  # fmt: skip
_ROLE_IN_SUBJECT = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?i:\b(?:application|applying|applied|apply|interview|candidacy)\s(?:for|as)(?:\s(?:the|our|an?|position\sof|role\sof|the\sposition\sof|"
        rf"the\srole\sof))?)\s{_ANY_TITLE}{_STOP}",
        rf"(?i:\b(?:position|role|post)\s(?:of|as))\s{_ANY_TITLE}{_STOP}",
        rf"(?i:\bbewerbung\s(?:als|für\sdie\s(?:stelle|position)(?:\sals)?|zum|zur))\s{_ANY_TITLE}{_STOP}",
        rf"(?i:\b(?:poste|candidature)\s(?:de\s|d['’]|au\sposte\sde\s|au\sposte\sd['’])){_ANY_TITLE}{_STOP}",
        rf"(?i:\b(?:puesto|vacante|vaga|posición|cargo|posizione|ruolo|posição)\s(?:de|di|como|come|para)\s){_ANY_TITLE}{_STOP}",
        rf"(?i:\b(?:sollicitatie|functie|vacature)\s(?:als|van|voor)?\s?){_ANY_TITLE}{_STOP}",
        rf"(?i:\b(?:tjänsten|ansökan|rollen)\s(?:som|till\stjänsten\ssom)\s){_ANY_TITLE}{_STOP}",
        r"(?i:(?:application|bewerbung|candidature|candidatura|sollicitatie|ansökan)(?:\s(?:update|status|received|to\s[^-–—:|]{2,40}))?)"
        r"\s?(?:[-–—:|])\s?(?P<role>[^\n|]{2,90}?)(?=\s*(?:$|\||\sat\s|\sbei\s))",
        r"^(?:(?i:re|aw|sv):\s?)?(?P<role>[^\n|:]{2,70}?)\s(?i:position|role|vacancy|opening)\b",
    )
)
_GENDER = re.compile(
    r"(?i)[(\[]\s?[mwfhdxgivn*a](?:\s?[/|,.·-]\s?[mwfhdxgivn*a](?:ll)?){1,4}\s?[)\]]|[(\[](?:all\sgenders?|gn|mensch|divers)[)\]]"
    r"|\b[mfwh]/[mfwhdx](?:/[dxinw]v?)?\b"
)
_NUMBERS = re.compile(
    r"(?i)[(\[#]?\s?\b(?:ref(?:erence)?|req(?:uisition)?|job|id|jr|r|nr|no|kennziffer|réf)?\.?\s?(?:id|no|nr|number)?[\s.:#_-]{0,2}"
    r"(?:[a-z]{1,4}[-_])?\d{3,12}(?:[-/_]\d{1,8}){0,2}\s?[)\]]?"
)
_DASH = re.compile(r"\s+[-–—|]\s+|\s*[–—|]\s+")
_TITLE_WORD = re.compile(
    r"(?i)engineer|develop|manager|analyst|designer|scientist|lead|architect|consult|backend|frontend|platform|full|stack|data|software|"
    r"product|sales|market|entwickl|ingenieur|leiter|specialist|assistant|research|team|growth|cloud|mobile|web|security|support|finance"
)
_ROLE_EDGE = re.compile(
    r"(?i)^(?:the|our|an?|position|role|of|für|als|die|der|das|de|du|la|le|el|een|de\sfunctie|van|som|our\sopen|open|vacant)\s+(?=\S)"
    r"|\s+(?:position|role|vacancy|opening|job|at|with|in|bei|en|de|for)$|[(\[][^)\]]*$"
)
_NO_ROLE = re.compile(
    r"(?i)\b(?:you|your|we|our|us|has|have|been|was|is|are|will|sie|ihr|ihre|ihnen|wir|uns|haben|nicht|vous|votre|nous|avons|nuestr[oa]|hemos"
    r"|wij|jouw|onze|hebben|du|din|vår|nosso|abbiamo|which|that|this|these|who|another|other|further|interest|application|applications|bewerbung"
    r"|candidature|candidatura|update|received|thank|thanks|person|part|team\smember|next|same|future|similar|right|new|following)\b|https?:|@"
)
_REQUISITION = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)\b(?:req(?:uisition)?|job|vacancy|posting|position|stellen|vacature|ref(?:erence)?|referenz|réf(?:érence)?|referencia|referência|"
        r"riferimento|rif|referens|kennziffer|ausschreibung)[-\s]?(?:id|no|nr|number|nummer|code|n°|req)?\s?[.:#-]{0,2}\s{0,2}#?"
        r"(?P<number>[a-z]{0,6}[-_/]?\d[\w/-]{2,20})\b",
        r"(?P<number>\b(?:JR|REQ|R|ID|J|SF|P)[-_]?\d{3,10}(?:-\d{1,6})?)\b",
        r"(?<!\w)#(?P<number>\d{4,10})\b",
    )
)
_ROLE_MAILBOX = re.compile(
    r"^(?:jobs?|careers?|karriere|hr|rh|recruit(?:ing|ment|er|ers)?|talent|hiring|people|bewerb\w*|info|team|hello|hi|contact|kontakt|office|support|help"
    r"|personal\w*|hrm?|apply|applications?|admin|service|mail|post|news|newsletter|marketing|sales|notifications?|alerts?|updates?|reply|candidates?"
    r"|recrutement|recrutamento|emploi|empleo|seleccion|selezione|rrhh|werving|vacatures|jobb|rekrytering|lavoro|vagas|invitations?|messages?|noreply"
    r"|accounts?|billing|system|robot|bot|postmaster|mailer\S*|bounces?\S*|do-?not-?reply|no-?reply)(?:[-_.+\d]\S*)?$"
    r"|(?:^|[._+-])(?:jobs|careers|no-?reply|notifications?|recruiting|recruitment|talent|hr|team)(?:[._+-]|$)|[0-9a-f]{12,}|\+"
)
_FIRST_LAST = re.compile(r"[^\W\d_]{2,20}[._-][^\W\d_]{2,25}")
_PERSON = re.compile(
    rf"(?:(?:Dr|Prof|Mr|Mrs|Ms|Herr|Frau|Mme)\.?\s)?[{_UPPER}][^\W\d_]*(?:['’-][{_UPPER}]?[^\W\d_]+)?\.?"
    rf"(?:\s(?:(?:van|von|de|der|den|da|dos|di|del|la|le|el|bin|al|zu|af|ten|ter)\s){{0,2}}[{_UPPER}][^\W\d_]*(?:['’-][{_UPPER}]?[^\W\d_]+)?\.?){{0,3}}"
)
_CLOSING = re.compile(
    r"(?im)^[ \t]*(?:(?:with\s)?(?:(?:kind|best|warm|warmest|many|sincere)\s)?(?:regards|wishes|thanks)|all\sthe\sbest|best|cheers|sincerely|yours(?:\s\w+)?|thanks|"
    r"take\scare|warmly|thank\syou|(?:mit\s)?(?:freundliche[nm]?|beste[nm]?|viele[nm]?|liebe[nm]?|herzliche[nm]?|schöne[nm]?)\s(?:grü(?:ß|ss)en?|gru(?:ß|ss))|"
    r"(?:bien\s)?cordialement|bien\sà\svous|sincères\ssalutations|(?:un\s)?(?:cordial\s)?saludos?(?:\scordial(?:es)?)?|atentamente|un\sabrazo|"
    r"(?:met\s)?(?:vriendelijke|hartelijke)\sgroet(?:en)?|groet(?:en|jes)?|(?:med\s)?(?:vänliga|bästa|varma)\shälsningar|mvh|hälsningar|"
    r"(?:com\sos\smelhores\s)?cumprimentos|atenciosamente|abraços?|(?:cordiali|distinti|cari)\ssaluti|un\ssaluto|a\spresto)[ \t]*[,.!]?[ \t\r]*(?:\n|$)"
)
_YOUR_APPLICATION = re.compile(
    r"(?i)\b(?:your\s(?:application|candidacy|interest\sin|interview|cv|r[ée]sum[ée])|you(?:'ve|\shave)?\s(?:applied|interviewed)|"
    r"ihre\s?r?\s?bewerbung|deine\s?r?\s?bewerbung|votre\scandidature|(?:tu|su)\scandidatura|"
    r"(?:je|jouw|uw)\ssollicitatie|din\sansökan|(?:sua|a\stua)\scandidatura|la\s(?:sua|tua)\scandidatura)"
)
_FEEDBACK = re.compile(
    r"feedback|rückmeldung|retour|terugkoppeling|återkoppling|devolutiva|riscontro|comentarios|retroalimentación"
)
_GIVE = re.compile(
    r"giv|provid|offer|shar|send|able|individual|detail|geb|mitteil|einzel|fourni|donner|apport|individu|dar|ofrecer|ofrecemos|facilitar|geven|ge|lämna|ge\b|"
    r"fornec|oferecer|enviar|fornire|dare|inviare"
)
_GLADLY = re.compile(
    r"happy|glad|gladly|pleas|welcome|offer|feel\sfree|reach\sout|let\s(?:me|us)\sknow|drop\sme|if\syou(?:'d|\swould)\slike|gern|freu|melde|volontiers|"
    r"n'hésite|heureux|encantad|gustos|dispuest|graag|laat|gärna|hör\sav|prazer|disposição|felici|volentieri|lieti"
)
