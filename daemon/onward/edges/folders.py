"""What folders are called, on servers and on disk, and which of them plays which role.

Pure; shared by every kind of mailbox. Attributes (RFC 6154) outrank names; what the person configured
outranks both, and is looked at before anyone asks here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from onward.core.model import Hint
from onward.edges import Role

Listed = tuple[Sequence[bytes], bytes | None, str]  # attributes, delimiter, name: one line of a LIST

NAMES: dict[Role, tuple[str, ...]] = {
    "drafts": (
        *("drafts", "draft", "entwürfe", "brouillons", "brouillon", "borradores", "concepten", "utkast"),
        *("rascunhos", "bozze", "koncepty", "kladder", "luonnokset", "wersje robocze", "kopie robocze"),
        *("szkice", "черновики", "下書き", "草稿箱", "草稿"),
    ),
    "sent": (
        *("sent", "sent items", "sent mail", "sent-mail", "sent messages"),
        *("gesendet", "gesendete elemente", "gesendete objekte", "gesendete nachrichten"),
        *("éléments envoyés", "messages envoyés", "envoyés", "enviados", "elementos enviados", "verzonden"),
        *("verzonden items", "verzonden berichten", "skickat", "skickade", "skickade objekt"),
        *("itens enviados", "posta inviata", "inviata", "inviati", "odeslané", "sendt", "lähetetyt"),
        *("wysłane", "elementy wysłane", "отправленные", "送信済み", "已发送"),
    ),
    "trash": (
        *("trash", "deleted items", "deleted messages", "bin", "papierkorb", "gelöschte elemente", "gelöschte objekte"),
        *("corbeille", "éléments supprimés", "papelera", "elementos eliminados", "prullenbak", "verwijderde items"),
        *("papperskorg", "borttaget", "lixo", "lixeira", "itens excluídos", "cestino", "posta eliminata", "koš"),
        *("papirkurv", "roskakori", "kosz", "корзина", "ゴミ箱", "已删除"),
    ),
    "inbox": ("inbox",),
}
PARENT = "Onward"
TEACHING: dict[Hint, tuple[str, str]] = {  # what a folder says of the mails in it, and its path
    Hint.REJECTION: (PARENT, "Rejection"),
    Hint.NO_REJECTION: (PARENT, "Not a rejection"),
}
_ATTRIBUTES: dict[Role, str] = {"drafts": "\\drafts", "sent": "\\sent", "trash": "\\trash"}


def find_role(role: Role, listed: Iterable[Listed]) -> str | None:
    """The folder for a role: by attribute in any case, else by usual name.

    Of several folders of the same name the one nearest to the top is meant.
    """
    usable = _usable(listed)
    for flags, _, name in usable:
        if _ATTRIBUTES.get(role) in flags:
            return name
    usable.sort(key=lambda each: each[2].count(each[1]) if each[1] else 0)
    for wanted in NAMES[role]:
        for _, delimiter, name in usable:
            last = name.rpartition(delimiter)[2] if delimiter else name
            if _plain(last) == wanted:
                return name
    return None


def find_hints(listed: Iterable[Listed]) -> dict[str, Hint]:
    """The folders for teaching, by name; below INBOX where the server keeps every folder there."""
    paths = {}
    for _, delimiter, name in _usable(listed):
        parts = tuple(name.split(delimiter)) if delimiter else (name,)
        paths[name] = parts[1:] if parts[0].upper() == "INBOX" else parts
    return {name: hint for hint, wanted in TEACHING.items() for name, path in paths.items() if path == wanted}


def find_all(listed: Iterable[Listed]) -> list[str]:
    """Every folder that can hold mail."""
    return [name for _, _, name in _usable(listed)]


def no_such_role(role: Role) -> str:
    """What to tell the person when nothing plays `role`."""
    return f'no {role.capitalize()} folder found; name it in the configuration: folders.{role} = "…"'


def _usable(listed: Iterable[Listed]) -> list[tuple[set[str], str, str]]:
    """Those that can hold mail: attributes in lower case, delimiter ('': none), name."""
    usable = [
        ({flag.decode("ascii", "replace").lower() for flag in flags}, (delimiter or b"").decode("latin-1"), name)
        for flags, delimiter, name in listed
    ]
    return [each for each in usable if not each[0] & {"\\noselect", "\\nonexistent"}]


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().lower()
