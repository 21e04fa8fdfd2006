# Every target does its own set-up. `make` alone tells what there is.

VENV := .venv
PYTHON := $(VENV)/bin/python
# A command beside a private PostgreSQL of its own, with secrets made up for it.
BESIDE_POSTGRES := $(PYTHON) -m infosum_auth.private_postgres --
LOCK := .cache/uv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help demo demo-check drill bench test test-redis e2e lint format lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/demo.stamp ## Run the whole product with sample people and emulated platforms
	@$(PYTHON) -m infosum_auth.demo

demo-check: $(VENV)/demo.stamp ## Start a demo of its own, walk through it over HTTP, remove it
	@$(PYTHON) -m infosum_auth.demo_check

drill: $(VENV)/demo.stamp ## Break things while exports run, and count what was lost (an hour; DRILL="--times 1 ..." for less)
	@$(PYTHON) -m infosum_auth.drill $(DRILL)

bench: $(VENV)/dev.stamp ## Measure speed and memory, print one line of JSON (minutes)
	@$(PYTHON) -m benchmarks $(BENCH)

test: $(VENV)/dev.stamp ## Run the tests, on a private PostgreSQL
	$(PYTHON) -m pytest -n auto --maxprocesses 4

test-redis: $(VENV)/dev.stamp ## Run the tests that need a Redis server (redis-server on the PATH)
	$(PYTHON) -m pytest -m broker

e2e: $(VENV)/dev.stamp ## Run the tests that drive a browser (chromium on the PATH)
	$(PYTHON) -m pytest -v -m e2e tests/e2e

lint: $(VENV)/dev.stamp ## Check style, types, imports between the rooms, templates, migrations
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(BESIDE_POSTGRES) $(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --cache-dir .cache/import-linter
	$(VENV)/bin/djlint templates --lint --quiet
	$(BESIDE_POSTGRES) $(PYTHON) manage.py makemigrations --check --dry-run
	$(BESIDE_POSTGRES) $(PYTHON) manage.py check --fail-level WARNING

format: $(VENV)/dev.stamp ## Format the Python code and mend what can be mended by itself
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

lock: .cache/uv/bin/uv ## Renew requirements/*.txt with the newest versions that fit together
	$(LOCK) --upgrade --extra demo --group dev --output-file requirements/dev.txt
	$(LOCK) --upgrade --extra demo --constraints requirements/dev.txt --output-file requirements/demo.txt
	$(LOCK) --upgrade --constraints requirements/dev.txt --output-file requirements/run.txt

clean: ## Remove what the targets made: environment, caches, the demo's data
	@[ ! -e $(VENV)/demo.stamp ] || $(PYTHON) -m infosum_auth.demo --remove-data
	rm -rf $(VENV) .cache .demo .static .staging test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The demo's packages are part of the developer's, so the larger set also counts as the smaller.
$(VENV)/dev.stamp: requirements/dev.txt | $(VENV)/bin/python
	$(call install,dev)
	@touch $(VENV)/demo.stamp $@

$(VENV)/demo.stamp: requirements/demo.txt | $(VENV)/bin/python
	$(call install,demo)
	@touch $@

define install
	@echo "Installing requirements/$(1).txt into $(VENV) ..."
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt
	@echo "$(CURDIR)" > "$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/checkout.pth"
endef

$(VENV)/bin/python:
	@for name in python3.11 python3.12 python3.13 python3.14 python3; do \
		"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$name" -c 'import ensurepip, venv' 2>/dev/null || { without="$$name"; continue; }; \
		echo "Creating $(VENV) with $$name ..."; \
		exec "$$name" -m venv $(VENV); \
	done; \
	if [ -n "$$without" ]; then \
		echo "$$without has no venv module (on Debian: apt-get install python3-venv)." >&2; \
	else \
		echo "Python 3.11 or newer is needed, and none was found on the PATH." >&2; \
	fi; \
	exit 1

.cache/uv/bin/uv: | $(VENV)/bin/python
	@$(PYTHON) -m venv .cache/uv
	@.cache/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
