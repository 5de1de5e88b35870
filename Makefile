# Everything that a contributor types. Bare `make` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup system test test-unit test-system lint docs pictures demo demo-clean histories nights bench bench-coverage lock clean .venv
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
CODE := pipelines labeling infra functions
LABEL_STUDIO := label-studio==1.23.2

# Set-up is due again when one of these changes.
INPUTS := pyproject.toml requirements.lock labeling/labelstudio/local/server.lock
READY := .venv/.ready-$(shell cat $(INPUTS) 2>/dev/null | git hash-object --stdin | cut -c1-12)

# The first that runs and is new enough; a pyenv shim may be there and not run.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	2>/dev/null && { echo "$$python"; break; }; done)

# One thread a process: workers share the cores, and sums keep their order.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## Make .venv with the `recheck` command, and Label Studio's own environment

$(READY):
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(MAKE) .venv
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps --no-compile -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-compile --editable .
	@echo "compiling byte-code, so that a cold start is fast"
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -qq -j 0 .venv/lib $(CODE) || true
	$(BIN)/recheck labelstudio prepare
	@echo 'next: export PATH="$$PWD/.venv/bin:$$PATH", then `recheck init --help`; or `make demo`'
	@rm -f .venv/.ready-* && touch $@

.venv: # only where there is none, or one that was left half-made
	@[ -n "$(PYTHON)" ] || { echo "error: found no Python 3.11, 3.12 or 3.13 with venv" >&2; \
		echo "hint: install one (Debian: apt-get install python3-venv), or: make setup PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv

APT := chromium fonts-dejavu-core

system: ## Install what the tests need from the system (Chromium), where that is allowed
	@if command -v chromium chromium-browser google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(APT) >/dev/null; \
	else \
		echo "hint: the browser tests need Chromium: sudo apt-get update && sudo apt-get install -y $(APT)" >&2; \
	fi

test: setup system lint test-unit test-system ## Set up, lint and run every test

test-unit: setup ## Run the tests that need nothing but this process, and all doctests
	$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

test-system: setup system ## Run the tests against real engines, a real Label Studio and a real browser
	$(BIN)/python -m pytest $(filter-out $(addprefix tests/,unit/ benchmarks/ fixtures/ __pycache__/),$(wildcard tests/*/))

lint: setup ## Check style, types, imports and that the generated documents are current
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check

docs: setup ## Write the generated parts of docs/reference anew
	$(BIN)/python -m docs.generate

pictures: setup system ## Draw the picture of the label page in docs/images anew
	$(BIN)/python -m docs.pictures

demo: setup ## Run the whole loop on real flights, with a real Label Studio
	$(BIN)/python -m examples.flights.demo

demo-clean: ## Stop the demo's server and remove all that the demo made
	@if [ -x $(BIN)/recheck ]; then $(BIN)/recheck labelstudio down; fi
	rm -rf examples/flights/data examples/flights/store .venv/labelstudio/data

N ?= 300
SEED ?= $(shell date +%s)
FIRST ?= 0
MOVES ?= 8 16

histories: setup ## Let N random histories of a job happen (SEED, FIRST, MOVES), and count everything anew
	$(BIN)/python -m tests.histories.run --count $(N) --seed $(SEED) --first $(FIRST) --moves $(MOVES)

NIGHTS ?= 30

nights: setup ## Simulate NIGHTS nights of four jobs in which files, Label Studio and the clock go wrong (SEED)
	$(BIN)/python -m tests.nights.simulate --nights $(NIGHTS) --seed $(SEED)

bench: setup ## Measure scoring against the bare loop, the memory of queries, and how cost grows
	$(BIN)/python tests/benchmarks/memory.py
	$(BIN)/python -m tests.benchmarks.growth --write
	$(BIN)/python tests/benchmarks/scoring.py

bench-coverage: setup ## Measure how often the intervals cover the truth, and write docs/coverage.md
	$(BIN)/python -m tests.benchmarks.coverage --write

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

lock: ## Write both locks anew, with the newest versions that fit
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	$(PYTHON) -m venv "$$tools" && "$$tools/bin/pip" install --quiet uv && \
	"$$tools/bin/"$(COMPILE) --upgrade pyproject.toml --extra dev --extra examples -o requirements.lock && \
	echo "$(LABEL_STUDIO)" | "$$tools/bin/"$(COMPILE) --upgrade - -o labeling/labelstudio/local/server.lock

clean: ## Remove the environment and all caches; stores stay
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find $(CODE) tests examples docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
