# Everything is installed from here: a fresh clone needs Python 3.11+, make and the Debian packages
# that `make test` names (it installs them itself when run as root).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.run-installed
DEV_STAMP := $(VENV)/.dev-installed
BENCHES := $(basename $(notdir $(filter-out %/__init__.py %/load.py,$(wildcard tests/bench/*.py))))
PURE := tests/scaler tests/laws tests/forecasting tests/architecture tests/controlplane/common
HOST ?= 127.0.0.1
PORT ?= 8000
export HOST PORT TRACE

.DEFAULT_GOAL := help
.PHONY: help setup demo run test cover unit quick lint servers bench screenshots clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

setup: $(RUN_STAMP)  ## make .venv with everything pinned

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Tidewise needs Python 3.11 or newer; set PYTHON=/path/to/python3.11." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "venv is missing; run: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(RUN_STAMP): requirements.txt | $(BIN)/python
	@echo "Installing what requirements.txt pins (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip check
	@touch $@

$(DEV_STAMP): tests/requirements.txt $(RUN_STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r tests/requirements.txt
	@$(BIN)/python -m pip check
	@touch $@

demo: $(RUN_STAMP)  ## the product with a living, synthetic fleet; Ctrl-C stops it
	@exec $(BIN)/python manage.py up --demo

run: $(RUN_STAMP)  ## the product without demo data
	@exec $(BIN)/python manage.py up

lint: $(DEV_STAMP)  ## style, types, import contracts, missing migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy .
	$(BIN)/python manage.py makemigrations --check --dry-run

unit: $(DEV_STAMP)  ## the tests that need no database and no server, in seconds
	$(BIN)/pytest -q -m "not system and not browser" $(PURE)

quick: lint  ## lint and every test that starts no server, in a minute
	$(BIN)/pytest -q -m "not system and not browser"

servers:  ## PostgreSQL, RabbitMQ and Chromium by apt, when root and missing
	@sh tests/servers.sh

test: lint servers  ## everything, against real PostgreSQL, RabbitMQ and Chromium
	$(BIN)/pytest -q

cover: lint servers  ## the same tests, and which lines and branches they reach
	$(BIN)/pytest -q --cov --cov-report=term:skip-covered

bench: $(DEV_STAMP)  ## measure: decisions, ingest, the overview page, reaction, forecasts
	@for name in $(BENCHES); do echo "== $$name"; $(BIN)/python -m tests.bench.$$name || exit 1; done

screenshots: $(DEV_STAMP) servers  ## take the pictures of the README from a running demo
	@$(BIN)/python -m tests.e2e.screenshots

clean:  ## remove what was built and what was stored
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
