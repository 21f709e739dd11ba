"""Company, role, number, people, dates and the kind of a no are taken from a mail as it names them, or left open."""

from typing import Any

import pytest

from onward.core.model import Address, Person, Stage
from onward_classifiers.labelled import as_message
from onward_classifiers.language import detect
from onward_classifiers.naming import Named, extract
from onward_classifiers.naming.role import clean_role
from onward_classifiers.text import prepare


def named(body: str = "", subject: str = "", sender: str = "no-reply@jobs.example", **more: Any) -> Named:
    message = as_message({"from": sender, "subject": subject, "body": body})
    for field, value in more.items():
        object.__setattr__(message, field, value)
    own = prepare(message)
    return extract(message, own, list(own.sentences()), detect(own.own_text))


COMPANIES = [
    ("Thank you for applying to Harrow & Pike. We have chosen someone else.", "Harrow & Pike"),
    ("Thank you for your interest in the Data Analyst position at Blue Lantern. Unfortunately we …", "Blue Lantern"),
    ("We appreciate your interest in joining Ostara Health and the time you took.", "Ostara Health"),
    ("vielen Dank für Ihre Bewerbung bei der Kessler Maschinenbau GmbH. Leider haben wir", "Kessler Maschinenbau GmbH"),
    ("Nous vous remercions de votre candidature chez Veloville. Votre profil n'a pas été retenu.", "Veloville"),
    ("Gracias por tu candidatura al puesto de contable en Solaria Norte. Hemos decidido", "Solaria Norte"),
    ("Bedankt voor je sollicitatie op de functie van developer bij Waterkant. Helaas gaan we", "Waterkant"),
    ("Tack för din ansökan till tjänsten som säljare hos Fjärdkraft. Vi har valt en annan", "Fjärdkraft"),
    ("Obrigado pela sua candidatura à vaga de analista na Rio Doce. Não vamos avançar", "Rio Doce"),
    ("Grazie per la tua candidatura alla posizione di grafica presso Officina Sale. Non", "Officina Sale"),
]


@pytest.mark.parametrize(("body", "company"), COMPANIES, ids=[row[1] for row in COMPANIES])
def test_the_company_is_taken_from_the_text(body: str, company: str) -> None:
    found = named(body, sender="no-reply@greenhouse.io").company
    assert found is not None and found.value == company
    assert body[found.span.start : found.span.end] == company


@pytest.mark.parametrize(
    ("sender", "company"),
    [
        ("Marsh Lane Bakery Hiring <no-reply@mail.jobpipe.example>", "Marsh Lane Bakery"),
        ("Ulmer Spedition Karriere <noreply@ulmer.jobpipe.example>", "Ulmer Spedition"),
        ("Marsh Lane via Jobpipe <do-not-reply@jobpipe.example>", "Marsh Lane"),
    ],
)
def test_a_system_on_no_list_is_not_taken_for_the_employer_it_sends_for(sender: str, company: str) -> None:
    found = named("Sent with Jobpipe. Jobpipe Ltd, 1 High Street.", sender=sender).company
    assert found is not None and found.value == company


def test_the_mark_of_an_answer_in_the_subject_is_no_company() -> None:
    sender = "Priya Nair <priya@marshlane.example>"
    found = named("We met on Monday.", subject="Re: Interview: Baker", sender=sender).company
    assert found is None or found.value.casefold() != "re"


@pytest.mark.parametrize(
    ("sender", "company"),
    [
        ("Veltro Careers <no-reply@veltro.example>", "Veltro"),
        ("Veltro via Greenhouse <no-reply@us.greenhouse-mail.io>", "Veltro"),
        ("Anna Keller from Veltro <anna@hire.lever.co>", "Veltro"),
        ("Anna Keller (Veltro) <anna@veltro.example>", "Veltro"),
        ("Talent Team | Veltro <jobs@myworkday.com>", "Veltro"),
        ("Veltro Talent Acquisition <jobs@smartrecruiters.com>", "Veltro"),
    ],
)
def test_the_company_is_taken_from_the_senders_name(sender: str, company: str) -> None:
    found = named("Hello, thank you for your time.", sender=sender).company
    assert found is not None and (found.value, found.where) == (company, "from")


