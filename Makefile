# The two commands that matter: `make demo` and `make test`. Both need Python >= 3.11 with pip, git and make.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test trial check check-js format lock benchmarks clean

demo: $(READY)
	$(BIN)/stationplan demo

test: check
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered \
		--ignore=tests/test_architecture.py $(PYTEST_ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_architecture.py
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory check-js; \
		elif [ "$$CI" = true ]; then echo "The map's scripts must be checked in CI: install nodejs and npm." && exit 1; \
		else echo "The map's scripts were not checked: that needs node and npm."; fi

# Random siting problems against brute force; SEED=1 for others.
trial: $(READY)
	STATIONPLAN_TRIAL=20000 STATIONPLAN_TRIAL_SEED=$(or $(SEED),0) $(BIN)/pytest -q tests/siting/test_trial.py

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
