"""What the sender wrote is told apart from what is quoted, passed on, signed or legal."""

import time

import pytest

from onward_classifiers.labelled import as_message
from onward_classifiers.naming import extract
from onward_classifiers.score import Classifier
from onward_classifiers.text import Prepared, prepare


def prepared(body: str, subject: str = "") -> Prepared:
    return prepare(as_message({"from": "Ann <ann@acme.example>", "subject": subject, "body": body}))


QUOTED = "Unfortunately we chose another candidate."


@pytest.mark.parametrize(
    "introduction",
    [
        "On Mon, 4 May 2026 at 10:12, Ben Lee <ben@acme.example> wrote:",
        "On Mon, 4 May 2026 at 10:12,\nBen Lee <ben@acme.example> wrote:",
        "Am 04.05.2026 um 10:12 schrieb Ben Lee <ben@acme.example>:",
        "Le lun. 4 mai 2026 à 10:12, Ben Lee <ben@acme.example> a écrit :",
        "El lun, 4 may 2026 a las 10:12, Ben Lee (<ben@acme.example>) escribió:",
        "Op ma 4 mei 2026 om 10:12 schreef Ben Lee <ben@acme.example>:",
        "Den mån 4 maj 2026 kl 10:12 skrev Ben Lee <ben@acme.example>:",
        "Em seg., 4 de mai. de 2026 às 10:12, Ben Lee <ben@acme.example> escreveu:",
        "Il giorno lun 4 mag 2026 alle ore 10:12 Ben Lee <ben@acme.example> ha scritto:",
        "-----Original Message-----",
        "From: Ben Lee <ben@acme.example>\nSent: Monday, 4 May 2026 10:12\nTo: Ann\nSubject: Your application\n",
        "Von: Ben Lee <ben@acme.example>\nGesendet: Montag, 4. Mai 2026 10:12\nAn: Ann\nBetreff: Bewerbung\n",
    ],
)
def test_an_earlier_mail_below_the_answer_is_not_the_senders_words(introduction: str) -> None:
    own = prepared(f"Thanks, see you on Friday.\n\n{introduction}\n{QUOTED}\n")
    assert own.own_text.strip() == "Thanks, see you on Friday."
    assert own.quoted


def test_an_answer_below_or_between_quoted_lines_is_kept() -> None:
    own = prepared("On Monday Ben wrote:\n> Are you free?\n> On Friday?\n\nYes, Friday is fine.\n> Where?\nAt ours.")
    assert "Yes, Friday is fine." in own.own_text
    assert "At ours." in own.own_text
    assert "Are you free" not in own.own_text


@pytest.mark.parametrize("subject", ["Fwd: Your application", "WG: Bewerbung", "TR: candidature", "Fw: news"])
def test_a_mail_passed_on_is_noted_and_only_the_words_above_it_count(subject: str) -> None:
    own = prepared(f"Look at this!\n\nFrom: HR\nTo: Ann\nSubject: Application\n\n{QUOTED}", subject)
    assert own.forwarded
    assert own.own_text.strip() == "Look at this!"


def test_a_forward_without_a_telling_subject_is_noted_by_its_line() -> None:
    own = prepared(f"Hm.\n\n---------- Forwarded message ---------\nFrom: HR <hr@acme.example>\n\n{QUOTED}")
    assert own.forwarded
    assert QUOTED not in own.own_text


def test_signature_and_legal_footer_are_left_out() -> None:
    own = prepared(
        "Dear Sam,\n\nthe role has been filled.\n\nAnn\n\n"
        "This e-mail is confidential and intended only for the person it was sent to."
    )
    assert "confidential" not in own.own_text
    signed = prepared("See you soon.\n-- \nAnn Lee\nUnfortunately Ltd")
    assert signed.own_text.strip() == "See you soon."


def test_a_mail_without_any_quotation_is_kept_whole() -> None:
    body = "Dear Sam,\n\nwe wrote to you: the offer stands.\n\nAnn"
    assert prepared(body).own_text == body


def test_sentences_stand_in_the_text_where_their_spans_say() -> None:
    body = "Hi Sam,\nthank you for coming in last week to meet the\nwhole team. We chose somebody else!\n\nBest\nAnn\n"
    sentences = list(prepared(body).sentences())
    assert [sentence.text for sentence in sentences] == [
        "Hi Sam,",
        "thank you for coming in last week to meet the\nwhole team.",
        "We chose somebody else!",
        "Best",
        "Ann",
    ]
    assert all(body[one.span.start : one.span.end] == one.text for one in sentences)


HOSTILE = {
    "one letter": "a",
    "spaces": " ",
    "line breaks": "\n",
    "carriage returns": "\r\n",
    "quotes": ">",
    "quoted lines": ">\n",
    "dashes": "-",
    "underscores": "_",
    "full stops": ".",
    "question marks": "?!",
    "On On On": "On ",
    "On lines": "On a\n",
    "header lines": "From: a\n",
    "header lines apart": "From: \n\n",
    "wrote": "wrote: ",
    "wrote lines": "On x wrote\n",
    "schrieb lines": "Am x schrieb y\n",
    "Capital Words": "Acme ",
    "capitals": "A",
    "at Acme": "position at Acme ",
    "application for": "application for ",
    "the the": "for the ",
    "quotation marks": "\"“'",
    "addresses": "a@",
    "links": "http://",
    "brackets": "(",
    "digits": "1",
    "job numbers": "Job ID 1-",
    "closings": "Best regards\n",
    "unsubscribe": "unsubscribe\n",
    "this mail": "this e-mail ",
    "Chinese": "中",
    "combining": "e\u0301",
    "soft hyphens": "\u00ad",
    "list": "- a\n",
    "tabs in lines": "\n\t\t\t",
    "rejection": "Unfortunately we will not be moving forward with your application at Acme. ",
    "rejection without end": "unfortunately we will not be moving forward with your application ",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_mail_of_64_kib_costs_no_more_than_a_long_one(unit: str, classifier: Classifier) -> None:
    text = (unit * (65_536 // len(unit) + 1))[:65_536]
    message = as_message({"from": f"{text[:200]} <a@b.example>", "subject": text[:998], "body": text})
    spent = []
    for _ in range(2):
        start = time.perf_counter()
        own = prepare(message)
        prediction = classifier.predict(message)
        extract(message, own, list(own.sentences()))
        spent.append(time.perf_counter() - start)
    assert min(spent) < 0.6  # two full readings, each below 0.3 s
    assert prediction.label
