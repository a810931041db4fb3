# Every target sets up what it needs: Python 3.11+, make and a package index are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/lock.txt

.PHONY: demo test test-all check bench lock clean

# Two steps, because an editable install can't be hashed; the build backend is in the lock.
$(VENV)/.ready: $(LOCK) pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.ready
	$(BIN)/bridle demo

test: $(VENV)/.ready
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

test-all: $(VENV)/.ready
	$(BIN)/pytest -n 2 --dist loadfile

check: $(VENV)/.ready
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

bench: $(VENV)/.ready
	$(BIN)/python benchmarks/run.py

lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet --disable-pip-version-check uv
	$(VENV)-lock/bin/uv pip compile pyproject.toml --extra all --group dev --python-version 3.11 --quiet \
		--generate-hashes --no-emit-index-url --no-header --no-annotate -o $(LOCK)
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) $(VENV)-lock .bridle .pytest_cache .mypy_cache .ruff_cache .hypothesis
