"""The wordings by which eight languages name an employer, a job and a person: data for `extract.py`.

Every pattern is bounded, so a hostile line costs no more than a long one. The systems that send mail for many
employers are listed so that none of them is named as the employer or written to; nothing is recognised by them.
"""

from __future__ import annotations

import re

Wordings = dict[str, list[tuple[str, float]]]  # language -> (pattern, how sure it is)

_UPPER = "A-ZÀ-ÖØ-Þ"
_LEGAL = (
    r"GmbH(?:\s&\sCo\.?\sKG)?|AG|SE|KG|mbH|Inc|Ltd|Limited|LLC|LLP|PLC|plc|Corp|Group|Gruppe|Groupe|Grupo|Gruppo"
    r"|SA|SAS|SARL|S\.?L\.?|S\.?A\.?|S\.?p\.?A|S\.?r\.?l|B\.?V\.?|N\.?V\.?|AB|Oy|ApS|Lda"
)
_WORD = rf"[{_UPPER}0-9][\w&'’+.-]{{0,30}}"
_JOIN = r"(?:&|\+|and|und|et|och|y|of|de|du|des|der|für|for|the|la|le|dos|da|do)"
_WORDS = rf"{_WORD}(?:[ \t]{_WORD}|[ \t]{_JOIN}[ \t]{_WORD}){{0,4}}"
_NAME = rf"(?P<company>{_WORDS})"
_NAME_AND_FORM = rf"(?P<company>{_WORDS}\s(?:{_LEGAL}))\b"

LEGAL_FORM = re.compile(rf",?\s(?:{_LEGAL})\b\.?")
CAPITALISED = re.compile(rf"(?<!\w)[{_UPPER}][\w&'’+-]{{0,30}}")
NEXT_WORD = re.compile(r"[ \t]{1,2}(?:&[ \t]|and[ \t]|und[ \t]|et[ \t]|och[ \t]|y[ \t])?[\w&'’+-]{1,30}|-[\w'’]{1,30}")
AFTER_NAME = re.compile(
    r"(?:[.!?,;:]\s.*|\s(?:Wir|We|I|Sie|Nous|Thank|Thanks|Unfortunately|After|The|Our|Team|Dear|Best|Kind|Vielen"
    r"|Leider|und|and|for|the|de|of|la|le|du)\b.*)$",
    re.DOTALL,
)
PERSON_AT = re.compile(
    r"(?:\s(?:from|at|von|bei|de\schez|chez|van|bij|hos|på|@)\s|\s?@\s?|\s?[(\[]|\s[|–—-]\s|,\s)"
    rf"(?:the\s)?(?P<company>{_WORD}(?:\s(?:{_JOIN}\s)?{_WORD}){{0,4}})[)\]]?\s*$"
)
VIA = re.compile(r"(?i)\s(?:via|through|über|par|door|por)\s.*$|\s?[(\[](?:via|no-?reply)[^)\]]*[)\]]?")


