"""Tell which language a mail is written in, or that it is none of those Onward reads.

Counts small words and telling letters. Neighbours Onward does not read (Danish, Norwegian, Catalan, Polish …) are
counted too, so that a mail in one of them is theirs instead of passing for a relative's.
"""

from __future__ import annotations

import re

from onward.core.model import LANGUAGES

READ = 500  # characters; a language shows early
ENOUGH = 0.08  # share of small words, of all words, in any honest text
CLEAR = 1.25  # how far ahead of the next language the first must be


def detect(text: str) -> str | None:
    """The ISO 639-1 code of the language, or None: another language, or too little to tell."""
    if text.isascii():
        found = _WORD.findall(text[:READ].lower())
        letters: dict[str, float] = {}
    else:
        sample = text[:READ].lower()
        if _mostly_other_script(sample):
            return None
        found = _WORD.findall(sample.replace("’", "'"))
        letters = _letters(sample)
    scores = letters
    for word in found:
        for language, weight in _SMALL_WORDS.get(word, ()):
            scores[language] = scores.get(language, 0.0) + weight
    return _winner(scores, len(found))


def hints_at_application(text: str) -> bool:
    """Whether a text holds a word by which other languages speak of applying for a job."""
    lower = text[:READ].lower()
    return any(stem in lower for stem in _APPLICATION)


def _winner(scores: dict[str, float], words: int) -> str | None:
    """The first language, where it is far enough ahead and common enough in the text."""
    if not scores:
        return None
    first = max(scores, key=scores.__getitem__)
    second = max((score for language, score in scores.items() if language != first), default=0.0)
    least = 0.5 if words <= 3 else 0.8 if words <= 8 else ENOUGH * min(words, 60)
    if first not in LANGUAGES or scores[first] < least or scores[first] < CLEAR * second:
        return None
    return first


def _mostly_other_script(sample: str) -> bool:
    others = len(_OTHER_SCRIPT.findall(sample))
    return others * 4 > len(sample)


def _letters(sample: str) -> dict[str, float]:
    """What letters alone say: each counts as a small word, at most six times."""
    scores: dict[str, float] = {}
    for letters, languages in _LETTERS:
        count = min(sum(map(sample.count, letters)), 6)
        if count:
            for language in languages:
                scores[language] = scores.get(language, 0.0) + count * 0.6
    return scores


def _table(lists: dict[str, str]) -> dict[str, tuple[tuple[str, float], ...]]:
    """Word -> the languages that use it, each with a smaller weight the more share it."""
    owners: dict[str, list[str]] = {}
    for language, small_words in lists.items():
        for word in small_words.split():
            owners.setdefault(word, []).append(language)
    return {
        word: tuple((language, 1.0 / len(languages)) for language in languages) for word, languages in owners.items()
    }


