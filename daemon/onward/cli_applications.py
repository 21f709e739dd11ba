"""The command line of applications: where each stands, and what the person changes by hand.

Translates and never decides: every act is one call of `ledger`, every listing one read of the store.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import getaddresses
from typing import TYPE_CHECKING, Any

import click

from onward import screen
from onward.core.model import Refused
from onward.setting import KEY, Setting, at, json_option, now, nudge, pass_setting

if TYPE_CHECKING:
    from onward.core.model import Address, Application
    from onward.edges.store import Store

EVENTS = (  # what may be noted by hand, in the order in which it happens
    *("applied", "acknowledged", "screen", "assessment", "interview", "final", "offer", "update"),
    *("rejection", "withdrawn", "silent", "reopened"),
)
SOURCES = {
    "from": "wrote to you",
    "reply-to": "named for answers",
    "cc": "was copied",
    "signature": "signed a mail",
    "calendar": "stands in an invitation",
    "text": "is named in a mail",
    "your mail": "you wrote to them",
    "you": "you noted them",
}
application_id = click.argument("id", metavar="ID", type=int)
on_option = click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), help="The day it happened, like 2026-11-22; today without it."
)


@click.group(invoke_without_command=True)
@click.option("--open", "only_open", is_flag=True, help="Only those that are not closed.")
@json_option
@pass_setting
@click.pass_context
def applications(context: click.Context, setting: Setting, only_open: bool, as_json: bool) -> None:
    """Where each stands; add, change, merge, split, note.

    Without a command: all of them, the latest news first. Every change can be taken back:
    onward applications undo
    """
    if context.invoked_subcommand is None:
        list_applications(setting, only_open, as_json)


def list_applications(setting: Setting, only_open: bool, as_json: bool) -> None:
    """Every application in a line."""
    with setting.store() as store:
        found = [application_json(each) for each in store.applications() if not (only_open and each.closed)]
    found.sort(key=lambda each: each["last_event_at"] or "", reverse=True)
    if as_json:
        screen.as_json(found)
        return
    if not found:
        screen.say("No applications yet. They appear as mails about them arrive.")
        screen.next_commands(("Add one by hand", 'onward applications add --company "Acme" --role "Baker"'))
        nudge(setting)
        return
    rows = [
        (
            str(each["id"]),
            each["company"] or people_words(each["people"]),
            each["role"] or "–",
            each["stage"],
            each["state"],
            each["last_event"],
            setting.day(at(each["last_event_at"])) if each["last_event_at"] else "",
        )
        for each in found
    ]
    heads = ("ID", "Company", "Role", "Stage", "State", "News", "On")
    screen.table(heads, rows, give=("Company", "Role"), drop=("News", "Stage", "On"))
    screen.say()
    screen.next_commands(("One of them", f"onward applications show {found[0]['id']}"))


def application_json(one: Application) -> dict[str, Any]:
    """One application as it stands in --json."""
    return {
        "id": one.id,
        "company": one.company,
        "role": one.role,
        "requisition": one.requisition,
        "stage": one.stage.value,
        "state": "closed" if one.ended == "rejection" else one.state,
        "last_event": one.last,
        "last_event_at": one.heard_at.isoformat() if one.heard_at else None,
        "message": one.closed_by,
        "people": [{"name": each.name, "address": each.email, "role": each.role} for each in one.people],
    }


def people_words(people: list[dict[str, str]]) -> str:
    """Who wrote, where no mail names the company."""
    return f"({people[0]['name'] or people[0]['address']})" if people else "(not named)"


@applications.command("show")
@application_id
@json_option
@pass_setting
def show(setting: Setting, id: int, as_json: bool) -> None:
    """One application: what happened, who is behind it, your notes, your letters."""
    with setting.store() as store:
        found = whole_json(store, id)
    if as_json:
        screen.as_json(found)
        return
    screen.fields(
        [
            ("Company", screen.line(found["company"] or "(not named)")),
            ("Role", screen.line(found["role"] or "(not named)")),
            *([("Number", screen.line(found["requisition"]))] if found["requisition"] else []),
            ("Stands at", f"{found['stage']}, {found['state']}"),
        ]
    )
    show_part("What happened", [event_words(setting, each) for each in found["events"]])
    show_part("Who is behind it", [person_words(each) for each in found["people"]])
    show_part("What came back", [feedback_words(each) for each in found["feedback"]])
    show_part("Your notes", [note_words(setting, each) for each in found["notes"]])
    show_part(
        "Your letters", [f"{each['id']}  {each['kind'].replace('_', ' ')}, {each['state']}" for each in found["drafts"]]
    )
    screen.say()
    screen.next_commands(
        ("Write a note", f"onward applications note {id} TEXT"),
        ("Something happened", f"onward applications happened {id} interview"),
        ("A mail is wrong here", f"onward applications assign KEY {'new' if len(found['events']) > 1 else 'ID'}"),
    )


def show_part(title: str, rows: list[str]) -> None:
    """A list under its title; nothing where it is empty."""
    if rows:
        screen.say()
        screen.say(title)
        for row in rows:
            screen.say(row, indent="  ")


def whole_json(store: Store, id: int) -> dict[str, Any]:
    """One application with all that belongs to it, as it stands in --json."""
    one = store.get_application(id)
    people = store.people([id]).get(id, [])
    return application_json(one) | {
        "people": [
            {"name": each.name, "address": each.email, "role": each.role, "evidence": SOURCES[each.where]}
            for each in people
        ],
        "events": store.rows(
            """SELECT kind, event.at, message_key AS message, subject, by_hand FROM event
               LEFT JOIN message ON key = message_key WHERE application_id = :id AND revoked_at IS NULL
               ORDER BY event.at, event.id""",
            id=id,
        ),
        "notes": store.rows(
            "SELECT kind, text, asked, stumped, present, at FROM note WHERE application_id = :id ORDER BY at, id", id=id
        ),
        "feedback": feedback_json(store, id),
        "drafts": store.rows("SELECT id, kind, state FROM draft WHERE application_id = :id ORDER BY id", id=id),
    }


def feedback_json(store: Store, application: int | None = None) -> list[dict[str, Any]]:
    """What came of asking for feedback, the latest first, of one application or all."""
    rows = store.rows(
        """SELECT feedback.id, feedback.kind, words, point, themes, feedback.at, message_key AS message, application_id,
             COALESCE(company, '') AS company, COALESCE(role, '') AS role
           FROM feedback LEFT JOIN application ON application.id = application_id
           WHERE :id IS NULL OR application_id = :id ORDER BY feedback.at DESC, feedback.id DESC""",
        id=application,
    )
    return [row | {"themes": json.loads(row["themes"])} for row in rows]


def event_words(setting: Setting, event: dict[str, Any]) -> str:
    """'12 Nov  interview  Your visit on Tuesday (3fa94c21)'."""
    mail = f"{screen.GAP}{screen.line(event['subject'])} ({event['message'][:KEY]})" if event["message"] else ""
    return f"{setting.day(at(event['at']))}{screen.GAP}{event['kind']}{mail}"


def person_words(person: dict[str, str]) -> str:
    """'Mara Lindqvist, Head of Data <mara@harbour.example>: wrote to you'."""
    named = ", ".join(part for part in (person["name"], person["role"]) if part)
    address = f"<{person['address']}>" if person["address"] else ""
    return screen.line(f"{' '.join(part for part in (named, address) if part)}: {person['evidence']}")


def feedback_words(heard: dict[str, Any]) -> str:
    """What an answer says, in a line."""
    said = {
        "given": "feedback",
        "refused": "they give no feedback",
        "vague": "kind words",
        "reopens": "it may go on",
        "away": "out of office",
        "bounce": "your letter came back",
        "silence": "no answer",
    }[heard["kind"]]
    about = f" ({', '.join(each.replace('_', ' and ') for each in heard['themes'])})" if heard["themes"] else ""
    return said + about + (f": “{screen.line(heard['point'])}”" if heard["point"] else "")


def note_words(setting: Setting, note: dict[str, str]) -> str:
    """A note with what was asked, what was hard and who was there."""
    parts = [
        note["text"],
        *(f"{name}: {note[column]}" for name, column in NOTE_PARTS if note[column]),
    ]
    return f"{setting.day(at(note['at']))}{screen.GAP}{screen.line('; '.join(part for part in parts if part))}"


NOTE_PARTS = (("asked", "asked"), ("hard", "stumped"), ("there", "present"))


# --- changes by hand ---------------------------------------------------------------------------------------


@applications.command("add")
@click.option("--company", default="", help="Where you applied.")
@click.option("--role", default="", help="As what.")
@click.option("--event", type=click.Choice(EVENTS), default="applied", show_default=True, help="How far it has come.")
@on_option
@pass_setting
def add(setting: Setting, company: str, role: str, event: str, on: datetime | None) -> None:
    """Add an application that no mail has told of."""
    from onward import ledger

    with setting.store() as store:
        id = ledger.add(store, company, role, event, day(on), now())
    said(f"Added as application {id}.", ("See it", f"onward applications show {id}"))


@applications.command("edit")
@application_id
@click.option("--company", help="Another company.")
@click.option("--role", help="Another role.")
@click.option("--number", help="The employer's number for the position.")
@pass_setting
def edit(setting: Setting, id: int, company: str | None, role: str | None, number: str | None) -> None:
    """Change company, role or number."""
    from onward import ledger

    values = {"company": company, "role": role, "requisition": number}
    with setting.store() as store:
        ledger.edit(store, id, now(), **{name: value for name, value in values.items() if value is not None})
    said(f"Application {id} is changed.", ("See it", f"onward applications show {id}"))


@applications.command("happened")
@application_id
@click.argument("event", type=click.Choice(EVENTS))
@on_option
@pass_setting
def happened(setting: Setting, id: int, event: str, on: datetime | None) -> None:
    """Note what no mail tells of: an interview by phone, a no by phone, silence.

    EVENT is applied, acknowledged, screen, assessment, interview, final, offer, update, rejection, withdrawn, silent or
    reopened. After a rejection, a letter is written on your word: onward drafts write ID --to ADDRESS
    """
    from onward import ledger

    with setting.store() as store:
        ledger.add_event(store, id, event, day(on), now())
    said(f"Noted for application {id}: {event}.", ("See it", f"onward applications show {id}"))


@applications.command("merge")
@application_id
@click.argument("other", metavar="OTHER", type=int)
@pass_setting
def merge(setting: Setting, id: int, other: int) -> None:
    """OTHER is the same application as ID: one is left, with all their mails."""
    from onward import ledger
    from onward.core import tracker

    with setting.store() as store:
        one = ledger.merge(store, id, other, now())
    said(f"They are one: {tracker.named_of(one)}.", ("See it", f"onward applications show {id}"))


@applications.command("split")
@application_id
@click.argument("keys", metavar="KEY…", nargs=-1, required=True)
@pass_setting
def split(setting: Setting, id: int, keys: tuple[str, ...]) -> None:
    """These mails are about an application of their own.

    KEY is shown by `onward applications show`; its beginning is enough.
    """
    from onward import ledger

    with setting.store() as store:
        new = ledger.split(store, id, keys, now())
    said(f"{screen.count(len(keys), 'mail')} went to application {new}.", ("See it", f"onward applications show {new}"))


@applications.command("assign")
@click.argument("key", metavar="KEY")
@click.argument("to", metavar="ID|new")
@pass_setting
def assign(setting: Setting, key: str, to: str) -> None:
    """A mail belongs to another application, or to a new one."""
    from onward import ledger

    if not to.isdecimal() and to != "new":
        raise click.UsageError("say to which application, by its number, or new: onward applications assign KEY new")
    with setting.store() as store:
        id = ledger.assign(store, key, int(to) if to != "new" else None, now())
    said(f"The mail belongs to application {id} now.", ("See it", f"onward applications show {id}"))


@applications.command("person")
@application_id
@click.argument("who", metavar="ADDRESS")
@click.option("--role", default="", help="What they do there.")
@pass_setting
def person(setting: Setting, id: int, who: str, role: str) -> None:
    """Note somebody behind it: "Mara Lindqvist <mara@harbour.example>"."""
    from onward import ledger

    with setting.store() as store:
        ledger.add_person(store, id, address_in(who), role, now())
    said("Noted.", ("See it", f"onward applications show {id}"))


@applications.command("note")
@application_id
@click.argument("text", nargs=-1)
@click.option("--interview", is_flag=True, help="It is about an interview.")
@click.option("--asked", default="", help="What they asked.")
@click.option("--stumped", default="", help="What was hard to answer.")
@click.option("--present", default="", help="Who was there.")
@pass_setting
def note(
    setting: Setting, id: int, text: tuple[str, ...], interview: bool, asked: str, stumped: str, present: str
) -> None:
    """Write a note; of an interview what was asked, what was hard and who was there.

    \b
    onward applications note 3 Ring back in March
    onward applications note 3 --asked "Why us?" --stumped "window functions" --present "Mara, Ines"
    """
    from onward import ledger

    interview = interview or bool(asked or stumped or present)
    with setting.store() as store:
        ledger.add_note(
            store, id, now(), " ".join(text), interview=interview, asked=asked, stumped=stumped, present=present
        )
    said("Written down.", ("See it", f"onward applications show {id}"))


@applications.command("wait")
@application_id
@pass_setting
def wait(setting: Setting, id: int) -> None:
    """It is quiet: give it some more time."""
    from onward import ledger

    with setting.store() as store:
        ledger.wait(store, id, now())
    days = setting.config.policy.quiet_after.days
    said(f"Then it waits. If no word comes within {screen.count(days, 'day')}, it is asked about once more.")


@applications.command("changes")
@json_option
@pass_setting
def list_changes(setting: Setting, as_json: bool) -> None:
    """What you changed by hand, the latest first."""
    from onward import ledger

    with setting.store() as store:
        found = ledger.changes(store)
    if as_json:
        screen.as_json(found)
        return
    if not found:
        screen.say("You have changed nothing by hand.")
        return
    rows = [
        (str(each["id"]), setting.short(at(each["at"])), each["words"], "taken back" if each["undone_at"] else "")
        for each in found
    ]
    screen.table(("ID", "When", "What", ""), rows, give=("What",))
    screen.say()
    screen.next_commands(("Take the last one back", "onward applications undo"))


@applications.command("undo")
@click.argument("change", metavar="[ID]", type=int, required=False)
@pass_setting
def undo(setting: Setting, change: int | None) -> None:
    """Take back a change by hand: the last one, or the one of this number."""
    from onward import ledger

    with setting.store() as store:
        words = ledger.undo(store, change, now())
    screen.say(f"Taken back: {screen.line(words)}.")
    screen.next_commands(("What you changed", "onward applications changes"))


def said(words: str, *commands: tuple[str, str]) -> None:
    """What was done, where to see it, and how to take it back."""
    screen.say(screen.line(words))
    screen.next_commands(*commands, ("Take it back", "onward applications undo"))


def day(on: datetime | None) -> datetime:
    """Noon of the day that was typed, or now. Raises Refused for a day to come."""
    if on is None or on.date() == now().date():
        return now()
    if on.date() > now().date():
        raise Refused("that day is still to come; note it when it has been")
    return on.replace(hour=12, tzinfo=UTC)


def address_in(text: str) -> Address:
    """One address as it was typed. Raises Refused for anything else."""
    from onward.core import mail

    found = mail.addresses(getaddresses([text]))
    if len(found) != 1 or "@" not in found[0].email:
        raise Refused(f'{text!r} is no address; write it like "Mara Lindqvist <mara@harbour.example>"')
    return found[0]
