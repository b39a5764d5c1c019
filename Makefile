# Every job runs in .venv, which is made once from requirements.lock and made again when the lock changes.
# Another interpreter: `make demo PYTHON=python3.12`. Arguments for pytest: `make test ARGS="-k attention"`.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help demo test lab bench check build clean

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## the main job: release the units, grade a class in the sandbox, write the report
	$(BIN)/autograder demo

test: $(READY) ## every test
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

lab: $(READY) ## the notebooks, in JupyterLab: yours are in workspace/
	$(BIN)/autograder start workspace
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter lab workspace

bench: $(READY) ## every benchmark, and the table of their figures
	$(BIN)/python -m benchmarks

check: $(READY) ## style, and what is missing in a unit
	$(BIN)/ruff check .
	$(BIN)/autograder dev check

build: $(READY) ## notebooks and keys, from lessons and reference
	$(BIN)/autograder build

clean: ## remove .venv and caches; your workspace stays
	rm -rf $(VENV) .pytest_cache .ruff_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or name yours: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"This course needs Python 3.11 or newer, and $(PYTHON) is {sys.version.split()[0]}. Name a newer one: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make environments. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV). The first time this downloads PyTorch, so it takes some minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@
