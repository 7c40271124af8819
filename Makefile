# Everything runs from .venv, which is made when it is missing and brought up to date when
# pyproject.toml or constraints.txt changed. PYTHON=… chooses the interpreter it is made with.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN    := .venv/bin
READY  := .venv/.ready
RIVALS := .venv-rivals
DOJO   := .venv-agentdojo
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
CODE   := $(wildcard src tests bench)
SEED   ?=
KILLS  ?=
ORDERS ?=
DEMO   ?=
ARGS   ?=

.PHONY: help demo test check services bench rivals security format clean

help: $(READY)  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*##(.*)/  make \1\t\2/' | expand -t 16

demo: $(READY)  ## orders arrive, an agent books them, a table shows what it was worth, the desk opens (SEED= KILLS= ORDERS= DEMO=once)
	@SEED='$(SEED)' KILLS='$(KILLS)' ORDERS='$(ORDERS)' DEMO='$(DEMO)' $(BIN)/python -m bridgehead.templates.purchase_orders.demo

test: check services  ## make check, then every test, in random order, warnings as errors (ARGS= goes to pytest)
	@$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

services: $(READY)  ## the foreign systems of the tests: MariaDB, Dovecot, Tryton, Chromium (as root; else those tests skip)
	@tests/support/services.sh

check: $(READY)  ## lint, format, types, rooms and docs
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy $(CODE)
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/docs

bench: $(READY) rivals $(DOJO)/.ready  ## every figure the documentation states, in its short form
	@for script in $$(grep -l 'report = Report(' bench/*.py); do echo "== $$script"; $(BIN)/python $$script --quick; done

rivals: $(RIVALS)/.ready  ## what bench/steps.py and bench/crash.py measure beside: LangGraph and DBOS, in .venv-rivals

$(RIVALS)/.ready: bench/rivals/constraints.txt | $(READY)
	@echo "installing LangGraph and DBOS into $(RIVALS)"
	@$(BIN)/python -m venv $(RIVALS)
	@$(RIVALS)/bin/python -m pip install --quiet --disable-pip-version-check -c bench/rivals/constraints.txt \
	    langgraph langgraph-checkpoint-postgres 'psycopg[binary,pool]' dbos
	@touch $@

security: $(DOJO)/.ready  ## what a fully compromised model can do: AgentDojo's attacks, in .venv-agentdojo (ARGS=--quick)
	@$(BIN)/python bench/security.py $(ARGS)

$(DOJO)/.ready: bench/agentdojo/constraints.txt | $(READY)
	@echo "installing AgentDojo into $(DOJO)"
	@$(BIN)/python -m venv $(DOJO)
	@$(DOJO)/bin/python -m pip install --quiet --disable-pip-version-check -c bench/agentdojo/constraints.txt agentdojo
	@touch $@

format: $(READY)  ## rewrites files to the house's format
	@$(BIN)/ruff check --fix $(CODE) || true
	@$(BIN)/ruff format $(CODE)

clean:  ## removes .venv and caches; the embedded database under .bridgehead stays
	@rm -rf .venv $(RIVALS) $(DOJO) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || { \
	    for name in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	        if "$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	            echo "making .venv with $$("$$name" --version)"; exec "$$name" -m venv .venv; \
	        fi; \
	    done; \
	    echo "Bridgehead needs Python 3.11 or newer with its venv module, and found none on the path." >&2; \
	    echo "  Install one, or name it: make PYTHON=/path/to/python3.12" >&2; \
	    exit 1; }
	@echo "installing into .venv: some 600 MB, a few minutes the first time"
	@{ while sleep 5; do printf .; done; } & dots=$$!; trap "kill $$dots" EXIT; \
	    $(PIP) hatchling editables; \
	    $(PIP) --no-build-isolation -e '.[dev]'
	@echo && touch $@
