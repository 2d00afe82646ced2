PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: setup run fetch check test explore fix lock months docs clean
.DELETE_ON_ERROR:

setup: $(STAMP)  ## make .venv from the locked versions

$(STAMP): requirements/dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aggregator needs Python 3.11 or later (make PYTHON=python3.11 ...)")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check --disable-pip-version-check
	@touch $(STAMP)

run: setup  ## the daemon: fetches at once, publishes, serves http://127.0.0.1:8080/
	$(BIN)/aggregator run

fetch: setup  ## one run, then stop
	$(BIN)/aggregator fetch

check: setup  ## everything that needs no test: style, types, layers, sizes, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/sizes.py aggregator
	$(BIN)/codespell
	$(BIN)/validate-pyproject pyproject.toml

test: setup  ## all tests, with the branch coverage of aggregator/
	$(BIN)/pytest $(PYTEST_ARGS)

explore: setup  ## the properties, with many more examples than a test may take
	$(BIN)/pytest --no-cov --hypothesis-profile=explore tests/unit $(PYTEST_ARGS)

fix: setup  ## what can be mended by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

months:  ## the names of months, made anew from CLDR (needs uv)
	uv run --no-project tools/months.py

lock:  ## made anew from pyproject.toml (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements/run.lock pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q --group dev -o requirements/dev.lock pyproject.toml

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .coverage