COMPANY: Wordings = {
    "en": [
        (
            r"(?i:\b(?:position|role|vacancy|opening|job|opportunity|internship|post)(?:\s\([^)\n]{1,40}\))?"
            rf"\s(?:here\s)?(?:at|with|within))\s(?:the\s)?{_NAME}",
            0.82,
        ),
        (
            r"(?i:\binterest(?:ed)?\s(?:in\s(?:joining|working\s(?:at|for|with)|a\scareer\s(?:at|with)"
            rf"|employment\s(?:at|with))|in))\s(?:the\s)?{_NAME}",
            0.72,
        ),
        (rf"(?i:\b(?:applying|applied|application|apply)\s(?:to|with|at)(?:\sjoin)?)\s(?:the\s)?{_NAME}", 0.8),
        (rf"(?i:\b(?:interview|interviewing|conversations?|careers?|life|team)\s(?:at|with))\s{_NAME}", 0.66),
        (rf"(?i:\b(?:here\sat|on\sbehalf\sof|us\sat|team\sat|people\sat|colleagues\sat))\s{_NAME}", 0.72),
    ],
    "de": [
        (rf"(?i:\b(?:bewerbung|stelle)[^.\n]{{0,80}}?\sbei)(?:\s(?:der|dem|den))?\s{_NAME}", 0.78),
        (rf"(?i:\b(?:bei|an)\s(?:der|dem|den)\s){_NAME_AND_FORM}", 0.75),
        (rf"(?i:\b(?:mitarbeit|tätigkeit|arbeiten|team|karriere)\sbei)(?:\s(?:der|dem))?\s{_NAME}", 0.75),
    ],
    "fr": [(rf"(?i:\b(?:chez|au\ssein\sd(?:e\sla\ssociété|u\sgroupe|e)))\s{_NAME}", 0.75)],
    "es": [
        (
            r"(?i:\b(?:candidatura|proceso|puesto|vacante|posición|interés|trabajar|equipo)[^.\n]{0,70}?"
            rf"\s(?:en|por))\s{_NAME}",
            0.62,
        )
    ],
    "nl": [
        (
            r"(?i:\b(?:sollicitatie|functie|vacature|gesolliciteerd|interesse|werken)[^.\n]{0,80}?"
            rf"\s(?:bij|in))\s{_NAME}",
            0.72,
        )
    ],
    "sv": [
        (
            r"(?i:\b(?:ansökan|tjänsten|rollen|sökt|intresse|jobbet|jobba)[^.\n]{0,80}?"
            rf"\s(?:hos|på|till|för))\s{_NAME}",
            0.7,
        )
    ],
    "pt": [
        (
            r"(?i:\b(?:candidatura|vaga|processo|interesse|posição|trabalhar)[^.\n]{0,80}?"
            rf"\s(?:na|no|pela|pelo|à))\s{_NAME}",
            0.65,
        )
    ],
    "it": [
        (
            r"(?i:\b(?:candidatura|posizione|ruolo|interesse|selezione|lavorare)[^.\n]{0,80}?"
            rf"\s(?:presso|verso|con))\s{_NAME}",
            0.65,
        )
    ],
}
COMPANY_IN_SUBJECT = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i:\b(?:application|applying|applied|interview|position|role|interest|candidacy|opportunity)\b[^|]{0,80}?"
        rf"\s(?:at|with|to|in))\s{_NAME}",
        rf"(?i:\bbewerbung\b.{{0,80}}?\sbei(?:\s(?:der|dem))?)\s{_NAME}",
        rf"(?i:\b(?:candidature|entretien|poste)\b.{{0,80}}?\schez)\s{_NAME}",
        rf"(?i:\b(?:candidatura|entrevista|proceso)\b.{{0,80}}?\s(?:en|na|no|presso|a))\s{_NAME}",
        rf"(?i:\b(?:sollicitatie|vacature|functie)\b.{{0,80}}?\sbij)\s{_NAME}",
        rf"(?i:\b(?:ansökan|tjänsten|intervju)\b.{{0,80}}?\s(?:hos|till|på))\s{_NAME}",
        rf"^{_NAME}(?=\s?[-–—|:]\s?(?i:(?:your\s)?(?:application|interview|candidature|bewerbung|candidatura"
        r"|sollicitatie|ansökan|update)))",
        r"(?i:(?:application|candidature|bewerbung|candidatura|sollicitatie|ansökan)(?:\s(?:update|status|received))?)"
        rf"\s?[|]\s?{_NAME}$",
    )
)

# ---- a job title

_STOP = (
    r"(?=\s(?:at|with|within|in|on|here|has|have|was|is|and\swe|and\sfor|and\syour|and\sthe|we|you|that|which|as|this"
    r"|based|position|role|job|vacancy|opening|opportunity|post|bei|beworben|und|in\sder|zu|haben|hat|chez|au\ssein|et"
    r"|en|que|y|hemos|bij|hebben|heeft|hos|på|och|har|na|no|da|do|e|presso|abbiamo|per|para|por|für|ist|wurde|nicht"
    r"|after|but|from|to|by|for|ref|req|job\sid|id)\b|\s?[.,;:!?(\[\n|<\"”“»]|\s[-–—]\s|\s*$)"
)
_TITLE = rf"(?P<role>[{_UPPER}0-9][^\n.,;:!?\"“”„«»<>|]{{1,80}}?)"
_ANY_TITLE = r"(?P<role>[^\W_][^\n.,;:!?\"“”„«»<>|]{1,80}?)"
_QUOTED = r"[\"“„«‘']\s?(?P<role>[^\n\"“”„«»]{2,90}?)\s?[\"”“»’']"
_LINE = r"(?P<role>[^\n]{2,90}?)(?=\s*(?:\n|$|[.;|]))"

