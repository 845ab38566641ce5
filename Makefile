# Everything starts here, on a machine with python3 (3.11 or newer, with venv), make and git.

PYTHONS = python3 python3.14 python3.13 python3.12 python3.11
PIP = .venv/bin/python -m pip install --disable-pip-version-check --require-hashes --no-deps --only-binary :all:
PYTEST = .venv/bin/python -m pytest
PARALLEL = -n logical --dist worksteal
# Tests start the program many times over: compiled, it starts in half the time.
unexport PYTHONDONTWRITEBYTECODE

help:           ## this list
	@sed -n 's/^\([a-z]*\):.*##/\1\t/p' Makefile | expand -t 14

demo: .venv/assets  ## Qazyna with its own database and a demonstration oblast, until Ctrl-C
	@exec .venv/bin/qazyna demo

test: lint      ## everything: rules of the code, all tests, pages in a real browser, a second PostgreSQL
	.venv/bin/python -m qazyna.browser
	$(PYTEST) $(PARALLEL)
	@if ls /usr/lib/postgresql/1[5-8]/bin/initdb >/dev/null 2>&1; then \
	    echo "The database tests once more, on this machine's own PostgreSQL:"; \
	    $(PYTEST) $(PARALLEL) --postgres=system -m database tests/ledger tests/erp; \
	else \
	    echo "This machine has no PostgreSQL 15 to 18 of its own: the tests ran on the embedded one only."; \
	fi

check: lint     ## rules of the code, its order, and the migrations from empty
	$(PYTEST) $(PARALLEL) tests/tidy tests/migrations

lint: .venv/dev .venv/assets
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: .venv/dev .venv/assets  ## measure, into bench/results.json
	.venv/bin/python -m bench

faults: .venv/dev .venv/assets  ## kill everything at 200 random instants and compare the books
	.venv/bin/python -m tests.faults --instants 200

screenshots: .venv/dev .venv/assets  ## take the pictures of the documentation anew
	.venv/bin/python -m qazyna.browser
	.venv/bin/python -m docs.screenshots

install: .venv/runtime  ## the program without starting it
	@.venv/bin/python -m qazyna.assets
	@touch .venv/assets

clean:          ## away with all that was installed or built; the data in .data stays
	rm -rf .venv node_modules web/static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name .data -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# Each of these files says that its step was completed.

.venv/made:
	@for python in $(PYTHONS); do \
	    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	    python=; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "Python 3.11 or newer is needed, and none of $(PYTHONS) is that." >&2; exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	    version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	    echo "This Python lacks its module venv: apt-get install python$$version-venv." >&2; exit 1; \
	fi; \
	echo "Installing into .venv: this takes a few minutes, once."; \
	$$python -m venv --clear .venv
	@touch $@

# The program runs from this folder: a path file and a launcher are all that has to be installed of it.
.venv/runtime: .venv/made requirements.lock
	$(PIP) -r requirements.lock
	@echo ../../../.. > "$$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/qazyna.pth"
	@printf '#!/bin/sh\nexec "$$(dirname "$$(readlink -f "$$0")")/python" -P -m qazyna "$$@"\n' > .venv/bin/qazyna
	@chmod +x .venv/bin/qazyna
	@touch $@

.venv/dev: .venv/runtime requirements-dev.lock
	$(PIP) -r requirements-dev.lock
	@touch $@

.venv/assets: .venv/runtime package-lock.json
	@.venv/bin/python -m qazyna.assets
	@touch $@

.PHONY: help demo test check lint bench faults screenshots install clean
