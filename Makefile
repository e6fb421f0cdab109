# make demo and make test are all a newcomer needs; both set up what they use.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
PARALLEL := --numprocesses logical --maxprocesses 4 --dist loadfile

.PHONY: install dev services demo test lint check check-fast bench clean

install: $(VENV)/installed
dev: $(VENV)/installed-dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "evalhub needs Python 3.11 or newer; run: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[all]'
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/installed

demo: install  ## run the main job on the embedded defaults
	$(BIN)/evalhub demo

services:  # the tests drive a real Chromium and a real PostgreSQL
	@tests/install-services

test: dev services  ## all tests, on each core, four at most: some start a model or a browser
	$(BIN)/python -m pytest $(PARALLEL)

lint: dev  ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases tests
	$(BIN)/lint-imports

check: lint test  ## what CI runs

check-fast: lint
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

bench: dev  ## side by side with the peers, printed as ratios
	$(BIN)/python benchmarks/tracing.py
	$(BIN)/python benchmarks/wrappers.py
	$(BIN)/python benchmarks/burst.py
	$(BIN)/python benchmarks/kill.py
	$(BIN)/python benchmarks/store.py
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/runner.py

clean:
	rm -rf $(VENV) build dist artifacts *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
