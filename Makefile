# Two commands for a newcomer: `make demo` and `make test`. Each sets everything up by itself, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test docs slow check clean
help:
	@echo "make demo   set up, then run the whole job on built-in data (about a minute and a half on two cores)"
	@echo "make test   set up, then run the checks and the tests"
	@echo "make docs   set up, then build the documentation in site/"
	@echo "make setup  only set up the environment .venv"
	@echo "make slow   the longer drills"
	@echo "make clean  remove the environment, the demo's runs and the documentation"

$(VENV)/.ready: pyproject.toml constraints.txt
	@echo "== setting up $(VENV): Maskwright with the tested versions of its libraries (one to three minutes, 6 GB) =="
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Maskwright needs Python 3.11 or newer; found $$($(PYTHON) --version). Use: make PYTHON=python3.11 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV)
# pip's lines are shortened and its checks of what is there already left out, so that one sees what it is doing.
	@rm -f $(VENV)/.failed
	@{ $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --compile --constraint constraints.txt --editable '.[train,dev,docs]' || touch $(VENV)/.failed; } | awk ' \
		/^ *(Collecting|Downloading|Using cached|Building)/ { sub(/^ */, ""); print "  " substr($$0, 1, 100); fflush() } \
		/^Installing collected/ { print "  Installing " NF - 3 " packages and compiling them (about a minute)"; fflush() }'
	@test ! -e $(VENV)/.failed
	@touch $@
	@echo "== set up =="

setup: $(VENV)/.ready

demo: $(VENV)/.ready
	@echo "== the whole job on built-in data: check, masks, two models, scores, report =="
	@$(BIN)/maskwright demo --out maskwright-demo

check: $(VENV)/.ready
	@echo "== style, types and layers =="
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

test: check
	@echo "== tests =="
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

docs: $(VENV)/.ready
	@echo "== the documentation =="
	@$(BIN)/python -m tools.docs.build

slow: $(VENV)/.ready
	@echo "== longer drills =="
	$(BIN)/python -m pytest -m slow

clean:
	rm -rf $(VENV) maskwright-demo build site
