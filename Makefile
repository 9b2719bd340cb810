# Two commands do everything on a fresh machine: `make demo` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORKERS ?= auto

.PHONY: help install demo demo-check serve test check test-long bench bench-quick bench-growth acceptance docs shots lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/bin/python:
	@bash scripts/need.sh venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: requirements/base.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/base.txt
	$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.base
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

install: $(VENV)/.base ## make the virtual environment with the product in it

demo: $(VENV)/.base ## play the whole story in the terminal
	$(BIN)/bailee demo

demo-check: $(VENV)/.base ## the same story, not interactive; writes build/demo.json
	@mkdir -p build
	$(BIN)/bailee demo --check --out build/demo.json

serve: $(VENV)/.base ## the console (not in this version)
	@echo "This version has no console yet: use the command line, $(BIN)/bailee --help" >&2; exit 1

check: $(VENV)/.dev ## formatting, lints, types, floors, documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/ast-grep test --skip-snapshot-tests
	$(BIN)/ast-grep scan --error
	$(BIN)/cog --check -P $$(git ls-files 'docs/*.md' README.md)
	$(BIN)/sphinx-build -n -W -q docs build/docs

test: $(VENV)/.dev ## install what the tests need, and run them
	@bash scripts/need.sh tests
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not long"

test-long: $(VENV)/.dev ## the long runs too; a skipped test fails
	@bash scripts/need.sh tests
	$(BIN)/python -m pytest -q -n $(WORKERS)

acceptance: $(VENV)/.dev ## which acceptance checks are proved (AREA=vault for one area)
	@bash scripts/need.sh tests
	$(BIN)/python -m tests.acceptance $(AREA)

bench: $(VENV)/.dev ## every benchmark with its peers (AREA=ledger for one area)
	$(BIN)/python -m bench all $(AREA)

bench-quick: $(VENV)/.dev ## the hot paths against their floors, two minutes
	$(BIN)/python -m bench quick $(AREA)

bench-growth: $(VENV)/.dev ## how cost grows with size
	$(BIN)/python -m bench growth $(AREA)

docs: $(VENV)/.dev ## build the documentation
	$(BIN)/cog -r -P $$(git ls-files 'docs/*.md' README.md)
	$(BIN)/sphinx-build -n -W -q docs build/docs
	@echo "build/docs/index.html"

shots: $(VENV)/.dev ## screenshots of the console (not in this version)
	@echo "This version has no console to photograph yet." >&2; exit 1

lock: $(VENV)/.dev ## renew the locked versions; a release younger than a week is not taken
	bash scripts/lock.sh

clean: ## remove what the targets made
	rm -rf build $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