# Danish, Norwegian, Polish, Czech, Finnish, Turkish, Hungarian, Romanian, Catalan, Greek, Russian, Ukrainian, Japanese,
# Chinese, Korean, Indonesian: a mail in them is asked about, never read.
_APPLICATION = (
    "ansøgning", "jobansøg", "søknad", "aplikacj", "rekrutacj", "kandydat", "výběrové řízení", "pohovor", "uchazeč",
    "hakemu", "työhak", "rekrytoin", "başvuru", "aday", "mülakat", "jelentkezés", "jelölt", "állásinterjú", "aplicare",
    "recrutare", "candidați", "candidatur", "αίτησ", "υποψηφ", "вакансі", "ваканси", "резюме", "кандидат", "応募",
    "選考", "採用", "应聘", "应征", "職缺", "求职", "지원", "채용", "lamaran", "pelamar",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+'?")
_OTHER_SCRIPT = re.compile("[\u0370-\u1fff\u2e80-\ud7ff\uf900-\ufaff]")
_LETTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ß", ("de",)),
    ("ñ¿¡", ("es",)),
    ("ãõ", ("pt",)),
    ("œ", ("fr",)),
    ("êû", ("fr", "pt")),
    ("ìò", ("it",)),
    ("øæ", ("da", "no")),
    ("å", ("sv", "da", "no")),
    ("äö", ("sv", "de", "fi")),
    ("ü", ("de", "tr", "hu")),
    ("łążśćęń", ("pl",)),
    ("ışğ", ("tr",)),
    ("őű", ("hu",)),
    ("ěřůčž", ("cs",)),
    ("țăș", ("ro",)),
    ("ŀ", ("ca",)),
)
_SMALL_WORDS = _table(
    {
        "en": (
            "the and of to you your we is are was were have has had that this with for not but our will be been "
            "would from they it i my me if as an by which their there who what when after before more very much "
            "thank thanks hi hello dear sorry regards best please could can did so just us at on application "
            "unfortunately position a or new all see one two any other than only over out up get should don't "
            "here too no never how he she its good know today looking something found still"
        ),
        "de": (
            "der die das und nicht ist sind wir sie ihre ihr ihnen mit für auf ein eine einen einem einer zu von "
            "dass wie haben hat wird werden im den dem des auch bei uns unsere leider vielen dank herr frau sehr "
            "geehrte hallo liebe lieber ich du dir dich mich noch aber oder wenn kann können nach über durch "
            "freundlichen grüße grüßen bewerbung zum zur als an in um so war es"
        ),
        "fr": (
            "le la les des et est pas vous nous votre notre nos vos pour dans une un du que qui avec sur ce cette "
            "ces avons avez sont été être au aux plus par bonjour madame monsieur cordialement merci mais ou je "
            "j' l' d' n' qu' c' s' de en se si candidature ont ai bien très suis tu il elle ils elles on demain "
            "peut quand a c'est as chez ton ta tes mon ma mes rien temps fait malheureusement"
        ),
        "es": (
            "el la los las y de que en un una por para con su sus no es se lo le les del al como más pero nos ha "
            "hemos usted nuestro nuestra este esta estos gracias hola estimado estimada saludos muy ya si también "
            "sido te tu mi candidatura hasta cuando sobre proceso saludo lamentamos sábado domingo lunes ahora "
            "hoy mañana tengo otra otro siento quiere aquí donde"
        ),
        "nl": (
            "de het een en van is niet dat wij we je jij jouw u uw ons onze voor met op aan zijn hebben heeft bij "
            "te er om ook maar als nog naar wel wat deze dit door helaas bedankt beste groet groeten vriendelijke "
            "ik hebt kunnen kan was in over zou worden wordt geen sollicitatie"
        ),
        "sv": (
            "och att det som är inte vi du din ditt dina för med på av en ett den har till om oss vår vårt våra "
            "jag dig hej tack hälsningar vänliga eller men kan från var så också när tyvärr ansökan tjänsten "
            "mycket inom under ni er kommer hos efter blev fick hade varit bli blir någon något alla bara här där "
            "nu kunde skulle tackar"
        ),
        "pt": (
            "o a os as e de que em um uma por para com não se do da dos das no na nos nas ao mais mas você sua "
            "seu suas seus nosso nossa obrigado obrigada olá prezado prezada atenciosamente foi são está como "
            "muito já também pelo pela vaga candidatura temos este esta isso eu é outro outra bom dia senhores às "
            "até infelizmente hoje amanhã aqui será entraremos"
        ),
        "it": (
            "il lo la i gli le e di che in un una per con non si del della dei delle al alla ai nel nella da dal "
            "è sono ha abbiamo suo sua nostro nostra grazie gentile buongiorno salve cordiali saluti ma come "
            "anche più questo questa ti tuo tua ciao purtroppo molto siamo stato stata ci vi candidatura "
            "posizione sabato domani oggi ora perché dove tempo mio mia fa tutto tutti"
        ),
        "da": (
            "og at det som er ikke vi du din dit dine for med på af en et den har til om os vores jeg dig hej tak "
            "hilsen venlig eller men kan fra var så også når desværre ansøgning stillingen meget efter blev hvor"
        ),
        "no": (
            "og at det som er ikke vi du din ditt dine for med på av en et den har til om oss vår vårt jeg deg "
            "hei takk hilsen vennlig eller men kan fra var så også når dessverre søknad stillingen mye etter ble "
            "hvor"
        ),
        "ca": (
            "els les i una per amb és més però ens hem vostè nostre aquest aquesta gràcies salutacions molt també "
            "teva et dels altres"
        ),
        "ro": (
            "și si de la în in cu nu este sunt pentru care pe din un o mai dar vă noastră mulțumim bună ziua ați "
            "fost dumneavoastră"
        ),
        "pl": "i w nie na z się że do to jest za o dziękujemy pana pani po od oraz dla jak czy ale są być był przez",
        "cs": "a v na je se že to s pro o do jsme za by ale jako vám děkujeme jsou",
        "fi": (
            "ja on ei että se hän me te kiitos olet olemme valitettavasti hei mutta myös kun joka ovat oli tai "
            "sinun hakemus terveisin paljon kuin tämä"
        ),
        "tr": (
            "ve bir bu için ile değil çok da de ne olarak teşekkür ederiz size başvurunuz ancak merhaba sayın daha olan"
        ),
        "hu": "a az és nem hogy is egy van meg köszönjük de ez vagy önnek volt",
        "id": "yang dan di untuk dengan tidak ini itu kami anda dari pada adalah akan terima kasih",
        "lat": "lorem ipsum dolor sit amet consectetur",
    }
)
