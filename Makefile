# Everything one runs here, one command each; `make` alone lists them.
# Needed beforehand: Python >= 3.11, git and make. The rest goes into .venv, and only there.

VENV ?= .venv
LOWEST := .venv-lowest
PEERS := .venv-peers
GRAPH_PEERS := .venv-peers-sigma
FAIR_PEERS := .venv-peers-fairness
WORKERS ?= logical
ARGS ?=

BIN := $(VENV)/bin
# Quiet in logs, a progress bar for whoever waits at a terminal.
PIP := $(BIN)/python -m pip --disable-pip-version-check install $(shell [ -t 2 ] || echo --quiet)
# One thread a worker: numerical libraries would otherwise start one per core in each.
CALM := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 MPLBACKEND=Agg
PYTEST := -m pytest -n $(WORKERS) --maxprocesses 4

# Peers come in one version only; scikit-learn before 1.9 draws a tree's bins without the weights.
NOT_LOWEST := --ignore tests/test_benchmark.py \
	--deselect tests/nuisance/test_trees.py::test_weights_are_repeated_rows

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint format types docs study bench bench-graph bench-sigma bench-fairness lowest wheel clean purge

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/core.stamp  ## set up, then run the main job on the JOBS II data
	@$(BIN)/causalif demo $(ARGS)

test: $(VENV)/test.stamp  ## set up, then run all tests but the slow ones (ARGS="-k word" for some)
	$(CALM) $(BIN)/python $(PYTEST) -m "not slow" $(ARGS)

lint: $(VENV)/dev.stamp  ## ruff: rules and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/dev.stamp  ## let ruff repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/dev.stamp  ## basedpyright, strict
	$(BIN)/basedpyright --pythonpath $(BIN)/python

docs: $(VENV)/docs.stamp  ## build the site into docs/_build/html; a warning is an error
	$(CALM) $(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

study: $(VENV)/test.stamp  ## the slow tests: simulation studies, minutes to hours
	$(CALM) $(BIN)/python $(PYTEST) -m slow $(ARGS)

bench: $(VENV)/core.stamp  ## tables beside other packages (ARGS="--replicates 40 20 --jobs 2")
	$(PIP) -r benchmarks/requirements.txt -c constraints.txt
	$(CALM) $(BIN)/python -m benchmarks.mediation --out benchmarks/mediation/RESULTS.md $(ARGS)

bench-graph: $(PEERS)/peers.stamp  ## questions to graphs, beside dowhy and pgmpy in one run
	$(CALM) $(PEERS)/bin/python -m benchmarks.graph --out benchmarks/results/GRAPH_PEERS.md $(ARGS)

bench-sigma: $(GRAPH_PEERS)/peers.stamp  ## graphs from data, beside causal-learn, lingam, dagma, sumu and DiBS
	$(CALM) $(GRAPH_PEERS)/bin/python -m benchmarks.sigma.peers --out benchmarks/results/SIGMA_PEERS.md $(ARGS)

bench-fairness: $(FAIR_PEERS)/peers.stamp  ## accuracy against the gap, beside fairlearn and aif360
	$(CALM) $(FAIR_PEERS)/bin/python -m benchmarks.fairness.peers --out benchmarks/results/FAIRNESS_PEERS.md $(ARGS)

lowest: $(LOWEST)/lowest.stamp  ## the tests on the lowest versions that pyproject.toml allows
	$(CALM) $(LOWEST)/bin/python $(PYTEST) -m "not slow" -W default tests $(NOT_LOWEST) $(ARGS)

wheel: $(VENV)/dev.stamp  ## build wheel and source archive into dist/
	$(BIN)/python -m build --outdir dist .

clean:  ## remove what was built, keep the environment
	rm -rf dist build docs/_build docs/api/generated docs/vignettes docs/benchmarks $(LOWEST) $(PEERS) $(GRAPH_PEERS) $(FAIR_PEERS)
	rm -rf .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

purge: clean  ## remove the environment as well
	rm -rf $(VENV)

# Shell text that prints the first Python on this machine that will do.
# $(1): a Python condition on v, the version. Debian's python3 may lack venv: tried, not assumed.
define FIND_PYTHON
for p in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import ensurepip, sys, venv; v = sys.version_info[:2]; sys.exit(not ($(1)))' 2>/dev/null \
	&& echo "$$p" && break; \
done
endef

$(BIN)/python:
	@python="$$($(call FIND_PYTHON,v >= (3, 11)))"; \
	if [ -z "$$python" ]; then \
		echo "causalif needs Python 3.11 or newer with its venv module, and found none on the PATH."; \
		echo "Install one (on Debian and Ubuntu: apt install python3 python3-venv), or name it:"; \
		echo "  make demo PYTHON=/path/to/python3.12"; \
		exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$("$$python" --version): a minute or two, once."; \
	"$$python" -m venv $(VENV)

# A stamp is older than pyproject.toml or constraints.txt when what is installed may be, too.
$(VENV)/core.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e . -c constraints.txt
	@touch $@

$(VENV)/%.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[$*]' -c constraints.txt
	@touch $@

# dowhy asks for an older scipy than constraints.txt names: an environment of its own.
$(PEERS)/peers.stamp: pyproject.toml benchmarks/graph-requirements.txt | $(BIN)/python
	$(BIN)/python -m venv --clear $(PEERS)
	grep '^torch==' constraints.txt > $(PEERS)/constraints.txt
	$(PEERS)/bin/python -m pip --disable-pip-version-check install --quiet -e . \
		-r benchmarks/graph-requirements.txt -c $(PEERS)/constraints.txt
	@touch $@

# One after the other: together their stated versions of scipy exclude each other.
$(GRAPH_PEERS)/peers.stamp: pyproject.toml constraints.txt benchmarks/sigma-requirements.txt | $(BIN)/python
	$(BIN)/python -m venv --clear $(GRAPH_PEERS)
	grep '^torch==' constraints.txt > $(GRAPH_PEERS)/constraints.txt
	grep -v '^#' benchmarks/sigma-requirements.txt | xargs -n 1 \
		$(GRAPH_PEERS)/bin/python -m pip --disable-pip-version-check install --quiet -c $(GRAPH_PEERS)/constraints.txt
	$(GRAPH_PEERS)/bin/python -m pip --disable-pip-version-check install --quiet -e '.[sigma]' -c $(GRAPH_PEERS)/constraints.txt
	@touch $@

$(FAIR_PEERS)/peers.stamp: pyproject.toml constraints.txt benchmarks/fairness-requirements.txt | $(BIN)/python
	$(BIN)/python -m venv --clear $(FAIR_PEERS)
	$(FAIR_PEERS)/bin/python -m pip --disable-pip-version-check install --quiet -e . \
		-r benchmarks/fairness-requirements.txt -c constraints.txt
	@touch $@

$(LOWEST)/lowest.stamp: pyproject.toml .ci/lowest.py
	@python="$$($(call FIND_PYTHON,(3, 11) <= v <= (3, 12)))"; \
	if [ -z "$$python" ]; then \
		echo "The lowest versions have files for Python 3.11 and 3.12 only, and neither was found."; \
		exit 1; \
	fi; \
	"$$python" -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python .ci/lowest.py > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip --disable-pip-version-check install --quiet -e '.[test]' -c $(LOWEST)/constraints.txt
	@touch $@
