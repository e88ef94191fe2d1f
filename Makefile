# Everything that this repository does, by name. Needs python3 (3.11 or newer) and make, nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run stop test test-faults test-compose validate-deploy sbom check lint bench fmt lock migrate install clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements/bootstrap.txt requirements/dev.txt pyproject.toml
STAMP := $(VENV)/.installed
SUPPLY := $(VENV)/supply

##@ Run
run: $(STAMP) ## Start the whole stack and keep it running until Ctrl-C; DETACH=1 returns when it is ready
	@$(BIN)/waybill up $(if $(filter-out 0,$(DETACH)),--detach) $(ARGS)

stop: ## End the stack and every process of it; the data stays
	@if [ -x $(BIN)/waybill ]; then $(BIN)/waybill down; else echo "Nothing runs: the stack has never been installed."; fi

migrate: $(STAMP) ## Bring the running stack's schemas to this checkout's migrations
	@$(BIN)/waybill migrate

##@ Prove
test: $(STAMP) ## Run every test that needs no Docker; ARGS="-k name" narrows it
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder --ignore=tests/faults --ignore=tests/compose services shared deploy tests $(ARGS)

test-faults: $(STAMP) ## Kill, wipe, cut and duplicate under load; counts what was lost and doubled
	@$(BIN)/python -m tests.faults $(ARGS)

# The limit is each test's own. What the first of them waits for, base images and the build, has limits where it is started.
test-compose: $(STAMP) ## Build the images, run the compose stack, break it, and count; needs a Docker engine
	@$(BIN)/pytest -n 0 --timeout 900 -o timeout_func_only=true tests/compose $(ARGS)

validate-deploy: $(STAMP) ## Hold chart, units, rules, dashboards and dependencies against the tools that read them; ARGS=--all wants each of them
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --require-hashes -r requirements/validate.txt \
	  || echo "What requirements/validate.txt names could not be installed; what needs it is not run."
	@$(MAKE) --no-print-directory $(SUPPLY)/.installed \
	  || echo "What requirements/supply.txt names could not be installed; what needs it is not run."
	@$(BIN)/python -m deploy.validation $(ARGS)

sbom: $(SUPPLY)/.installed ## Write each image's bill of materials into sbom/; ARGS="payments tools" for some
	@$(BIN)/python -m deploy.sbom $(ARGS)

check: lint ## Format, lint, types, architecture
	@$(BIN)/pytest -q tests/architecture

lint: $(STAMP) ## Format, lint, types, import contracts: what of `make check` is no test
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# `make bench messages`: the words after `bench` are names of benchmarks and not targets.
ifeq (bench,$(firstword $(MAKECMDGOALS)))
BENCHES := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
ifneq (,$(BENCHES))
.PHONY: $(BENCHES)
$(BENCHES):
	@:
endif
endif
bench: $(STAMP) ## Measure, e.g. `make bench messages`; without a name it lists the benchmarks
	@$(BIN)/python -m bench $(BENCHES) $(ARGS)

##@ Tend
fmt: $(STAMP) ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

lock: $(STAMP) ## Resolve the dependencies anew and write the hashed locks
	@UV=$(BIN)/uv requirements/lock

install: $(STAMP) ## Make the virtual environment from the locks

clean: ## Remove the environment and caches; DATA=1 also stops the stack and removes its data
	@if [ -n "$(DATA)" ] && [ -x $(BIN)/waybill ]; then $(BIN)/waybill down --remove-data --yes; fi
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): $(LOCKS)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Waybill needs Python 3.11 or newer and %s is %s: set PYTHON=/path/to/python3.11." % (sys.executable, sys.version.split()[0]))'
	@echo "Installing into $(VENV) (once; again when a lock changes) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "python3 cannot make a virtual environment: on Debian and Ubuntu, apt install python3-venv."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/dev.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q shared services deploy
	@touch $@

# Of its own: what these programs bring must not stand in for what the tests run with.
$(SUPPLY)/.installed: requirements/supply.txt $(STAMP)
	@$(PYTHON) -m venv --without-pip $(SUPPLY)
	@$(BIN)/uv pip install --quiet --python $(SUPPLY)/bin/python --no-deps --require-hashes -r requirements/supply.txt
	@touch $@

help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
