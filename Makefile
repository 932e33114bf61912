# Needs GNU make 3.81 or newer and Python 3.11 or newer; on Windows, a bash such as Git's.

VENV := .venv
# What builds the browser edition and the book is kept away from what the course runs on.
LITE := .venv-lite
BOOK := .venv-book
# `make test CONSTRAINTS=` takes the newest versions instead of the pinned ones.
CONSTRAINTS ?= constraints.txt

ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := Scripts
else
PYTHON ?= python3
BIN := bin
endif
PY := $(VENV)/$(BIN)/python

# JupyterLab refuses to run as root, which in a container is the usual user.
ALLOW_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)

# JupyterLab asks the network for new versions, and the reader whether it may ask for news. A link
# to a page in Markdown opens its source.
LAB_SETTINGS := $(VENV)/share/jupyter/lab/settings/overrides.json
NO_NEWS := "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}
PREVIEW := "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}}

# With a backend from outside, notebook kernels would not draw inline.
unexport MPLBACKEND

# glibc returns memory to the system that the next step of a training asks for again. Keeping it
# makes training a tenth faster. Other systems ignore these.
export MALLOC_TRIM_THRESHOLD_ := 2000000000
export MALLOC_MMAP_THRESHOLD_ := 2000000000

# The first use of matplotlib on a machine prints a message, which would end up in a notebook.
BUILD_FONT_CACHE = $(PY) -c 'import matplotlib.font_manager'

# This notebook trains on two processes for minutes, so nothing else is tested meanwhile.
TWO_PROCESSES := notebooks/02_successive_halving.ipynb

# The longest first, so that both processors are busy to the end.
SIDE_BY_SIDE := -n 2 --dist loadscope --no-loadscope-reorder

# What the notebooks need in a browser tab, and Pyodide does not have.
WHEELS := comm ipywidgets tqdm platformdirs filelock cloudpickle

.PHONY: help lab test browser lite lite-test book book-test notebooks handout grade slides data bench constraints clean

## make lab          open the first notebook in JupyterLab
## make test         check style, module and notebooks, also in a browser, if there is one
## make browser      only run the notebooks in JupyterLab in a browser, Chromium
## make notebooks    run every notebook and store its outputs
## make handout      write the student edition, without solutions, to handout/
## make grade        run what students handed in and tabulate it: make grade FOLDER=../handed_in
## make slides       write the notebooks as slides to build/slides/
## make lite         write the browser edition to build/lite/
## make lite-test    try it: run all notebooks in a browser tab
## make book         write the book to build/book/
## make book-test    check its links, pictures and contrasts
## make data         get all of Fashion-MNIST (a sample of it is included)
## make bench        measure: one table, in ten minutes
## make constraints  renew the pinned versions in constraints.txt
## make clean        delete caches and build leftovers, but not .venv
## make help         show this list
##
## What is missing is installed into .venv the first time.
## Another Python:   make lab PYTHON=python3.13
## JupyterLab flags: make lab LAB_ARGS=--no-browser
## Something odd?    .venv/bin/python scripts/check_setup.py (Windows: .venv/Scripts/python ...)
help:
	@sed -n 's/^## \{0,1\}//p' Makefile

