# Two commands do all the set-up: `make demo` and `make test`.
PY ?= python3
RUN := .venv/bin/python

.PHONY: help setup demo test check bench soak lock evaluate

help:  ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: .venv/.done  ## the virtual environment, from the hash-locked list

.venv/.done: pyproject.toml requirements.lock
	@echo "setting up .venv (a minute or less)"
	@$(PY) -m venv .venv 2>/dev/null || $(PY) -m venv --without-pip --clear .venv
	@$(PY) -m pip --python .venv/bin/python install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip --python .venv/bin/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/.done  ## the main job on an embedded mailbox, no account needed
	@.venv/bin/onward demo

test: .venv/.done check  ## everything that must hold, real servers included where they are installed
	@$(RUN) -m pytest

check: .venv/.done  ## types, style
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

bench: .venv/.done  ## the figures of docs/figures.md, on a real Dovecot
	@$(RUN) tests/bench.py all

soak: .venv/.done  ## 500 lives ended by SIGKILL, and 400 days in six time zones
	@$(RUN) tests/soak.py

evaluate: .venv/.done  ## how good the classifier is on mail written to judge it; ARGS=--wrong lists what it misread
	@$(RUN) -m onward_classifiers.evaluate $(ARGS)

lock: .venv/.done  ## write requirements.lock anew (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --group dev pyproject.toml -o requirements.lock
