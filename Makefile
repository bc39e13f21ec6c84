# From a bare clone every target sets up what it needs in .venv; `make` alone lists them.
# Nothing is installed outside this folder, except chromium for the browser tests.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.NOTPARALLEL:
unexport PYTHONPATH PYTHONHOME

VENV := .venv
BIN := $(VENV)/bin
PIP := -m pip install --quiet --disable-pip-version-check
BENCH ?=

# The first interpreter that is new enough and can make environments.
USABLE := import ensurepip, sys; sys.exit(sys.version_info < (3, 11))
FIND_PYTHON = for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if "$$python" -c '$(USABLE)' >/dev/null 2>&1; then echo "$$python"; exit; fi; done

# Tests that must not share a process with others: Playwright's loop and the server's exclude each other.
ALONE := $(wildcard tests/server tests/browser)
# Tests with real processes, kernels and browsers wait for things that a busy machine may be too slow for: what failed
# is tried again, by itself, and both tries are printed. A fault of the code fails every time.
tried = { $(1) -m pytest $(2) || { echo "what failed is tried again"; $(1) -m pytest --last-failed $(2); }; }
# Tests that also run on the other Pythons, where these are installed.
PORTABLE := $(wildcard tests/fingerprint tests/memory tests/programs)
# Tests of full disks, killed processes and damaged files go by their files' names.
FAULTS = $(shell find tests -name 'test_*fault*.py' -o -name 'test_*damage*.py')

.PHONY: help demo test lint tests portable browser bench faults clean

help:
	@echo "make demo    run notebooks/flights.ipynb cold, warm, and with one constant edited"
	@echo "make test    lint and every test"
	@echo "make lint    ruff, mypy, import-linter, and tsc where there is Node"
	@echo "make bench   the benchmarks beside their peers; BENCH=\"a1 b2\" runs those two"
	@echo "make faults  full disks, killed processes, damaged files, by the thousand; random programs; whole notebooks"
	@echo "make clean   remove environments and caches"

demo: $(VENV)/.demo
	$(BIN)/python notebooks/demo.py

# The other Pythons' tests run beside the first ones, which wait for kernels most of the time.
test: lint
	@$(MAKE) --no-print-directory portable >$(VENV)/portable.log 2>&1 & portable=$$!; \
	$(MAKE) --no-print-directory tests; tests=$$?; \
	wait $$portable; portable=$$?; cat $(VENV)/portable.log; \
	exit $$((tests || portable))

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@if command -v npx >/dev/null; then npx --yes --package typescript@7.0 tsc -p vinyasa_ipy/panel/frontend/jsconfig.json; \
	else echo "no Node here: the types of the sidebar's modules are not checked"; fi

tests: $(VENV)/.test $(if $(wildcard tests/browser),browser)
	$(call tried,$(BIN)/python,tests --ignore=tests/server --ignore=tests/browser)
	$(foreach group,$(ALONE),$(call tried,$(BIN)/python,$(group)) &&) true

portable: $(if $(PORTABLE),portable-3.12 portable-3.13)

# An interpreter counts when it is on PATH or among pyenv's versions; elsewhere there is nothing to run.
portable-%:
	@for python in python$* "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$*.*/bin/python; do \
		if "$$python" -c 'import ensurepip' >/dev/null 2>&1; then \
			$(MAKE) --no-print-directory $(VENV)-$*/.test-core PYTHON_$*="$$python" && \
			echo "$(PORTABLE) on Python $*" && \
			$(call tried,$(VENV)-$*/bin/python,-q -o cache_dir=$(VENV)-$*/tried $(PORTABLE)); \
			exit $$?; \
		fi; \
	done; echo "no Python $* here: nothing to run on it"

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks $(BENCH)

faults: $(VENV)/.test
	VINYASA_FAULTS=many $(BIN)/python -m pytest $(FAULTS)
	VINYASA_BOOKS=all $(BIN)/python -m pytest tests/notebook/test_automatic_same.py
	VINYASA_PROGRAMS=10000 $(BIN)/python -m pytest tests/programs

clean:
	rm -rf $(VENV) $(VENV)-3.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find vinyasa_ipy tests notebooks benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@python=$$($(FIND_PYTHON)); \
	test -n "$$python" || { echo "no Python 3.11 or newer with the venv module was found: install one, or make PYTHON=/path/to/python"; exit 1; }; \
	echo "making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV)

$(VENV)-%/bin/python:
	"$(PYTHON_$*)" -m venv --clear $(VENV)-$*

# A stamp is newer than pyproject.toml when all that it declares is installed; the sidebar is copied at installing.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python $(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.test: pyproject.toml hatch_build.py $(wildcard vinyasa_ipy/panel/frontend/*) | $(BIN)/python
	$(BIN)/python $(PIP) --editable '.[test]'
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: $(VENV)/.test
	$(BIN)/python $(PIP) --editable '.[bench]'
	@touch $@

$(VENV)-%/.test-core: pyproject.toml | $(VENV)-%/bin/python
	$(VENV)-$*/bin/python $(PIP) --editable '.[test-core]'
	@touch $@

.PRECIOUS: $(VENV)-%/bin/python $(VENV)-%/.test-core

browser:
	@if command -v chromium >/dev/null; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "the browser tests need chromium: install it and run again"; exit 1; fi; \
	if [ "$$(id -u)" = 0 ]; then sudo=; \
	elif sudo -n true 2>/dev/null; then sudo="sudo -n"; \
	else echo "the browser tests need chromium: apt-get install chromium, as root, and run again"; exit 1; fi; \
	$$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends chromium >/dev/null
