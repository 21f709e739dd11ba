"""Homes for flow tests; every server they start is stopped at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.home import Home
from onward.demo.server import EmbeddedServer, Quirks


@pytest.fixture
def make_home(tmp_path: Path) -> Iterator[Callable[..., Home]]:
    """make_home(name, quirks, **settings) -> a Home beside an embedded server of its own."""
    servers: list[EmbeddedServer] = []

    def make(name: str = "home", quirks: Quirks | None = None, **settings: object) -> Home:
        server = EmbeddedServer(users={"sam": "secret"}, quirks=quirks or Quirks())
        server.start()
        servers.append(server)
        return Home(tmp_path / name, server, **settings)  # type: ignore[arg-type]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def home(make_home: Callable[..., Home]) -> Home:
    """One home, nothing special about it."""
    return make_home()
