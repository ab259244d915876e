# Everything is done in .venv: no root, nothing outside the checkout. `make` lists the targets.

PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
UV := $(BIN)/uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: --emit-build-options --no-header --no-annotate --no-emit-index-url

# What pytest is called with: `make test PYTEST_ARGS="tests/project -k lock"`. Two processes, because tests on real parts
# mostly wait. In CI a missing part is a failure, and the slowest tests are listed.
PYTEST_ARGS ?= --numprocesses 2 --dist loadfile $(if $(filter true,$(CI)),--require-parts --durations=25)
# What `make lock` adds: `make lock LOCK_ARGS="--upgrade-package httpx"`.
LOCK_ARGS ?=

LOCKED_PYTHONS := 3.11 3.12 3.13 3.14
LOCKED_PLATFORMS := x86_64-manylinux_2_28 aarch64-manylinux_2_28 x86_64-apple-darwin aarch64-apple-darwin

# Asks for the files of the lock as every supported machine would, and installs nothing.
define CHECK_WHEELS
set -e; for python in $(LOCKED_PYTHONS); do for platform in $(LOCKED_PLATFORMS); do \
  echo "Python $$python on $$platform"; \
  $(UV) pip install --quiet --dry-run --no-python-downloads --python $(BIN)/python --target .cache/lock-check \
    --python-version $$python --python-platform $$platform --require-hashes -r requirements-dev.txt; \
done; done
endef

.DEFAULT_GOAL := help
.PHONY: help setup demo test check docs screenshots bench soak lock lock-check clean

help: ## List every target
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.dev-installed ## Make .venv with everything that tests and checks need

demo: .venv/.installed ## Run the bot on a simulated platform, with a stand-in for Slack, and say where to look
	@$(BIN)/watchkeeper demo $(DEMO_ARGS)

test: .venv/.dev-installed ## Run every test; what this machine lacks is skipped by name
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

check: .venv/.dev-installed ## Check style, types, the direction of imports and the project's hygiene
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest --quiet tests/project

docs: .venv/.dev-installed ## Build the documentation as a site into build/docs; a broken link fails
	@$(BIN)/zensical build --clean --strict
	@echo "The site is at build/docs/index.html"

screenshots: .venv/.dev-installed ## Play the whole path in a browser and keep its pictures in docs/images/
	@$(BIN)/python -m pytest --quiet tests/real/test_page_path.py --screenshots docs/images

bench: .venv/.dev-installed ## Measure against the floors and write bench/results.md
	@$(BIN)/python -m bench $(BENCH_ARGS)

soak: .venv/.dev-installed ## Run the long measurements
	@$(BIN)/python -m bench soak $(BENCH_ARGS)

lock: .venv/.dev-installed ## Write the hashed locks anew from pyproject.toml
	@$(COMPILE) $(LOCK_ARGS) pyproject.toml --group build --output-file requirements.txt >/dev/null
	@$(COMPILE) $(LOCK_ARGS) pyproject.toml --group build --extra dev --constraints requirements.txt --output-file requirements-dev.txt >/dev/null
	@$(COMPILE) $(LOCK_ARGS) --group installer --output-file requirements-pip.txt >/dev/null
	@$(CHECK_WHEELS)

lock-check: .venv/.dev-installed ## Ask the registry for a wheel of every locked package on every supported Python and platform
	@$(CHECK_WHEELS)

clean: ## Remove .venv and every cache; data folders stay
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist watchkeeper.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What it takes to run: locked, hash-checked wheels, then ourselves as an editable install. Byte code is left to the first
# import, which needs a fraction of it, so that the first `make demo` starts sooner.
.venv/.installed: requirements-pip.txt requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Watchkeeper needs Python 3.11 or newer, $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" % sys.version_info[:2])'
	@echo "Installing the locked packages into .venv (about a minute, once)"
	@$(PYTHON) -m venv .venv
	@$(PIP_INSTALL) --require-hashes -r requirements-pip.txt
	@$(PIP_INSTALL) --require-hashes -r requirements.txt
	@$(PIP_INSTALL) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Tests take warnings for errors, and byte-compiling somebody else's module may warn: it is done here, not inside a test.
.venv/.dev-installed: requirements-dev.txt .venv/.installed
	@echo "Installing the locked packages of tests and checks into .venv"
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.txt
	@$(BIN)/python -W ignore -m compileall -q -j 0 .venv/lib >/dev/null || true  # templates among them do not compile
	@touch $@