@pytest.mark.parametrize(
    "sender",
    [
        "Greenhouse <no-reply@greenhouse.io>",
        "Workday <veltro@myworkday.com>",
        "Lever Notifications <no-reply@hire.lever.co>",
        "Recruiting Team <jobs@ashbyhq.com>",
        "Anna Keller <anna.keller@gmail.com>",
        "no-reply@us.greenhouse-mail.io",
    ],
)
def test_a_system_for_many_or_a_free_mailbox_is_never_the_company(sender: str) -> None:
    assert named("Hello, thank you for your time.", sender=sender).company is None


def test_a_domain_is_spelt_the_way_the_mail_spells_it() -> None:
    body = "The whole team at Harrow & Pike thanks you."
    found = named(body, sender="Anna Keller <anna@mail.harrowpike.co.uk>").company
    assert found is not None and found.value == "Harrow & Pike"


ROLES = [
    ("Thank you for applying for the Senior Data Engineer position at Veltro.", "Senior Data Engineer"),
    ("You applied for the role of Night Auditor. We have filled it.", "Night Auditor"),
    ("Your application for Warehouse Planner (ref 77120) was not successful.", "Warehouse Planner"),
    ("vielen Dank für Ihre Bewerbung als Konstruktionsingenieur (m/w/d) bei uns.", "Konstruktionsingenieur"),
    ("wir kommen zurück auf die Stelle als Projektleiterin (w/m/d) in Ulm. Leider haben wir", "Projektleiterin"),
    ("Nous avons étudié votre candidature au poste de chargé de projet (H/F) chez nous.", "chargé de projet"),
    ("Gracias por tu interés en el puesto de analista de datos. Hemos elegido", "analista de datos"),
    ("Bedankt voor je sollicitatie op de functie van verpleegkundige bij ons.", "verpleegkundige"),
    ("Tack för din ansökan till tjänsten som projektledare hos oss.", "projektledare"),
    ("Obrigado pela candidatura à vaga de engenheira de software. Não foi selecionada", "engenheira de software"),
    ("Grazie per la candidatura alla posizione di contabile presso la nostra sede.", "contabile"),
]


@pytest.mark.parametrize(("body", "role"), ROLES, ids=[row[1] for row in ROLES])
def test_the_role_is_taken_from_the_text(body: str, role: str) -> None:
    found = named(body).role
    assert found is not None and found.value == role


@pytest.mark.parametrize(
    ("subject", "role"),
    [
        ("Application for Site Engineer", "Site Engineer"),
        ("Ihre Bewerbung als Netzplanerin (m/w/d)", "Netzplanerin"),
        ("Your application: Product Designer – Berlin", "Product Designer"),
        ("Lab Technician at Veltro", "Lab Technician"),
        ("Sous-chef position", "Sous-chef"),
    ],
)
def test_the_role_is_taken_from_the_subject(subject: str, role: str) -> None:
    found = named("Hello.", subject).role
    assert found is not None and (found.value, found.where) == (role, "subject")


@pytest.mark.parametrize(
    ("written", "role"),
    [
        ("Software Engineer (m/f/d)", "Software Engineer"),
        ("Buchhalter (w/m/d) - Hamburg", "Buchhalter"),
        ("Engineer - Platform", "Engineer - Platform"),
        ("Analyst (Req 12345)", "Analyst"),
        ("the Nurse position", "Nurse"),
        ("another role that suits you", ""),
        ("12345", ""),
    ],
)
def test_a_role_is_cleaned_of_what_is_no_title(written: str, role: str) -> None:
    assert clean_role(written) == role


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Your application for Nurse (Req ID: R-20418)", "R-20418"),
        ("Kennziffer 2024-118: Ihre Bewerbung", "2024-118"),
        ("Job ID JR100234", "JR100234"),
        ("réf. AB-4471", "AB-4471"),
    ],
)
def test_the_reference_number_is_found_in_subject_or_text(text: str, number: str) -> None:
    for found in (named(subject=text).requisition, named(text).requisition):
        assert found is not None and found.value == number


