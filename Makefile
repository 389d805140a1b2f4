# Every target makes what it needs in .venv, once for each change of pyproject.toml.
# The newest Python of 3.13, 3.12 and 3.11 that starts; or say which: make demo PYTHON=/path
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import ensurepip, venv' 2>/dev/null && echo $$p && break; done)
BIN = .venv/bin

.PHONY: demo test check unit live bench

demo: .venv/demo
	$(BIN)/sluicegate demo

# `make --jobs=2 test` checks types beside the unit tests.
test: check unit
	$(MAKE) live

check: .venv/all
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

unit: .venv/all
	$(BIN)/pytest tests/unit

# On brokers, stores and processes of their own: these want the machine for themselves.
live: .venv/all
	$(BIN)/pytest tests/contracts tests/integration tests/e2e

bench: .venv/all
	$(BIN)/python -m bench

.venv/demo: EXTRAS = cpu,embedded
.venv/all: EXTRAS = cpu,embedded,grpc,train,dev
.venv/demo .venv/all: pyproject.toml | $(BIN)/python
	@echo "installing sluicegate[$(EXTRAS)] into .venv"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]' || \
	{ echo 'pip failed, see above: it needs a package index, and wheels for this machine' >&2; exit 1; }
	@touch $@

$(BIN)/python:
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	{ echo 'sluicegate needs Python 3.11, 3.12 or 3.13 with its venv module (on Debian:' \
	'apt-get install python3-venv); found: $(or $(PYTHON),none)' >&2; exit 1; }
	@$(PYTHON) -m venv .venv
