"""Where a password is read from: five places, of which the configuration names one.

`resolve` checks the wording at once and returns a function; the function reads anew each time it is called,
so a changed password is picked up without a restart. A password never enters an exception: errors that could
carry it (what a command printed, what could not be decoded) are dropped before ours is raised, and a setting
that looks wrong is not repeated, for it may be the password itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from onward.core.model import ConfigError, Temporary

COMMAND_TIMEOUT = 30.0  # seconds; time enough to touch a security key
SECRET_CAP = 64 * 1024  # bytes; a longer file is not a password
KEYRING_SERVICE = "onward"
FORMS = {
    "password_keyring": "password_keyring = true",
    "password_command": 'password_command = ["pass", "show", "mail"]',
    "password_credential": 'password_credential = "imap_password"',
    "password_file": 'password_file = "~/.config/onward/password"',
    "password_env": 'password_env = "ONWARD_PASSWORD"',
}


def resolve(source: Mapping[str, object], account: str) -> Callable[[], str]:
    """The function that reads this account's password. ConfigError: the source is not one of the five.

    The function raises ConfigError where the person must change something, Temporary where time may help.
    """
    named = [name for name in FORMS if source.get(name) not in (None, False)]
    if len(named) != 1:
        raise ConfigError(_choose_one(named, account, inline="password" in source))
    name, value = named[0], source[named[0]]
    if name == "password_keyring":
        return _from_keyring(_text(name, value, account) if value is not True else KEYRING_SERVICE, account)
    if name == "password_command":
        return _from_command(_command(value, account), account)
    text = _text(name, value, account)
    if name == "password_credential":
        return _from_credential(text, account)
    return _from_file(text, account) if name == "password_file" else _from_environment(text, account)


def _choose_one(named: list[str], account: str, inline: bool) -> str:
    if named:
        return f"{account}: {' and '.join(named)} are both set; keep one of them"
    never = "a password is not written into the configuration itself; " if inline else ""
    return f"{account}: {never}say where the password is, in one of these ways:\n  " + "\n  ".join(FORMS.values())


def _text(name: str, value: object, account: str) -> str:
    if isinstance(value, str) and value and value.isprintable():
        return value
    raise ConfigError(f"{account}: {name} is written like this: {FORMS[name]}")


def _command(value: object, account: str) -> list[str]:
    if isinstance(value, (list, tuple)) and value and value[0]:
        words = [word for word in value if isinstance(word, str) and "\0" not in word]
        if len(words) == len(value):
            return words
    raise ConfigError(f"{account}: password_command is a list of words, read by no shell: {FORMS['password_command']}")


# --- the five places ---------------------------------------------------------------------------------------


def _from_environment(name: str, account: str) -> Callable[[], str]:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ConfigError(f"{account}: password_env is the name of a variable: {FORMS['password_env']}")

    def read() -> str:
        if name not in os.environ:
            raise ConfigError(f"{account}: the environment variable {name} is not set")
        return _checked(os.environb[name.encode()], f"${name}", account)

    return read


def _from_file(text: str, account: str) -> Callable[[], str]:
    path = Path(os.path.expanduser(text))  # noqa: PTH111 -- pathlib's raises where there is no home
    if not path.is_absolute():
        raise ConfigError(f"{account}: password_file is a whole path, from / or ~: {FORMS['password_file']}")

    def read() -> str:
        return _checked(_without_newline(_read_private(path, account)), str(path), account)

    return read


def _from_credential(name: str, account: str) -> Callable[[], str]:
    if "/" in name or name in (".", ".."):
        raise ConfigError(f"{account}: password_credential is a name, not a path: {FORMS['password_credential']}")

    def read() -> str:
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise ConfigError(
                f"{account}: password_credential works where systemd starts Onward with "
                f"LoadCredentialEncrypted={name}:…; see systemd/README.md"
            )
        try:
            # No look at owner or mode: systemd made the folder, for this service alone, and may use an ACL.
            raw = Path(directory, name).read_bytes()
        except OSError as error:
            why = error.strerror or "cannot be read"
            raise ConfigError(f"{account}: the systemd credential {name} is not there: {why}") from error
        return _checked(_without_newline(raw), f"the systemd credential {name}", account)

    return read


def _from_command(command: list[str], account: str) -> Callable[[], str]:
    program = command[0]  # the other words may be secret

    def read() -> str:
        problem: ConfigError | Temporary | None = None
        output = b""
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=COMMAND_TIMEOUT,
                check=False,
            )
            output = done.stdout
            if done.returncode != 0:
                problem = Temporary(
                    f"{account}: the password command {program} failed ({done.returncode}); "
                    "run it in a terminal to see why"
                )
        except subprocess.TimeoutExpired:  # holds what the command printed
            problem = Temporary(
                f"{account}: the password command {program} took longer than {COMMAND_TIMEOUT:g} s; "
                "does it ask for something?"
            )
        except OSError as error:
            problem = ConfigError(f"{account}: the password command {program} cannot be run: {error.strerror}")
        if problem is not None:
            raise problem
        return _checked(output.partition(b"\n")[0].removesuffix(b"\r"), f"what {program} prints", account)

    return read


def _from_keyring(service: str, account: str) -> Callable[[], str]:
    def read() -> str:
        try:
            import keyring  # an extra, slow to import: only for those who chose it
            import keyring.errors
        except ImportError as error:
            raise ConfigError(
                f"{account}: password_keyring needs one more package: pip install 'onward-mail[keyring]'"
            ) from error
        problem: ConfigError | Temporary | None = None
        password: str | None = None
        try:
            password = keyring.get_password(service, account)
        except keyring.errors.NoKeyringError:
            problem = ConfigError(
                f"{account}: this machine has no keyring service; use password_command, password_credential "
                "or password_file"
            )
        except keyring.errors.KeyringError as error:
            problem = Temporary(f"{account}: the keyring is locked or does not answer ({type(error).__name__})")
        if problem is not None:
            raise problem
        if password is None:
            raise ConfigError(
                f"{account}: the keyring holds no password for it; put it there with: keyring set {service} {account}"
            )
        return _checked(password.encode("utf-8", "replace"), "the keyring", account)

    return read


# --- reading with care -------------------------------------------------------------------------------------


def _read_private(path: Path, account: str) -> bytes:
    """The bytes of a file that is ours, and ours alone. Not a link, which could be pointed elsewhere."""
    try:
        # O_NONBLOCK: opening a named pipe must not wait for someone to write to it.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        why = "is a link; name the file itself" if error.errno == errno.ELOOP else str(error.strerror)
        raise ConfigError(f"{account}: password_file {path}: {why}") from error
    try:
        problem = _objection(os.fstat(handle), path)
        raw = b"" if problem else os.read(handle, SECRET_CAP)
    except OSError as error:
        raise ConfigError(f"{account}: password_file {path}: {error.strerror}") from error
    finally:
        os.close(handle)
    if problem:
        raise ConfigError(f"{account}: password_file {path} {problem}")
    return raw


def _objection(found: os.stat_result, path: Path) -> str | None:
    if not stat.S_ISREG(found.st_mode):
        return "is not a file"
    if found.st_uid != os.geteuid():
        return "belongs to another user: chown it to your own"
    if found.st_mode & 0o077:
        return f"is open to others: chmod 600 {path}"
    return "is too large to be a password" if found.st_size > SECRET_CAP else None


def _without_newline(raw: bytes) -> bytes:
    """One line end, as an editor or echo leaves it. More than one belongs to no password: see _checked."""
    return raw.removesuffix(b"\n").removesuffix(b"\r")


def _checked(raw: bytes, where: str, account: str) -> str:
    """The password, or why this cannot be one. The decoding error carries the bytes, so it goes first."""
    text: str | None = None
    with contextlib.suppress(UnicodeDecodeError):
        text = raw.decode("utf-8")
    if not text:
        what = "is empty" if text == "" else "is not UTF-8 text"
        raise ConfigError(f"{account}: the password from {where} {what}")
    if any(sign in text for sign in "\r\n\0"):
        raise ConfigError(f"{account}: the password from {where} is more than one line")
    return text