@pytest.mark.parametrize(
    ("sender", "contact"),
    [
        ("Anna Keller <anna.keller@veltro.example>", "Anna Keller"),
        ('"Keller, Anna" <a.keller@veltro.example>', "Anna Keller"),
        ("Anna Keller (Veltro) <anna@veltro.example>", "Anna Keller"),
        ("anna.keller@veltro.example", "Anna Keller"),
        ("Zoë Möller <zoe@veltro.example>", "Zoë Möller"),
        ("Dr. Ana de la Cruz <cruz@veltro.example>", "Dr. Ana de la Cruz"),
    ],
)
def test_a_person_who_writes_can_be_written_to(sender: str, contact: str) -> None:
    found = named("Dear Sam, thank you.", sender=sender).contact
    assert found is not None and found.name == contact


@pytest.mark.parametrize(
    "sender",
    [
        "Veltro <no-reply@veltro.example>",
        "Anna Keller <noreply@veltro.example>",
        "Anna Keller <do-not-reply@veltro.example>",
        "Anna Keller <notifications@veltro.example>",
        "Veltro Careers <careers@veltro.example>",
        "Anna Keller <jobs@veltro.example>",
        "HR <hr@veltro.example>",
        "Anna Keller <anna.keller@us.greenhouse-mail.io>",
        "Anna Keller <reply+4f2a9c11@hire.lever.co>",
        "Talent Team <talent@veltro.example>",
        "Bewerbung Kessler <bewerbung@kessler.example>",
    ],
)
def test_an_address_nobody_reads_is_never_a_contact(sender: str) -> None:
    assert named("Dear Sam, thank you.\n\nBest regards,\nAnna Keller", sender=sender).contact is None


def test_the_signature_names_a_person_the_header_does_not() -> None:
    found = named("Hi,\n\nno luck this time.\n\nBest regards,\nAnna Keller\nVeltro", sender="anna@veltro.example")
    assert found.contact == Address("anna@veltro.example", "Anna Keller")


def test_an_answer_goes_where_the_sender_asks_for_it_within_the_same_house() -> None:
    asked = (Address("anna@veltro.example", "Anna Keller"),)
    assert named("Hi.", sender="Veltro <no-reply@veltro.example>", reply_to=asked).contact == asked[0]
    elsewhere = (Address("anna@other.example", "Anna Keller"),)
    assert named("Hi.", sender="Veltro <no-reply@veltro.example>", reply_to=elsewhere).contact is None


@pytest.mark.parametrize(
    ("body", "offered", "refused"),
    [
        ("I would be happy to share some feedback if you like.", True, False),
        ("Unfortunately we are not able to give individual feedback.", False, True),
        ("Gerne gebe ich Ihnen ein Feedback zum Gespräch.", True, False),
        ("Leider können wir kein individuelles Feedback geben.", False, True),
        ("Thank you for your time.", False, False),
    ],
)
def test_feedback_is_noted_when_it_is_offered_or_refused(body: str, offered: bool, refused: bool) -> None:
    found = named(body)
    assert (found.feedback_offered, found.feedback_refused) == (offered, refused)


@pytest.mark.parametrize(
    ("sender", "body", "company"),
    [
        (
            "Hollis Varga <hollis@stonegate-recruitment.example>",
            "Hi Sam,\n\nI spoke to the hiring manager at Cordwain Mills today. They went with someone else.\n\n"
            "Hollis Varga\nStonegate Recruitment",
            "Cordwain Mills",
        ),
        (
            "CodeTrial <no-reply@codetrial.example>",
            "Larkmoor has invited you to a coding test. You have five days.\n\nCodeTrial",
            "Larkmoor",
        ),
    ],
)
def test_an_agency_is_not_taken_for_the_employer_it_names(sender: str, body: str, company: str) -> None:
    found = named(body, sender=sender).company
    assert found is not None and found.value == company