ROLE: Wordings = {
    "en": [
        (rf"(?i:\b(?:position|role|vacancy|post|opening))(?i:\s(?:of|as))?\s{_QUOTED}", 0.9),
        (rf"(?i:\b(?:position|role|post|vacancy|job)\s(?:of|as)(?:\s(?:an?|the|our))?)\s{_TITLE}{_STOP}", 0.85),
        (rf"(?i:\b(?:position|role|vacancy|job(?:\stitle)?|post(?:\stitle)?|posting)\s?:\s?){_LINE}", 0.8),
        (
            r"(?i:\b(?:for|to|in|about|regarding|on|fill)\s(?:the|our|a|an|your)(?:\s(?:open|vacant|advertised))?)"
            rf"\s{_TITLE}(?i:\s(?:position|role|vacancy|opening|job|post|opportunity|internship)\b)",
            0.85,
        ),
        (rf"(?i:\b(?:the|our|an?))\s{_TITLE}(?i:\s(?:position|role|vacancy|opening|post)\b)", 0.75),
        (
            r"(?i:\b(?:application|applying|applied|apply|considered|candidacy|interview(?:ing|ed)?)"
            rf"\s(?:for|as)(?:\s(?:the|our|an?))?)\s{_TITLE}{_STOP}",
            0.72,
        ),
    ],
    "de": [
        (rf"(?i:\b(?:stelle|position|ausschreibung)(?:\s(?:als|der|des))?)\s{_QUOTED}", 0.9),
        (
            r"(?i:\b(?:stelle|position|job|tätigkeit|ausschreibung|vakanz)"
            rf"\s(?:als|des|der|eines|einer|zum|zur))\s{_TITLE}{_STOP}",
            0.85,
        ),
        (rf"(?i:\b(?:stelle|position|stellenbezeichnung)\s?:\s?){_LINE}", 0.8),
        (
            rf"(?i:\b(?:bewerbung|bewerben|beworben)\s(?:als|zum|zur)|\bals)\s{_TITLE}"
            r"(?=\s?(?:\(|/|\*|[.,;:!?\n]|bei\b|in\b|beworben|und\b|zu\b|haben\b|hat\b|$))",
            0.72,
        ),
        (rf"(?i:\bfür\s(?:die|unsere|eine)\s(?:stelle|position)\s(?:als\s)?){_TITLE}{_STOP}", 0.8),
    ],
    "fr": [
        (rf"(?i:\b(?:poste|offre|emploi|stage|fonction)\s(?:de\s|d['’]|en\stant\sque\s)){_ANY_TITLE}{_STOP}", 0.8),
        (rf"(?i:\b(?:poste|offre)\s?:?\s?){_QUOTED}", 0.85),
    ],
    "es": [
        (rf"(?i:\b(?:puesto|vacante|posición|cargo|oferta)\s(?:de|como)\s){_ANY_TITLE}{_STOP}", 0.8),
        (rf"(?i:\b(?:puesto|vacante|posición|oferta)\s?:?\s?){_QUOTED}", 0.85),
    ],
    "nl": [
        (rf"(?i:\b(?:functie|rol|vacature|positie)\s(?:van|als|voor)\s){_ANY_TITLE}{_STOP}", 0.8),
        (
            r"(?i:\b(?:gesolliciteerd|sollicitatie)\s(?:op\sde\s(?:functie|vacature)|als"
            rf"|(?:voor|naar)\sde\sfunctie)(?:\svan)?\s){_ANY_TITLE}{_STOP}",
            0.78,
        ),
    ],
    "sv": [(rf"(?i:\b(?:tjänsten|rollen|jobbet|tjänst|roll|positionen)\ssom\s){_ANY_TITLE}{_STOP}", 0.85)],
    "pt": [
        (rf"(?i:\b(?:vaga|posição|cargo|função|oportunidade)\s(?:de|para|como)\s){_ANY_TITLE}{_STOP}", 0.8),
    ],
    "it": [
        (
            r"(?i:\b(?:posizione|ruolo|figura|candidatura\scome|posto)\s(?:di\s|da\s|come\s)?)"
            rf"{_ANY_TITLE}{_STOP}",
            0.75,
        )
    ],
}
ROLE_IN_SUBJECT = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i:\b(?:application|applying|applied|apply|interview|candidacy)\s(?:for|as)"
        rf"(?:\s(?:(?:the\s)?(?:position|role)\sof|the|our|an?))?)\s{_ANY_TITLE}{_STOP}",
        rf"(?i:\b(?:position|role|post)\s(?:of|as))\s{_ANY_TITLE}{_STOP}",
        rf"(?i:\bbewerbung\s(?:als|für\sdie\s(?:stelle|position)(?:\sals)?|zum|zur))\s{_ANY_TITLE}{_STOP}",
        rf"(?i:\b(?:poste|candidature)\s(?:de\s|d['’]|au\sposte\sde\s|au\sposte\sd['’])){_ANY_TITLE}{_STOP}",
        r"(?i:\b(?:puesto|vacante|vaga|posición|cargo|posizione|ruolo|posição)\s(?:de|di|como|come|para)\s)"
        rf"{_ANY_TITLE}{_STOP}",
        rf"(?i:\b(?:sollicitatie|functie|vacature)\s(?:als|van|voor)\s){_ANY_TITLE}{_STOP}",
        rf"(?i:\b(?:tjänsten|ansökan|rollen)\s(?:som|till\stjänsten\ssom)\s){_ANY_TITLE}{_STOP}",
        r"(?i:(?:application|bewerbung|candidature|candidatura|sollicitatie|ansökan)"
        r"(?:\s(?:update|status|received|to\s[^-–—:|]{2,40}))?)"
        r"\s?(?:[-–—:|])\s?(?P<role>[^\n|]{2,90}?)(?=\s*(?:$|\||\sat\s|\sbei\s))",
        rf"^(?:(?i:re|aw|sv):\s?)?(?P<role>[{_UPPER}][^\n|:]{{2,60}}?)\s(?i:at|bei|chez|en|bij|hos)\s[{_UPPER}]",
        r"^(?:(?i:re|aw|sv):\s?)?(?P<role>[^\n|:]{2,70}?)\s(?i:position|role|vacancy|opening)\b",
    )
)
GENDER = re.compile(
    r"(?i)[(\[]\s?[mwfhdxgivn*a](?:\s?[/|,.·-]\s?[mwfhdxgivn*a](?:ll)?){1,4}\s?[)\]]"
    r"|[(\[](?:all\sgenders?|gn|mensch|divers)[)\]]|\b[mfwh]/[mfwhdx](?:/[dxinw]v?)?\b"
)
NUMBERS = re.compile(
    r"(?i)[(\[#]?\s?\b(?:ref(?:erence)?|req(?:uisition)?|job|id|jr|r|nr|no|kennziffer|réf)?\.?\s?(?:id|no|nr|number)?"
    r"[\s.:#_-]{0,2}(?:[a-z]{1,4}[-_])?\d{3,12}(?:[-/_]\d{1,8}){0,2}\s?[)\]]?"
)
DASH = re.compile(r"\s+[-–—|]\s+|\s*[–—|]\s+")
TITLE_WORD = re.compile(
    r"(?i)engineer|develop|manager|analyst|designer|scientist|lead|architect|consult|backend|frontend|platform|full"
    r"|stack|data|software|product|sales|market|entwickl|ingenieur|leiter|specialist|assistant|research|team|growth"
    r"|cloud|mobile|web|security|support|finance"
)
ROLE_EDGE = re.compile(
    r"(?i)^(?:the|our|an?|position|role|of|für|als|die|der|das|de|du|la|le|el|een|de\sfunctie|van|som|our\sopen|open"
    r"|vacant)\s+(?=\S)|\s+(?:position|role|vacancy|opening|job|at|with|in|bei|en|de|for)$|[(\[][^)\]]*$"
)
NO_ROLE = re.compile(
    r"(?i)\b(?:you|your|we|our|us|has|have|been|was|is|are|will|sie|ihr|ihre|ihnen|wir|uns|haben|nicht|vous|votre|nous"
    r"|avons|nuestr[oa]|hemos|wij|jouw|onze|hebben|du|din|vår|nosso|abbiamo|which|that|this|these|who|another|other"
    r"|further|interest|application|applications|bewerbung|candidature|candidatura|update|received|thank|thanks|person"
    r"|part|team\smember|next|same|future|similar|right|new|following|employment|job|work|it|office|change|invitation|interview|news|reply|question)\b|https?:|@|\b(?:the|and|of|to|a)$"
)

