"""What a person corrects is learned: the next mail of the kind is read as they said, and nothing else changes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from onward.core.model import ConfigError, Label, Message
from onward_classifiers import learn
from onward_classifiers.labelled import as_message
from onward_classifiers.score import Classifier, personal_path


def mail(sender: str, subject: str, body: str, **more: object) -> Message:
    return as_message({"from": sender, "subject": subject, "body": body, **more})


# (kind, the person's label, the mail they corrected, the next one of the kind)
KINDS: list[tuple[str, Label, Message, Message]] = [
    (
        "a portal that speaks in codes",
        Label.REJECTION,
        mail("Stadtportal <post@stadtportal.example>", "Vorgang 4411: Status 7", "Ihr Vorgang 4411 hat den Status 7."),
        mail("Stadtportal <post@stadtportal.example>", "Vorgang 5120: Status 7", "Ihr Vorgang 5120 hat den Status 7."),
    ),
    (
        "an agency's light heart",
        Label.REJECTION,
        mail("Mo at Beeline <mo@beeline.example>", "Orchid Group", "Orchid have found their bloom! On to the next."),
        mail(
            "Mo at Beeline <mo@beeline.example>", "Fenwick Ltd", "Fenwick have found their bloom! On to the next one."
        ),
    ),
    (
        "a theatre's call board",
        Label.REJECTION,
        mail(
            "Old Mill Theatre <call@oldmill.example>", "Call board", "The board for The Seagull is up. Yours is blank."
        ),
        mail(
            "Old Mill Theatre <call@oldmill.example>", "Call board", "The board for Uncle Vanya is up. Yours is blank."
        ),
    ),
    (
        "a course one thought was a job",
        Label.OTHER,
        mail(
            "Night School <office@nightschool.example>",
            "Pottery",
            "We could not offer you a place in Pottery this term.",
        ),
        mail(
            "Night School <office@nightschool.example>",
            "Weaving",
            "We could not offer you a place in Weaving this term.",
        ),
    ),
    (
        "a club's waiting list",
        Label.OTHER,
        mail(
            "Rowing Club <sec@rowing.example>", "Membership", "The committee did not select you as a member this year."
        ),
        mail("Rowing Club <sec@rowing.example>", "Crew", "The committee did not select you for the crew this year."),
    ),
    (
        "a flat hunt",
        Label.OTHER,
        mail(
            "Lettings <lets@keyhouse.example>", "14 Elm Road", "Your application was unsuccessful; another was chosen."
        ),
        mail(
            "Lettings <lets@keyhouse.example>", "2 Oak Lane", "Your application was unsuccessful; another was chosen."
        ),
    ),
    (
        "a first talk that calls itself coffee",
        Label.INTERVIEW,
        mail("Ines <ines@terrace.example>", "coffee?", "Table by the window, Thursday at four, bring your questions."),
        mail("Ines <ines@terrace.example>", "coffee!", "Table by the window, Monday at two, bring your questions."),
    ),
    (
        "a robot's puzzle",
        Label.ASSESSMENT,
        mail(
            "Gridlock <play@gridlock.example>",
            "Level 1 unlocked",
            "Your board is ready. Beat it before Sunday midnight.",
        ),
        mail(
            "Gridlock <play@gridlock.example>",
            "Level 2 unlocked",
            "Your board is ready. Beat it before Friday midnight.",
        ),
    ),
    (
        "a receipt with a number",
        Label.ACKNOWLEDGEMENT,
        mail("Kanton <dienste@kanton.example>", "Beleg 88", "Beleg 88 wurde im Fach Personal abgelegt."),
        mail("Kanton <dienste@kanton.example>", "Beleg 97", "Beleg 97 wurde im Fach Personal abgelegt."),
    ),
    (
        "a long silence with a word in between",
        Label.STATUS_UPDATE,
        mail("Havel AG <team@havel.example>", "Noch da", "Wir sind noch da, die Mühlen mahlen, Geduld."),
        mail("Havel AG <team@havel.example>", "Immer noch da", "Wir sind immer noch da, die Mühlen mahlen, Geduld."),
    ),
    (
        "a handshake by mail",
        Label.OFFER,
        mail("Rob <rob@hedgerow.example>", "spade", "There's a spade with your name on it from the first of March."),
        mail("Rob <rob@hedgerow.example>", "boots", "There's a locker with your name on it from the first of May."),
    ),
    (
        "a scout's hello",
        Label.RECRUITER_OUTREACH,
        mail(
            "Scout <hi@talentscout.example>", "psst", "Saw your page. A harbour town, a big crane, good money. Curious?"
        ),
        mail(
            "Scout <hi@talentscout.example>",
            "psst",
            "Saw your page. A mountain town, a cable car, good money. Curious?",
        ),
    ),
    (
        "a list of ships",
        Label.JOB_ALERT,
        mail(
            "Crewboard <list@crewboard.example>",
            "Berths today",
            "MV Alma: cook. MV Berta: second mate. SS Cora: oiler.",
        ),
        mail(
            "Crewboard <list@crewboard.example>", "Berths today", "MV Dora: oiler. MV Emma: cook. SS Frieda: steward."
        ),
    ),
    (
        "an answer to why",
        Label.FEEDBACK_REPLY,
        mail(
            "Dr. Amadi <amadi@clinic.example>",
            "Re: why",
            "You asked. The knots were slow, the hands steady.",
            in_thread=True,
        ),
        mail(
            "Dr. Amadi <amadi@clinic.example>",
            "Re: why",
            "You asked. The notes were thin, the eyes sharp.",
            in_thread=True,
        ),
    ),
    (
        "one's own step back",
        Label.WITHDRAWAL,
        mail("Portal <p@bewerb.example>", "Akte geschlossen", "Akte 12 wurde auf Wunsch der Person geschlossen."),
        mail("Portal <p@bewerb.example>", "Akte geschlossen", "Akte 31 wurde auf Wunsch der Person geschlossen."),
    ),
    (
        "a newsletter on being turned down",
        Label.OTHER,
        mail(
            "Onwards & Up <n@upward.example>",
            "You were not selected",
            "This week: what to do after 'we chose another'.",
        ),
        mail(
            "Onwards & Up <n@upward.example>", "They went with someone else", "This week: what to do after a second no."
        ),
    ),
    (
        "a broker who closes searches",
        Label.REJECTION,
        mail("Lund & Falk <kontor@lundfalk.example>", "Uppdrag 7", "Uppdrag 7 är i hamn, vi tackar för sällskapet."),
        mail("Lund & Falk <kontor@lundfalk.example>", "Uppdrag 9", "Uppdrag 9 är i hamn, vi tackar för sällskapet."),
    ),
    (
        "a chef of few words",
        Label.REJECTION,
        mail("Chef Paulo <paulo@tasca.example>", "cozinha", "A cozinha já cheira a outra pessoa. Abraço."),
        mail("Chef Paulo <paulo@tasca.example>", "cozinha", "A sala já cheira a outra pessoa. Abraço."),
    ),
    (
        "a tender office",
        Label.REJECTION,
        mail("Ufficio Gare <gare@comune.example>", "Gara 3", "La gara 3 si chiude con altra ditta in graduatoria."),
        mail("Ufficio Gare <gare@comune.example>", "Gara 8", "La gara 8 si chiude con altra ditta in graduatoria."),
    ),
    (
        "a gallery's postcard",
        Label.REJECTION,
        mail(
            "Galerie Brun <mot@brun.example>",
            "Carte",
            "Le mur du printemps est complet, vos bleus voyageront ailleurs.",
        ),
        mail(
            "Galerie Brun <mot@brun.example>", "Carte", "Le mur d'automne est complet, vos verts voyageront ailleurs."
        ),
    ),
]


@pytest.fixture(scope="module")
def lesson() -> learn.Lesson:
    return learn.Lesson()


def test_there_are_twenty_kinds() -> None:
    assert len({kind for kind, *_ in KINDS}) == 20


@pytest.mark.parametrize(("kind", "label", "corrected", "following"), KINDS, ids=[kind for kind, *_ in KINDS])
def test_one_correction_changes_the_next_mail_of_its_kind_and_no_shipped_example(
    kind: str, label: Label, corrected: Message, following: Message, lesson: learn.Lesson
) -> None:
    personal, reason = lesson.learn([(corrected, label)])
    assert personal is not None, reason
    assert Classifier(lesson.shipped.weights, personal).predict(following).label is label
    assert lesson.mistakes(personal) <= lesson.mistakes(None)


def test_twenty_corrections_at_once_are_all_followed(lesson: learn.Lesson) -> None:
    personal, reason = lesson.learn([(corrected, label) for _, label, corrected, _ in KINDS])
    assert personal is not None, reason
    taught = Classifier(lesson.shipped.weights, personal)
    followed = [taught.predict(following).label is label for _, label, _, following in KINDS]
    assert sum(followed) >= 19
    assert lesson.mistakes(personal) <= lesson.mistakes(None)


def test_mail_of_no_corrected_kind_is_read_as_before(lesson: learn.Lesson) -> None:
    _, label, corrected, _ = KINDS[0]
    personal, _ = lesson.learn([(corrected, label)])
    taught = Classifier(lesson.shipped.weights, personal)
    other = mail("Ann <ann@acme.example>", "Lunch", "Shall we meet at noon by the fountain?")
    assert taught.predict(other).probabilities == lesson.shipped.predict(other).probabilities


def test_learning_happens_in_another_process_and_is_taken_up_without_a_restart(tmp_path: Path) -> None:
    _, label, corrected, following = KINDS[1]
    classifier = Classifier.load(home=tmp_path)
    before = classifier.version
    learned = learn.learn(tmp_path, [(corrected, label)])
    assert learned.promoted, learned.reason
    assert learned.corrections == 1
    assert learned.seconds < 30
    classifier.refresh()
    assert classifier.version == f"{before}+{learned.model}"
    assert classifier.predict(following).label is label
    assert json.loads(personal_path(tmp_path).read_text())["learned_from"] == {corrected.key: label.value}


def test_a_changed_mind_leaves_no_trace(lesson: learn.Lesson) -> None:
    _, label, corrected, following = KINDS[3]
    once, _ = lesson.learn([(corrected, Label.REJECTION)])
    again, _ = lesson.learn([(corrected, label)])
    never, _ = lesson.learn([(replace(corrected, text=corrected.text), label)])
    assert once is not None and again is not None and never is not None
    assert again.rows == never.rows
    assert Classifier(lesson.shipped.weights, again).predict(following).label is label


def test_forgetting_returns_to_the_shipped_model(tmp_path: Path) -> None:
    personal_path(tmp_path).write_text("anything")
    assert learn.forget(tmp_path)
    assert not learn.forget(tmp_path)
    assert Classifier.load(home=tmp_path).personal is None


def test_a_model_that_would_misread_shipped_examples_is_not_taken(
    lesson: learn.Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, label, corrected, _ = KINDS[0]
    monkeypatch.setattr(lesson, "mistakes", lambda personal: 0 if personal is None else 1)
    personal, reason = lesson.learn([(corrected, label)])
    assert personal is None
    assert "misread more" in reason


def test_a_layer_for_other_weights_does_not_count(tmp_path: Path, lesson: learn.Lesson) -> None:
    _, label, corrected, _ = KINDS[0]
    personal, _ = lesson.learn([(corrected, label)])
    assert personal is not None
    learn._write(tmp_path, replace(personal, base="readings-0-other"))
    assert Classifier.load(home=tmp_path).personal is None


def test_a_layer_that_was_changed_by_hand_is_refused(tmp_path: Path, lesson: learn.Lesson) -> None:
    _, label, corrected, _ = KINDS[0]
    personal, _ = lesson.learn([(corrected, label)])
    assert personal is not None
    learn._write(tmp_path, personal)
    path = personal_path(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"from:", b"FROM:", 1))
    with pytest.raises(ConfigError, match="onward learn --forget"):
        Classifier.load(home=tmp_path)