@pytest.mark.parametrize(
    ("body", "company"),
    [
        ("Hi Sam,\n\nwe went with someone local, sorry.\n\nRuth Ansel\nThistledown Bakery", "Thistledown Bakery"),
        ("Hi Sam, we went with someone local, sorry. Ruth, Thistledown Bakery", "Thistledown Bakery"),
        ("Hej Sam,\n\nvi valde en annan.\n\nRuth Ansel | Platschef | Tistelbruk AB", "Tistelbruk AB"),
        ("Sam, es hat leider nicht geklappt.\n\nRuth Ansel\nPersonalleitung\nDistelwerk GmbH", "Distelwerk GmbH"),
    ],
)
def test_the_company_is_taken_from_below_or_behind_the_writers_name(body: str, company: str) -> None:
    found = named(body, sender="Ruth Ansel <ruth.ansel@gmail.com>").company
    assert found is not None and found.value == company
    assert body[found.span.start : found.span.end] == company


@pytest.mark.parametrize(
    ("body", "role"),
    [
        ("Hi Sam, we needed a night baker who can start at three, so it's a no.", "night baker"),
        ("Bonjour, le poste de géologue de réservoir a été pourvu en interne.", "géologue de réservoir"),
        ("Hola, la vacante de auxiliar de almacén ya está cubierta.", "auxiliar de almacén"),
        ("Hoi, je sollicitatie als werkvoorbereider is helaas niet doorgegaan.", "werkvoorbereider"),
        ("Ciao, per la posizione di tecnico di laboratorio abbiamo scelto un'altra persona.", "tecnico di laboratorio"),
        ("Ciao, ci serve un gameplay programmer da gennaio.", "gameplay programmer"),
    ],
)
def test_a_job_is_known_by_its_own_word_wherever_it_stands(body: str, role: str) -> None:
    found = named(body).role
    assert found is not None and found.value == role


def test_the_writers_own_job_is_not_the_job_the_mail_is_about() -> None:
    body = "Hi Sam,\n\nthank you for coming in. We chose someone else.\n\nRuth Ansel\nHead of Operations\nVeltro"
    found = named(body, sender="Ruth Ansel <ruth@veltro.example>").role
    assert found is None or found.value != "Head of Operations"


@pytest.mark.parametrize(
    "text", ["We meet on 12/10/2025 at 14.30.", "Offer: £31,200 from 2026", "Call 40 hours a week", "Covid-19 rules"]
)
def test_a_date_or_a_sum_is_no_reference_number(text: str) -> None:
    assert named(text).requisition is None


def test_the_people_of_a_mail_come_with_role_and_address_and_where_they_were_found() -> None:
    body = (
        "Dear Sam,\n\nyou met Dr. Iris Malm and Tobias Roe on Monday. Both liked you.\n\nBest regards,\nRuth Ansel\n"
        "Talent Manager\nVeltro"
    )
    copied = (Address("j.okoro@veltro.example", "Jude Okoro"), Address("no-reply@veltro.example", "Veltro"))
    people = {one.name: one for one in named(body, sender="Ruth Ansel <ruth@veltro.example>", cc=copied).people}
    assert people["Ruth Ansel"] == Person("Ruth Ansel", "Talent Manager", "ruth@veltro.example", "from")
    assert people["Jude Okoro"] == Person("Jude Okoro", "", "j.okoro@veltro.example", "cc")
    assert people["Dr. Iris Malm"].where == "text"
    assert "Sam" not in people and "Veltro" not in people


def test_a_name_under_the_closing_words_is_a_person_without_an_address() -> None:
    body = "Hello,\n\nno luck this time.\n\nKind regards,\nRuth Ansel\nVeltro"
    people = named(body, sender="Veltro <no-reply@veltro.example>").people
    assert people == (Person("Ruth Ansel", "", "", "signature"),)