# ---- a reference number

REQUISITION = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)\b(?:req(?:uisition)?|job|vacancy|posting|position|stellen|vacature|ref(?:erence)?|referenz"
        r"|réf(?:érence)?|referencia|referência|riferimento|rif|referens|kennziffer|ausschreibung)"
        r"[-\s]?(?:id|no|nr|number|nummer|code|n°|req)?\s?[.:#-]{0,2}\s{0,2}#?"
        r"(?P<number>[a-z]{0,6}[-_/]?\d[\w/-]{2,20})\b",
        r"(?P<number>\b(?:JR|REQ|R|ID|J|SF|P)[-_]?\d{3,10}(?:-\d{1,6})?)\b",
        r"(?<!\w)#(?P<number>\d{4,10})\b",
    )
)

# ---- a person

_GENERIC = (
    r"(?:careers?|karriere|carrières?|carreiras?|empleos?|empleo|jobs?|recruit(?:ing|ment|er|ers)?|rekrytering"
    r"|recrutement|recrutamento|reclutamiento|werving|ausbildung|bewerb(?:ung|ungen|ermanagement)"
    r"|talent(?:\sacquisition)?|talento|acquisition|hiring|people|culture|hr|h\.r\.|rh|human\sresources"
    r"|personal(?:abteilung|wesen)?|personnel|ressources\shumaines|recursos\shumanos|selección|selezione|selection"
    r"|team|équipe|equipo|equipe|equipa|staff|department|dept|section|office|desk|center|centre|bot|operations|ops"
    r"|no-?\s?reply|do\snot\sreply|noreply|notifications?|applications?|appointments?|candidates?"
    r"|candidate\sexperience|support|info|mail(?:er)?|the|das|die|der|l'|&|and|und|et|from|at|by|bei|for|your|updates?"
    r"|services?|system|portal|online|hello|contact|admissions|alerts?|newsletter|vagas|jobba\shos|jobb|internal|mobility|interne?|stellenbörse|legal|sourcer|lavora\scon\snoi|mi)"
)
GENERIC = re.compile(rf"(?i){_GENERIC}(?:[\s&-]+{_GENERIC})*")
GENERIC_TAIL = re.compile(rf"(?i)(?:[\s|@:,·•–—-]+{_GENERIC})+$")
GENERIC_HEAD = re.compile(rf"(?i)^(?:{_GENERIC}[\s|@:,·•–—-]+)+")
ROLE_MAILBOX = re.compile(
    r"^(?:jobs?|careers?|karriere|hr|rh|recruit(?:ing|ment|er|ers)?|talent\w*|hiring|people|bewerb\w*|info|team|hello|hi"
    r"|contact|kontakt|office|support|help|personal\w*|hrm?|apply|applications?|admin|service|mail|post|news|newsletter"
    r"|marketing|sales|notifications?|alerts?|updates?|reply|candidates?|recrutement|recrutamento|emploi|empleo"
    r"|seleccion|selezione|rrhh|werving|vacatures|jobb|rekrytering|lavoro|vagas|invitations?|messages?|noreply"
    r"|accounts?|billing|system|robot|bot|postmaster|mailer\S*|bounces?\S*|do-?not-?reply|no-?reply)(?:[-_.+\d]\S*)?$"
    r"|(?:^|[._+-])(?:jobs|careers|no-?reply|notifications?|recruiting|recruitment|talent|hr|team)(?:[._+-]|$)"
    r"|[0-9a-f]{12,}|\+"
)
FIRST_LAST = re.compile(r"[^\W\d_]{2,20}[._-][^\W\d_]{2,25}")
_ONE_NAME = rf"[{_UPPER}][^\W\d_]*(?:['’-][{_UPPER}]?[^\W\d_]+)?\.?"
PERSON = re.compile(
    rf"(?:(?:Dr|Prof|Mr|Mrs|Ms|Herr|Frau|Mme)\.?\s)?{_ONE_NAME}"
    rf"(?:\s(?:(?:van|von|de|der|den|da|dos|di|del|la|le|el|bin|al|zu|af|ten|ter)\s){{0,2}}{_ONE_NAME}){{0,3}}"
)
CLOSING = re.compile(
    r"(?im)^[ \t]*(?:(?:with\s)?(?:(?:kind|best|warm|warmest|many|sincere)\s)?(?:regards|wishes|thanks)"
    r"|all\sthe\sbest|best|cheers|sincerely|yours(?:\s\w+)?|thanks|take\scare|warmly|thank\syou"
    r"|(?:mit\s)?(?:freundliche|beste|viele|liebe|herzliche|schöne)[nm]?\s(?:grü(?:ß|ss)en?|gru(?:ß|ss))"
    r"|(?:bien\s)?cordialement|bien\sà\svous|sincères\ssalutations|(?:un\s)?(?:cordial\s)?saludos?(?:\scordial(?:es)?)?"
    r"|atentamente|un\sabrazo|(?:met\s)?(?:vriendelijke|hartelijke)\sgroet(?:en)?|groet(?:en|jes)?"
    r"|(?:med\s)?(?:vänliga|bästa|varma)\shälsningar|mvh|hälsningar|(?:com\sos\smelhores\s)?cumprimentos"
    r"|atenciosamente|abraços?|(?:cordiali|distinti|cari)\ssaluti|un\ssaluto|a\spresto)[ \t]*[,.!]?[ \t\r]*(?:\n|$)"
)

