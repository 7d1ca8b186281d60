# make demo   the whole migration on this machine     make test   every test
# make check  what CI runs: format, lint, types, synth, tests
PYTHON ?= python3
TENANT ?= example
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
REQUIREMENTS := requirements.txt requirements-dev.txt lambdas/requirements.txt

.PHONY: setup demo scenarios probe test crash test-servers bench check format lint types synth cdk-synth rights diagram columns clean

setup: $(READY)

$(READY): $(REQUIREMENTS)
	@command -v $(PYTHON) >/dev/null || { \
	  echo "cannot set up: there is no $(PYTHON): install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) tools/check_machine.py
	@echo "setting up $(VENV): a minute or two, once"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/python -m compileall -q $(VENV)/lib/python3*/site-packages/aws_cdk $(VENV)/lib/python3*/site-packages/jsii $(VENV)/lib/python3*/site-packages/constructs || true
	@touch $@

demo: $(READY)
	@$(BIN)/python -m localrun $(ARGS)

scenarios: $(READY)
	@$(BIN)/python -m localrun scenario --list

# Asks a real WorkMail organization; changes nothing without --write. ARGS=--help tells all.
probe: $(READY)
	@$(BIN)/python -m localrun probe $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

# Ends workers at every step and at random, for about a quarter of an hour; `test` has a short form.
crash: $(READY)
	SCHEDULES=20000 STORIES=3000 KILLS=40 $(BIN)/python -m pytest -n 2 --dist load tests/crash $(ARGS)

# Mail servers that tests compare with; where one cannot be had, its tests skip and say why.
test-servers: $(READY)
	@$(BIN)/python tools/install_test_servers.py

# The copy engine against its peers: some twenty minutes on a quiet machine with two cores.
bench: $(READY)
	@$(BIN)/python -m bench --install $(ARGS)

check: lint types synth test

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy app.py stacks lambdas localrun tests tools bench

synth: $(READY)
	TENANT=$(TENANT) $(BIN)/python app.py

# The same with the CDK's own command line, pinned: npm's `latest` is an accident (docs/decisions).
cdk-synth: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" npx --yes aws-cdk@2.1148.1 synth --quiet -c tenant=$(TENANT)

# What each function calls of AWS, read from the code, beside what its role allows. With
# ARGS="out/*/api-calls.json" also what was really called in these runs on the laptop.
rights: $(READY)
	@$(BIN)/python -m tools.rights $(ARGS)

diagram: $(READY)
	$(BIN)/python -m localrun.diagram docs/architecture.md

# The manifest's JSON schema and the tables in examples/README.md, from manifest_columns.py.
columns: $(READY)
	$(BIN)/python -m localrun.manifest_pages examples

clean:
	rm -rf $(VENV) .servers cdk.out out build .mypy_cache .ruff_cache .pytest_cache .hypothesis
