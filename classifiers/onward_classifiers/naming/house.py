"""What a sender's address says about the employer.

The systems that send mail for many employers are known only so that none of them is taken for the employer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from onward.core.model import Message
from onward_classifiers.naming import patterns
from onward_classifiers.naming.spelling import address_letters, as_ascii, begin_alike, spellings


@dataclass(frozen=True, slots=True)
class House:
    """What the sender's address says about the employer."""

    label: str  # the part of the domain its owner chose, letters only; '' where there is none
    words: str  # the same with its hyphens
    own: bool  # no system for many and no free mail
    service: bool  # its name sounds like a service for many
    handles: tuple[str, ...]  # what else an address may say, letters only: its local part and its subdomains

    @classmethod
    def of(cls, message: Message) -> House:
        if message.sender is None:
            return cls("", "", False, False, ())
        address = message.sender.email.lower()
        label = domain_name(address)
        local, _, domain = address.partition("@")
        parts = [local, *domain.split(".")[:-2]]
        own = is_own_domain(address)
        service = patterns.SERVICE.search(label) is not None
        known = parts if service or not own else parts[1:]
        handles = tuple(
            address_letters(part) for part in known if len(part) > 2 and part not in patterns.GENERIC and part != label
        )
        return cls(address_letters(label), label, own and len(label) > 1, service, handles)

    @property
    def kind(self) -> str:
        return "a system" if not self.own else "a service" if self.service else "its own house"

    def may_be(self, word: str) -> bool:
        """Whether a word begins as the domain does: a cheap first look."""
        return as_ascii(word[:3]) == self.label[:3]

    def title(self) -> str:
        return self.words.replace("-", " ").title()

    def fit(self, key: str, value: str) -> int:
        """How well a name fits the domain: the number of one of FITS."""
        return max([fit_of(form, self.label, value) for form in spellings(key)]) if self.own else 0

    def signs_of_fit(self, fit: int, writer: str) -> str:
        """How well a name fits, by who writes or by what the sender's business is."""
        if not self.own:
            return "a system for many"
        if self.service:
            return f"{FITS[fit]} of a service"
        return f"{FITS[fit]}, {writer}" if fit in _BY_WRITER else FITS[fit]

    def names(self, key: str) -> bool:
        """Whether the rest of the address begins as a name does."""
        return any(begin_alike(form, handle) for handle in self.handles for form in spellings(key))


FITS = (
    "no fit",
    "initials",
    "a word of the domain",
    "all words in the domain",
    "begins like the domain",
    "is the domain",
)
_BY_WRITER = frozenset({0, 4, 5})


def fit_of(plain: str, label: str, value: str) -> int:
    """How well a name fits a domain: the number of one of FITS."""
    if plain == label:
        return 5
    if begin_alike(plain, label):
        return 4
    parts = [address_letters(word) for word in value.lower().split() if len(word) > 2]
    long = [part for part in parts if len(part) > 3]
    if long and all(part in label for part in long):
        return 3
    if any(part in label for part in long):
        return 2
    initials = "".join(word[0] for word in as_ascii(value.lower()).split() if word not in patterns.JOINING)
    return 1 if len(initials) > 1 and label.startswith(initials) else 0


@lru_cache(maxsize=1_024)
def domain_name(address: str) -> str:
    """The part of a domain its owner chose: 'mail.acme.co.uk' is 'acme'."""
    parts = address.rpartition("@")[2].lower().rstrip(".").split(".")
    if len(parts) < 2:
        return ""
    short = len(parts) > 2 and ((len(parts[-1]) == 2 and parts[-2] in patterns.SECOND_LEVEL) or parts[-2] == "example")
    return parts[-3] if short else parts[-2]


def organisation(address: str) -> str:
    """The registered domain of an address."""
    domain = address.rpartition("@")[2].lower().rstrip(".")
    name = domain_name(address)
    return domain[domain.rfind(name) :] if name else domain


@lru_cache(maxsize=1_024)
def is_own_domain(address: str) -> bool:
    """Whether a domain belongs to an employer: no applicant tracking system, no free mail."""
    domain = address.rpartition("@")[2].lower()
    return domain_name(address) not in patterns.FREE_MAIL and not is_system(domain)


def is_system(domain: str) -> bool:
    return any(part in patterns.ATS_DOMAINS for label in domain.split(".") for part in (label, label.partition("-")[0]))