# ---- addressed to the applicant; feedback

YOUR_APPLICATION = re.compile(
    r"(?i)\b(?:your\s(?:application|candidacy|interest\sin|interview|cv|r[ée]sum[ée])"
    r"|you(?:'ve|\shave)?\s(?:applied|interviewed)|ihre\s?r?\s?bewerbung|deine\s?r?\s?bewerbung|votre\scandidature"
    r"|(?:tu|su)\scandidatura|(?:je|jouw|uw)\ssollicitatie|din\sansökan|(?:sua|a\stua)\scandidatura"
    r"|la\s(?:sua|tua)\scandidatura)"
)
FEEDBACK = re.compile(
    r"feedback|rückmeldung|retour|terugkoppeling|återkoppling|devolutiva|riscontro|comentarios|retroalimentación"
)
GIVE = re.compile(
    r"giv|provid|offer|shar|send|able|individual|detail|geben|mitteil|einzel|fourni|donner|apport|individu|\bdar\b"
    r"|ofrec|facilitar|geven|lämna|\bge\b|fornec|oferec|enviar|fornire|\bdare\b|inviare"
)
GLADLY = re.compile(
    r"happy|glad|pleas|welcome|offer|feel\sfree|reach\sout|let\s(?:me|us)\sknow|drop\sme|if\syou(?:'d|\swould)\slike"
    r"|gern|freu|melde|volontiers|n'hésite|heureux|encantad|gustos|dispuest|graag|laat|gärna|hör\sav|prazer|disposição"
    r"|felici|volentieri|lieti"
)