lab: $(VENV)/installed $(LAB_SETTINGS)
	$(PY) -m jupyterlab $(ALLOW_ROOT) --ServerApp.root_dir="$(CURDIR)" $(LAB_ARGS) $(firstword $(sort $(wildcard notebooks/*.ipynb)))

test: $(VENV)/installed-test,tools,browser $(LAB_SETTINGS)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) scripts/store_notebooks.py --check
	@$(BUILD_FONT_CACHE)
	OMP_NUM_THREADS=1 $(PY) -m pytest -rs $(SIDE_BY_SIDE) --nbval --nbval-current-env --doctest-modules \
	  tests/test_browser.py $(filter-out $(TWO_PROCESSES),$(sort $(wildcard notebooks/*.ipynb))) sh_teach tests
	$(PY) -m pytest --nbval --nbval-current-env $(TWO_PROCESSES)

browser: $(VENV)/installed-test,tools,browser $(LAB_SETTINGS)
	$(PY) -m pytest tests/test_browser.py

notebooks: $(VENV)/installed-test $(VENV)/installed-tools
	@$(BUILD_FONT_CACHE)
	$(PY) scripts/store_notebooks.py

handout: $(VENV)/installed-test
	$(PY) scripts/write_handout.py

grade: $(VENV)/installed-test
	@$(PY) scripts/grade.py $(if $(FOLDER),"$(FOLDER)")

slides: $(VENV)/installed-test
	$(PY) scripts/make_slides.py

# Pyodide comes from its public address when a page is opened; PYODIDE=folder copies it into the site.
lite: $(LITE)/installed
	$(LITE)/$(BIN)/python scripts/lite/build.py build/lite $(LITE)/wheels $(if $(PYODIDE),--pyodide "$(PYODIDE)")

# A self-contained site for the tests, if its parts can be had. If not, the tests are skipped.
build/lite-test: $(LITE)/installed $(wildcard scripts/lite/*.* notebooks/*.* sh_teach/*.* sh_teach/*/*.*)
	rm -rf $@
	! $(LITE)/$(BIN)/python scripts/lite/parts.py $(LITE)/pyodide || \
	  $(LITE)/$(BIN)/python scripts/lite/build.py $@ $(LITE)/wheels --pyodide $(LITE)/pyodide

lite-test: $(VENV)/installed-test,tools,browser build/lite-test
	SH_TEACH_LITE=all $(PY) -m pytest -rs tests/test_lite.py

book: $(BOOK)/installed
	$(BOOK)/$(BIN)/python scripts/book/build.py build/book

book-test: $(VENV)/installed-test,tools,browser book
	SH_TEACH_BOOK=yes $(PY) -m pytest -rs tests/test_book.py

data: $(VENV)/installed
	$(PY) scripts/get_data.py

bench: $(VENV)/installed-tools
	@$(PY) benchmarks

# On the oldest Python, because a version made for it usually runs on newer ones too.
constraints: $(VENV)/installed-test $(VENV)/installed-tools $(VENV)/installed-browser
	@$(PY) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "Renew the pins with Python 3.11: delete $(VENV), then add PYTHON=python3.11" >&2; exit 1; }
	$(PY) -m pip install --upgrade --upgrade-strategy eager -e '.[test,tools,browser]'
	$(PY) -m pip freeze --exclude-editable > $(VENV)/freeze
	{ grep '^#' constraints.txt; sed -n '/==/s/+.*//; /==/p' $(VENV)/freeze; } > $(VENV)/constraints
	mv $(VENV)/constraints constraints.txt
	touch $(VENV)/installed*

clean:
	rm -rf build dist screenshots *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -path './$(VENV)*' -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) \
	  -exec rm -rf {} +

# A stamp is written last, so an interrupted install is taken up again. pip writes RECORD last:
# a package without one is half there, and pip would take it for whole.
$(VENV)/installed: pyproject.toml $(CONSTRAINTS)
	@for info in $(VENV)/lib/python*/site-packages/*.dist-info $(VENV)/Lib/site-packages/*.dist-info; do \
	  [ ! -d "$$info" ] || [ -e "$$info/RECORD" ] || rm -rf "$$info"; \
	done
	@$(PY) -m pip --version >/dev/null 2>&1 || { \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "This needs Python 3.11 or newer, which \"$(PYTHON)\" is not. If you have one," >&2; \
	    echo "name it: make $(MAKECMDGOALS) PYTHON=python3.13" >&2; exit 1; }; \
	  $(PYTHON) -m venv $(VENV); }
	$(PY) -m pip install $(CONSTRAINTS:%=-c %) -e .
	@touch $@

$(LITE)/installed: scripts/lite/requirements.txt $(CONSTRAINTS)
	$(PYTHON) -m venv --clear $(LITE)
	$(LITE)/$(BIN)/python -m pip install -r $<
	rm -rf $(LITE)/wheels
	$(LITE)/$(BIN)/python -m pip download --no-deps $(CONSTRAINTS:%=-c %) -d $(LITE)/wheels $(WHEELS)
	@touch $@

$(BOOK)/installed: scripts/book/requirements.txt
	$(PYTHON) -m venv --clear $(BOOK)
	$(BOOK)/$(BIN)/python -m pip install -r $<
	@touch $@

$(LAB_SETTINGS): $(VENV)/installed
	@mkdir -p $(@D)
	@echo '{$(NO_NEWS), $(PREVIEW)}' > $@

$(VENV)/installed-%: $(VENV)/installed
	$(PY) -m pip install $(CONSTRAINTS:%=-c %) -e '.[$*]'
	@touch $@
