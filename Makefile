# The two commands that matter: `make demo` and `make test`. Both need Python >= 3.11 with pip, git and make.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# The checks of `make test` are independent of each other and mostly use one core each.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=2
endif

.PHONY: demo test trial attack coverage check check-python check-layout check-js format lock benchmarks clean

demo: $(READY)
	$(BIN)/stationplan demo

test: check .venv/.kernels
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder --ignore=tests/test_architecture.py $(PYTEST_ARGS)

# All tests with the lines and branches that they leave out; measuring takes a third more time.
coverage:
	$(MAKE) --no-print-directory test PYTEST_ARGS="--cov --cov-report=term:skip-covered $(PYTEST_ARGS)"

check: check-python check-layout
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory check-js; \
		elif [ "$$CI" = true ]; then echo "The map's scripts must be checked in CI: install nodejs and npm." && exit 1; \
		else echo "The map's scripts were not checked: that needs node and npm."; fi

check-python: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check-layout: $(READY)
	$(BIN)/pytest -q tests/test_architecture.py

# Compiled once and before the tests, or each of their processes compiles the same kernels at the same time.
.venv/.kernels: $(READY) $(shell grep -rl --include='*.py' '@njit' stationplan)
	PYTHONPATH=tests $(BIN)/python -m support.kernels
	@touch $@

# Random siting problems against brute force; SEED=1 for others.
trial: $(READY)
	STATIONPLAN_TRIAL=20000 STATIONPLAN_TRIAL_SEED=$(or $(SEED),0) $(BIN)/pytest -q tests/siting/test_trial.py

# Hostile inputs and scenario keys, kills, and faults of the machine; SEED=1 for others.
attack: $(READY)
	PYTHONPATH=tests $(BIN)/python -m support.attack --seed $(or $(SEED),0)

# Types (tsc --checkJs), eslint and node's own test runner. Nothing of npm is shipped.
check-js: node_modules/.ready
	npm run --silent check

node_modules/.ready: package.json package-lock.json
	npm ci --no-audit --no-fund --silent
	@touch $@

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmarks: $(READY)
	$(BIN)/python -m benchmarks

# The lock holds exact versions and hashes for every supported Python, and is made anew on purpose only.
lock: $(READY)
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --no-strip-extras --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" --quiet --output-file requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("stationplan needs Python 3.11 or newer, this is " + sys.version.split()[0] \
		if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

clean:
	rm -rf .venv node_modules out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
