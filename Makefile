# `make help` lists what there is. Everything installs what it needs into .venv.
.DEFAULT_GOAL := help
.PHONY: help install run demo test check contract bench bench-stream bench-kernels bench-kernel-growth bench-scale \
	bench-outage bench-flood bench-grafana bench-rerate bench-credit bench-decks bench-fraud bench-mediation \
	bench-console bench-console-reads simulate-credit soak simulate chaos screenshots grafana lock
PY := .venv/bin/python
STAMP := .venv/installed
SHELL := /bin/bash

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(STAMP) ## create .venv with everything pinned and hashed

$(STAMP): requirements/dev.txt pyproject.toml deploy/install.sh
	bash deploy/install.sh

run: install ## everything on this machine, with live demo traffic; Ctrl-C stops it
	@exec .venv/bin/tollwire run

demo: install ## a day's 200,000 calls through the real processes, with the account of every one
	.venv/bin/tollwire demo --calls 200000 --json

test: install ## the tests (default markers), browser included
	bash deploy/install.sh tests
	.venv/bin/pytest

check: install ## lint, types, floors, migrations against tables
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

contract: install ## write docs/contract of the code's own types, and the history of messages
	.venv/bin/tollwire contract
	@$(PY) -m tests.contract.history

bench: install bench-stream bench-kernels ## every benchmark
	.venv/bin/pytest -m bench -s tests

bench-stream: install ## the live stream, end to end; the last line is JSON
	@$(PY) -m tests.bench.stream

bench-kernels: install ## the rating kernels beside DuckDB, Polars, ClickHouse, pandas; the last line is JSON
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@$(PY) -m tests.bench.kernels

bench-kernel-growth: install ## time and memory of the rating kernels as they grow: docs/img/kernel-growth.png
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@$(PY) -m tests.bench.kernel_growth

bench-scale: install ## 1, 2 and 4 raters in one group, and the pauses they cause; the last line is JSON
	@bash deploy/install.sh kafka
	@$(PY) -m tests.bench.scale

bench-outage: install ## ClickHouse away for ten minutes under load; the last line is JSON
	@bash deploy/install.sh kafka
	@$(PY) -m tests.bench.outage

bench-flood: install ## what a flood of bad records costs the good ones; the last line is JSON
	@bash deploy/install.sh kafka
	@$(PY) -m tests.bench.flood

bench-rerate: install ## preview, apply, roll back of 10 M stored calls, 100 M with BIG=1; the last line is JSON
	@$(PY) -m tests.bench.rerate

bench-credit: install ## how long a switch waits for its answer; the last line is JSON
	@$(PY) -m tests.bench.credit

bench-mediation: install ## lines a second of what switches write, every format; the last line is JSON
	@$(PY) -m tests.bench.mediation

bench-decks: install ## a rate sheet of 200,000 rows, from bytes to a tariff; the last line is JSON
	@$(PY) -m tests.bench.decks

bench-fraud: install ## fraud detection on labelled traffic, beside plain thresholds; the last line is JSON
	@$(PY) -m tests.bench.fraud

bench-deck-diff: install ## what a new version of 200,000 codes changes, with traffic
	@$(PY) -m tests.bench.deck_diff

bench-console: install ## fifty open NOC pages while 5,000 calls a second flow; the last line is JSON
	@bash deploy/install.sh kafka
	@$(PY) -m tests.bench.console

bench-console-reads: install ## what the console's questions take on six million calls, beside plain sums; the last line is JSON
	@$(PY) -m tests.bench.console_reads

bench-grafana: install ## what each query of the Grafana dashboards reads and takes; the last line is JSON
	@$(PY) -m tests.bench.grafana

screenshots: install ## pictures of every page, from the demo: docs/img
	@$(PY) -m tests.browser.screenshots

simulate-credit: install ## thousands of calls on little money, with faults: the worst overrun; the last line is JSON
	@$(PY) -m tests.credit

soak: install ## an hour at half load: memory and loss; the last line is JSON
	@bash deploy/install.sh kafka
	@$(PY) -m tests.bench.soak

simulate: install ## 5,000 seeds of the simulated stream
	@$(PY) -m tests.simulation --seeds 0:5000

chaos: install ## 200 faults on the real processes under load, on Apache Kafka: half an hour; the last line is JSON
	@bash deploy/install.sh kafka
	@$(PY) -m tests.chaos

grafana: install ## write the Grafana dashboards and alert rules anew from dashboards/grafana/*.py
	@$(PY) -m dashboards.grafana

lock: install ## resolve requirements/*.txt anew (hashes, no host names)
	.venv/bin/pip install --quiet uv
	.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		pyproject.toml -o requirements/run.txt
	.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		pyproject.toml --extra embedded --group dev -o requirements/dev.txt
	.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		pyproject.toml --extra embedded --extra bench --group dev -c requirements/dev.txt -o requirements/bench.txt
	.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		pyproject.toml --extra embedded --group dev --group cuda -c requirements/dev.txt -o requirements/cuda.txt
	.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		pyproject.toml --extra gpu -o requirements/gpu.txt
