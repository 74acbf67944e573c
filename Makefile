# What a person can do here; `make` alone lists it. CI calls the same targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench bench-quick clean

help: ## List what can be done
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-11s %s\n", $$1, $$2}'

setup: $(READY) ## Create .venv and install everything, once

$(READY): pyproject.toml constraints.txt setup.sh
	@PYTHON="$(PYTHON)" sh setup.sh $(VENV)
	@touch $@

demo: $(READY) ## Rank the sample film and say where its contact sheet is
	@$(BIN)/ava models pull --as-far-as-possible
	@$(BIN)/ava rank sample_media/sample_film.mp4 --out build/demo --top 10

test: $(READY) ## Run all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(READY) ## Format, lint, types, import floors, lazy imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_house.py

bench: $(READY) ## Measure, and write benchmarks/results/*.json
	$(BIN)/python -m benchmarks.scan
	$(BIN)/python -m benchmarks.pipeline
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.scaling
	$(BIN)/python -m benchmarks.sheet
	$(BIN)/python -m benchmarks.workers
	$(BIN)/python -m benchmarks.catalog
	$(BIN)/python -m benchmarks.fuzz sample_media/sample_film.mp4 --n 40
	$(BIN)/python -m benchmarks.face_identity
	$(BIN)/python -m benchmarks.taste
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.faces
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.scorers

bench-quick: $(READY) ## Compare a few ratios with those on record, in under two minutes
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.quick

clean: ## Remove the environment and what was built
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
