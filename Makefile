# make demo   the whole migration on this machine     make test   every test
# make check  what CI runs: format, lint, types, packages, synth and its rules, tests
PYTHON ?= python3
TENANT ?= example
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
REQUIREMENTS := requirements.txt requirements-dev.txt lambdas/requirements.txt

.PHONY: setup demo scenarios probe test soak crash test-servers bench cold-import
.PHONY: browser-install browser-test bench-page bench-graph
.PHONY: vendor picture windows-zones fidelity
.PHONY: check format lint types packages licences audit synth templates nag rights
.PHONY: cdk-synth deploy diff destroy diagram columns settings report-docs cost clean

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

# The tests that draw examples, with others than `test` draws each time: each run may find another fault.
soak: $(READY)
	SEEDS=random $(BIN)/python -m pytest -n 2 --dist loadfile $$(grep -rl hypothesis tests --include='test_*.py') $(ARGS)

# Ends workers at every step and at random, for about a quarter of an hour; `test` has a short form.
crash: $(READY)
	SCHEDULES=20000 STORIES=3000 KILLS=40 $(BIN)/python -m pytest -n 2 --dist load tests/crash $(ARGS)

# Mail servers that tests compare with; where one cannot be had, its tests skip and say why.
test-servers: $(READY)
	@$(BIN)/python -m tools.install_test_servers

# Debian's Chromium, in which tests open the pages; where it cannot be had, they skip and say why.
browser-install: $(READY)
	@$(BIN)/python -m tools.install_browser

# Every page in every way, some minutes; `test` has a short form. Pictures lie in out/screenshots/.
browser-test: browser-install
	BROWSER_TESTS=all $(BIN)/python -m pytest -n 2 --dist load tests/browser $(ARGS)

# The copy engine against its peers: some twenty minutes on a quiet machine with two cores.
bench: $(READY)
	@$(BIN)/python -m bench --install $(ARGS)

# Bundles the scripts of others that pages embed, from the npm registry (docs/decisions/0035).
vendor: $(READY)
	$(BIN)/python -m tools.vendor

# Windows' names of time zones, from Unicode's table in the npm registry.
windows-zones: $(READY)
	$(BIN)/python -m tools.windows_zones

# The picture of the workflow that pages show, laid out from the definition by ELK (0031).
picture: $(READY)
	@$(BIN)/python -m tools.picture

# How long each handler takes to load: some five minutes on a quiet machine.
cold-import: $(READY)
	@$(BIN)/python -m bench.cold_import $(ARGS)

# How soon the report of up to 10,000 mailboxes can be used in Chromium: some two minutes.
bench-page: browser-install
	@$(BIN)/python -m bench.report_page $(ARGS)

# How close the copy of a Microsoft 365 mailbox comes to what Graph allows: some two minutes.
bench-graph: $(READY)
	@$(BIN)/python -m bench.graph $(ARGS)

check: lint types packages templates nag test

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
	@$(BIN)/python -m stacks.sizes cdk.out WorkMailMigration-$(TENANT)

# The same with the CDK's own command line, pinned: npm's `latest` is an accident (docs/decisions).
cdk-synth: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" npx --yes aws-cdk@2.1148.1 synth --quiet -c tenant=$(TENANT)

# Checks the credentials and what the account lacks before it changes anything. ARGS=--dry-run
deploy: $(READY)
	@$(BIN)/python -m localrun deploy $(TENANT) $(ARGS)

diff: $(READY)
	@$(BIN)/python -m localrun deploy $(TENANT) --diff $(ARGS)

destroy: $(READY)
	@$(BIN)/python -m localrun deploy $(TENANT) --how-to-destroy

# CloudFormation's own rules over what was synthesized; .cfnlintrc.yaml says what is left out, and why.
templates: synth
	$(BIN)/cfn-lint cdk.out/WorkMailMigration-$(TENANT).template.json

# AWS Solutions' rules (cdk-nag): prints what stays, and why; fails for a finding without a reason.
nag: $(READY)
	@TENANT=$(TENANT) $(BIN)/python tools/nag.py

# Licences of other people's packages, and their known vulnerabilities where these can be asked for.
packages: $(READY)
	@$(BIN)/python tools/licences.py
	@$(BIN)/python tools/audit.py --if-possible

licences: $(READY)
	$(BIN)/python tools/licences.py --write

# Known vulnerabilities of what is deployed; fails where the advisory service cannot be asked.
audit: $(READY)
	$(BIN)/python tools/audit.py

# What each function calls of AWS, read from the code, beside what its role allows. With
# ARGS="out/*/api-calls.json" also what was really called in these runs on the laptop.
rights: $(READY)
	@$(BIN)/python -m tools.rights $(ARGS)

diagram: $(READY)
	$(BIN)/python -m localrun.diagram docs/architecture.md

# The manifest's JSON schema and the tables in examples/README.md, from manifest_columns.py.
columns: $(READY)
	$(BIN)/python -m localrun.manifest_pages examples

# docs/configuration.md, tenants/schema.json and tenants/example.yaml, from stacks/config.py.
settings: $(READY)
	$(BIN)/python -m localrun.config_pages

# docs/summary.schema.json and the tables of docs/report.md, from the report's dataclasses and tables.
report-docs: $(READY)
	$(BIN)/python -m localrun.report_pages

# docs/fidelity.md: what becomes of each feature of calendars and contacts, measured.
fidelity: $(READY)
	$(BIN)/python -m localrun.fidelity.page docs/fidelity.md

# The tables of docs/cost.md, from migration/estimate.
cost: $(READY)
	$(BIN)/python -m localrun.estimate.page docs/cost.md

clean:
	rm -rf $(VENV) .servers cdk.out out build .mypy_cache .ruff_cache .pytest_cache .hypothesis
