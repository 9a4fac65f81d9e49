# Every target does its own set-up: a fresh machine needs Python 3.11 or later with venv, openssl, make; .ci/needs says what lacks.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUBS := build/stubs
JUDGE := build/judge
WORKERS ?= 2
DATABASE ?= sqlite
SUITE ?= es256
COVERAGE ?=
PACKAGES := biandun_protocol etoken biandun biandun_simulator biandun_office

COUNTING = $(if $(COVERAGE),$(foreach package,$(PACKAGES),--cov=$(package)) --cov-report=json:build/coverage.json --cov-report=)

PYTEST = TMPDIR=$$(.ci/scratch) $(BIN)/pytest --numprocesses $(WORKERS)

.DEFAULT_GOAL := help
.PHONY: help setup lint test test-fast test-slow demo pictures bench bench-crypto clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: machine
machine:
	@.ci/needs $(PYTHON)

$(BIN)/.ready: pyproject.toml | machine
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# MicroPython's stubs shadow the standard library, so they live outside the environment
$(STUBS)/.ready: firmware/stubs-requirements.txt $(BIN)/.ready
	rm -rf $(STUBS)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $(STUBS) -r firmware/stubs-requirements.txt
	touch $@

# the independent COSE implementation wants an older cbor2 than ours: an environment of its own
$(JUDGE)/.ready: tests/system/judge-requirements.txt
	$(PYTHON) -m venv $(JUDGE)
	$(JUDGE)/bin/pip install --quiet --disable-pip-version-check -r tests/system/judge-requirements.txt
	touch $@

setup: $(BIN)/.ready $(STUBS)/.ready $(JUDGE)/.ready  ## make the environments (the other targets do it by themselves)

lint: $(BIN)/.ready $(STUBS)/.ready  ## ruff, pyright, import-linter, layout of the rooms, links and citations
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint-types lint-words lint-key-types

.PHONY: lint-types lint-words lint-key-types
lint-types lint-key-types: export PYRIGHT_PYTHON_IGNORE_WARNINGS = 1
lint-types:
	$(BIN)/pyright --pythonpath $(BIN)/python

lint-key-types:
	$(BIN)/pyright --project firmware

lint-words:
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet
	$(BIN)/python protocol/tools/generate.py --check
	cd firmware && ../$(BIN)/python -m kernels.generate --check
	$(BIN)/lint-imports
	$(BIN)/python -m tests.system.architecture --check
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_layout.py tests/test_documents.py

# files of tests that found offices or run programs; `make test` has them
LONG_host := cli cli_office clocks damaged_keys disk_and_network doctor whole_folder
ROOM ?= host
TESTED = $(filter-out $(LONG_$(ROOM):%=tests/$(ROOM)/test_%.py),$(wildcard tests/$(ROOM)/test_*.py))

.PHONY: check check-words check-types check-tests
check: $(BIN)/.ready $(STUBS)/.ready  ## one room while you work: its linters and tests; of host, without the files of tests that take long
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target check-types check-words check-tests ROOM=$(ROOM)

check-words:
	$(BIN)/ruff check --quiet $(ROOM) tests/$(ROOM)
	$(BIN)/ruff format --check --quiet $(ROOM) tests/$(ROOM)
	$(BIN)/python protocol/tools/generate.py --check
	$(BIN)/lint-imports

check-types: export PYRIGHT_PYTHON_IGNORE_WARNINGS = 1
check-types:
	$(BIN)/pyright $(if $(filter firmware,$(ROOM)),--project firmware,--pythonpath $(BIN)/python $(ROOM))

check-tests:
	$(PYTEST) --dist loadfile -q -m "not slow" $(TESTED)

test-fast: $(BIN)/.ready $(JUDGE)/.ready  ## the tests alone; COVERAGE=yes counts the lines that they run, a room below its mark fails
	$(PYTEST) --dist loadfile --no-loadscope-reorder -m "not slow" $(COUNTING)
	$(if $(COUNTING),$(BIN)/python tests/coverage_by_room.py build/coverage.json)

test: lint test-fast  ## what every change must pass; continuous integration runs it with COVERAGE=yes, and the long sweeps besides

test-slow: $(BIN)/.ready $(JUDGE)/.ready  ## the long sweeps
	$(PYTEST) --dist worksteal -m slow

demo: $(BIN)/.ready $(JUDGE)/.ready  ## the main journey; DATABASE=postgres for PostgreSQL, SUITE=sm2 for SM2 with SM3
	@$(BIN)/python -m tests.system.demo --judge $(JUDGE)/bin/python --database $(DATABASE) --suite $(SUITE)

pictures: $(BIN)/.ready $(JUDGE)/.ready  ## make the README's pictures new; wants chromium and fonts-noto-cjk
	$(BIN)/python -m tests.system.pictures

as-user: $(BIN)/.ready  ## demo, fixture from the wheel and doctor in a fresh copy, as an ordinary user (as root: one of the test's own)
	$(BIN)/python -m tests.system.as_user --database $(DATABASE)

bench: $(BIN)/.ready $(JUDGE)/.ready  ## what it costs, as ratios against a peer of the same run; build/bench.json
	$(BIN)/python -m tests.bench

bench-crypto: $(BIN)/.ready  ## the key's arithmetic: exact instruction counts, sizes, viper against the schoolbook
	$(BIN)/python -m tests.bench --only crypto

clean:  ## forget everything that was built
	rm -rf $(VENV) build .pytest_cache .ruff_cache .hypothesis .import_linter_cache
