set positional-arguments

export PATH := justfile_directory() / ".venv/bin" + ":" + env("PATH")
export VIRTUAL_ENV := justfile_directory() / ".venv"

[private]
default:
    @just --list --unsorted

# Start everything, play the scenario once, then stay until Ctrl-C
up *arguments:
    @exec mediator up "$@"

# Play the scenario on throw-away stores and exit with its verdict
demo *arguments:
    @exec mediator demo "$@"

# Run the tests, on all cores; arguments go to pytest
test *arguments:
    @exec pytest -n auto "$@"

# Install the foreign servers that the tests run by Node.js, where there is one
peers:
    #!/bin/sh
    set -eu
    command -v npm >/dev/null || { echo "peers: no npm here; the tests that need it will say so and skip" >&2; exit 0; }
    npm ci --prefix tests/peers --ignore-scripts --no-audit --no-fund

# Everything that has to hold: lint, format, types, import contracts, tests with coverage
check:
    ruff check
    ruff format --check
    mypy
    lint-imports
    pytest -n auto --cov --cov-report=term

# Mend what ruff can mend: lint, then format
fix:
    ruff check --fix
    ruff format

# Check the types alone
types:
    mypy

# Measure the ledger beside named baselines, on throw-away stores; --quick takes less than 8 minutes
bench *arguments:
    @exec python -m tests.bench "$@"

# Bring the database up to date
migrate *arguments:
    @exec mediator migrate "$@"

# Start a new migration; the argument says what it does
revision message:
    @exec mediator revision "$1"

# Start the HTTP API alone
api *arguments:
    @exec mediator api "$@"

# Start the worker alone
worker *arguments:
    @exec mediator worker "$@"

# Prove the books: re-add the ledger, compare it with each provider's own books
prove *arguments:
    @exec mediator prove "$@"

# Look after the ledger: accounts, transfers, holds, limits, statements, copies
ledger *arguments:
    @exec mediator ledger "$@"

# Exchange currencies: rates, quotes, exposure
fx *arguments:
    @exec mediator fx "$@"

# Show jobs that failed for good, or hand them to the worker again
jobs *arguments:
    @exec mediator jobs "$@"

# Open a tenant; its API key is printed once
tenants *arguments:
    @exec mediator tenants "$@"

# Open psql on the database
shell-db *arguments:
    @exec mediator shell-db "$@"

# Make both lock files anew, keeping what still fits; --upgrade moves all versions on
lock *arguments:
    #!/bin/sh
    set -eu
    . .venv/pip-settings.sh
    # Extra indexes and folders of wheels tell no upload times, without which there is no cooling-off.
    unset UV_INDEX UV_FIND_LINKS
    compile() { uv pip compile pyproject.toml --universal --generate-hashes --no-header --quiet "$@"; }
    compile --group dev --group embedded --output-file requirements.lock "$@"
    compile --output-file requirements-image.lock "$@"

# Remove what tools leave behind; the data in .mediator and the .venv stay
clean:
    rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache htmlcov dist .coverage .coverage.* tests/peers/node_modules
    find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
