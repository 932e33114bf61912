"""What a public project has: versions that agree, environments of the same packages, hooks."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import sh_teach

ROOT = Path(__file__).resolve().parents[1]


def text(name):
    return (ROOT / name).read_text("utf-8")


CITATION = yaml.safe_load(text("CITATION.cff"))
HOOKS = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"][0]["hooks"]


def test_the_version_is_the_same_wherever_it_is_said():
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    (changed, date), *_ = re.findall(r"^## (\S+) \((.*)\)$", text("CHANGELOG.md"), re.M)
    assert sh_teach.__version__ == version
    assert re.findall(r"version = \{(.*)\}", text("README.md")) == [version]
    assert changed == CITATION["version"] == version
    assert date == CITATION["date-released"]


def test_the_citation_has_what_the_format_requires():
    assert {"cff-version", "message", "title", "authors"} <= CITATION.keys()
    assert CITATION["license"] == tomllib.loads(text("pyproject.toml"))["project"]["license"]
    assert CITATION["title"] in re.sub(r"\\", "", text("README.md"))


def packages(name):
    return yaml.safe_load(text(name))["dependencies"]


def test_binder_gets_the_packages_of_the_course_without_a_graphics_build_of_torch():
    tests = tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"]["test"]
    *whole, _ = packages("environment.yml")
    wanted = {line.replace("pytorch>", "pytorch-cpu>") for line in whole} - set(tests)
    assert set(packages(".binder/environment.yml")) == wanted


def test_the_container_is_made_of_files_that_exist():
    lines = text(".devcontainer/devcontainer.json").splitlines()
    settings = json.loads("\n".join(line for line in lines if not line.startswith("//")))
    named = re.findall(r"\.binder/\w+(?:\.\w+)?", settings["onCreateCommand"])
    assert named == [".binder/environment.yml", ".binder/postBuild"]
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_each_hook_accepts_a_file_as_it_is_stored(hook):
    assert hook["language"] == "system"
    python, *command = hook["entry"].split()
    assert python == "python"
    file = "notebooks/00_start_here.ipynb"
    run = subprocess.run(
        [sys.executable, *command, file], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CHANGELOG.md", "TEACHING.md"])
def test_what_a_page_names_exists(name):
    page = text(name)
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.M))
    assert set(re.findall(r"`make\s+([a-z]+)", page)) <= targets
    for file in re.findall(r"`(?:python )?((?:scripts|tests)/\w+\.py)", page):
        assert (ROOT / file).is_file(), file
