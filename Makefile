# Two commands do everything, set-up included: `make repro` and `make test`.
PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
# The address of another wheel index for torch, such as PyTorch's CPU index.
TORCH_INDEX ?=
JOBS ?= 2
# What makes the cells of `make grid`, as `recore cells --executor` names it, and the address of a Dask scheduler.
ENGINE ?=
ADDRESS ?=

.DEFAULT_GOAL := help
.PHONY: help setup repro grid decide record test test-slow lint format bench

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready  ## make .venv and install the pinned dependencies (again only when they change)

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("recore needs Python 3.11 or later, this is " + sys.version.split()[0] + "; set PYTHON=python3.x" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --no-deps --index-url $(TORCH_INDEX) torch)
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

repro: setup  ## the main job: run what is not up to date of the grid in params.yaml
	PYTHONPATH=src python -m recore check
	@PYTHONPATH=src python -m recore mend
	dvc repro
	@cat metrics/table.md
	@PYTHONPATH=src python -m recore costs

grid: setup  ## the same with JOBS cells at once (JOBS=2), or on machines (ENGINE=dask ADDRESS=tcp://head:8786)
	PYTHONPATH=src python -m recore check
	@PYTHONPATH=src python -m recore mend
	dvc stage list --name-only | grep -E '^(split|encoders)' | xargs -r dvc repro
ifneq ($(ENGINE),)
	PYTHONPATH=src python -m recore cells --executor '$(ENGINE)' $(if $(ADDRESS),--address '$(ADDRESS)') $(if $(filter processes,$(ENGINE)),--jobs $(JOBS))
else
	dvc stage list --name-only | grep '^train' | xargs -r -P $(JOBS) -n 1 dvc --wait-for-lock repro --single-item
	dvc stage list --name-only | grep '^evaluate' | xargs -r -P $(JOBS) -n 1 dvc --wait-for-lock repro --single-item
endif
	dvc repro
	@cat metrics/table.md
	@PYTHONPATH=src python -m recore costs

decide: setup  ## seeds until it is known: look after look as `significance.looks` names them (JOBS=2)
	@PYTHONPATH=src python -m recore mend
	PYTHONPATH=src python -m recore decide --jobs $(JOBS)
	@cat metrics/table.md

record: setup  ## run docs/results/NAME/params.yaml in a clean clone and put it on record (NAME=reduced JOBS=2 FOLDER=)
	PYTHONPATH=src python -m recore record make $(NAME) --jobs $(JOBS) $${FOLDER:+--folder "$$FOLDER"} $${LARGE:+--large "$$LARGE"}

test: setup  ## the fast tests, JOBS at once (JOBS=2)
	python -m pytest -n $(JOBS) --dist worksteal

test-slow: setup  ## the tests that take longer
	python -m pytest -m slow -n $(JOBS) --dist worksteal

lint: setup  ## formatting and static checks
	ruff format --check .
	ruff check .

format: setup  ## apply the formatting
	ruff format .
	ruff check --fix .

bench: setup  ## speed and memory of filter + split, statistics, training, evaluation, recommending, baselines and start, on generated data
	PYTHONPATH=src python benchmarks/filter_split.py
	PYTHONPATH=src python benchmarks/significance.py
	PYTHONPATH=src python benchmarks/training_step.py
	PYTHONPATH=src python benchmarks/ranking.py
	PYTHONPATH=src python benchmarks/recommend.py
	PYTHONPATH=src python benchmarks/baselines.py
	PYTHONPATH=src python benchmarks/growth.py
	PYTHONPATH=src python benchmarks/mining.py
	PYTHONPATH=src python benchmarks/startup.py
	PYTHONPATH=src python benchmarks/page.py