def _names(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


NO_COMPANY = _names(
    "us our the team you your this that it company position role job jobs career careers future monday tuesday",
    "wednesday thursday friday saturday sunday january february march april may june july august september october",
    "november december montag dienstag mittwoch donnerstag freitag zoom teams googlemeet phone video all time least",
    "which i we hr english german french spanish ihnen ihrer interesse zukunft rahmen bedarf fragen suche moment total",
    "person general full progress europe germany france spain portugal italy sweden netherlands uk usa berlin london",
    "paris madrid lisbon amsterdam stockholm münchen munich hamburg remote hybrid senior junior no yes my",
)
ATS_NAMES = _names(
    "greenhouse lever workday myworkday ashby ashbyhq smartrecruiters teamtailor personio workable icims taleo",
    "successfactors jobvite bamboohr recruitee breezy breezyhr jazzhr rippling pinpoint softgarden rexx rexxsystems",
    "umantis onlyfy jobylon varbi welcometothejungle gem fountain paylocity ukg ultipro dayforce eightfold avature",
    "phenom cornerstone brassring hackerrank codility testgorilla hirevue karat linkedin indeed xing stepstone",
    "glassdoor monster ziprecruiter infojobs hired otta wellfound angellist dice reed totaljobs workatastartup",
    "join joincom bullhorn comeet homerun factorial kenexa oraclecloud talentsoft flatchr beetween gupy catho",
)
_MAY_BE_EMPLOYERS = _names("join reed fountain gem pinpoint rippling dice monster hired phenom cornerstone karat")
ATS_DOMAINS = (ATS_NAMES - _MAY_BE_EMPLOYERS) | _names(
    "greenhouse-mail myworkdayjobs workdaymail teamtailor-mail workablemail applytojob talent-soft hrmdirect",
    "sendgrid mailgun amazonses mandrillapp silkroad applicantstack recruitingbypaycor dayforcehcm trakstar lumesse",
)
FREE_MAIL = _names(
    "gmail googlemail outlook hotmail live msn yahoo ymail icloud me mac aol gmx web t-online freenet posteo mailbox",
    "proton protonmail pm fastmail orange wanadoo free laposte sfr libero virgilio tiscali ziggo kpnmail telia zoho",
    "yandex mail uol bol terra",
)
SECOND_LEVEL = _names("co com org net ac gov edu ltd plc nom")