@pytest.mark.parametrize(
    ("body", "date"),
    [
        ("Could you come on Friday, 14 March at 9.15?", "Friday, 14 March at 9.15"),
        ("Passt Ihnen Dienstag, 12. Mai, 14:00 Uhr?", "Dienstag, 12. Mai, 14:00 Uhr"),
        ("Le entretien aura lieu le 3 avril à 10h30.", "3 avril à 10h30"),
        ("Tu candidatura se cierra el 31/12/2025.", "31/12/2025"),
        ("You will hear from us within 2 weeks.", "2 weeks"),
    ],
)
def test_days_and_times_are_taken_in_the_mails_own_words(body: str, date: str) -> None:
    found = named(body).dates
    assert [one.value for one in found] == [date]
    assert body[found[0].span.start : found[0].span.end] == date


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("Dear Sam,\n\nThank you for applying. The position has been filled internally.", "filled"),
        ("Hallo Sam,\n\ndie Stelle ist leider schon besetzt.", "filled"),
        ("Bonjour,\n\nle recrutement est annulé pour des raisons budgétaires.", "cancelled"),
        ("Hej Sam,\n\nvi har tyvärr fått anställningsstopp och rekryteringen är pausad tills vidare.", "frozen"),
        ("Dear Sam,\n\nUnfortunately we have decided to move forward with other candidates.", "plain"),
        ("Gentile Sam,\n\npurtroppo abbiamo deciso di proseguire con altri candidati.", "plain"),
    ],
)
def test_the_kind_of_a_no_is_told(body: str, kind: str) -> None:
    found = named(body).kind
    assert found is not None and found.value == kind


def test_a_reason_is_the_words_after_because() -> None:
    body = "Dear Sam,\n\nWe will not go on, because the budget for this post has been cut. All the best."
    found = named(body).reason
    assert found is not None and found.value == "the budget for this post has been cut"
    assert body[found.span.start : found.span.end] == found.value


@pytest.mark.parametrize(
    ("body", "stage"),
    [
        (
            "Thank you for coming to the interview on Monday and for meeting the team. It was good to talk to you. "
            "In the end we chose someone else.",
            Stage.INTERVIEW,
        ),
        (
            "Thank you for your application. We received many applications, and having read yours carefully we will "
            "not invite you to an interview.",
            Stage.APPLIED,
        ),
        ("We have your application, and we are not able to invite you to an interview.", Stage.APPLIED),
    ],
)
def test_the_stage_is_read_from_what_the_mail_speaks_of(body: str, stage: Stage) -> None:
    assert named(body).stage is stage


LANGUAGES = {
    "en": "Thank you for your interest. We have decided to move forward with other candidates.",
    "de": "Vielen Dank für Ihre Bewerbung. Leider haben wir uns für einen anderen Kandidaten entschieden.",
    "fr": "Nous vous remercions de votre candidature. Malheureusement elle n'a pas été retenue.",
    "es": "Gracias por tu interés. Lamentamos decirte que hemos elegido a otra persona para el puesto.",
    "nl": "Bedankt voor je sollicitatie. Helaas hebben we voor een andere kandidaat gekozen.",
    "sv": "Tack för din ansökan. Tyvärr har vi gått vidare med andra sökande till tjänsten.",
    "pt": "Obrigado pelo seu interesse. Infelizmente não vamos avançar com a sua candidatura.",
    "it": "Grazie per il tuo interesse. Purtroppo abbiamo deciso di proseguire con altri candidati.",
}


@pytest.mark.parametrize(("language", "text"), LANGUAGES.items())
def test_each_of_the_eight_languages_is_told(language: str, text: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "Tak for din ansøgning. Vi er desværre gået videre med andre kandidater til stillingen. Venlig hilsen",
        "Takk for søknaden din. Vi har dessverre valgt å gå videre med andre kandidater. Vennlig hilsen",
        "Dziękujemy za aplikację. Niestety zdecydowaliśmy się na innego kandydata.",
        "Kiitos hakemuksestasi. Valitettavasti emme voi tarjota sinulle paikkaa tällä kertaa.",
        "Başvurunuz için teşekkür ederiz. Ne yazık ki başka bir adayla ilerlemeye karar verdik.",
        "この度はご応募いただき、誠にありがとうございました。",
        "Спасибо за ваш отклик. К сожалению, мы выбрали другого кандидата.",
        "",
        "12345 !!!",
    ],
)
def test_any_other_language_is_none(text: str) -> None:
    assert detect(text) is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Sorry, not this time."),
        ("de", "Leider nein, danke."),
        ("fr", "Désolé, c'est non."),
        ("es", "Lo siento mucho."),
    ],
)
def test_a_short_line_is_told_by_its_few_words(language: str, text: str) -> None:
    assert detect(text) == language
