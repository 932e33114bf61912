"""Grading: what students hand in is judged by the master's checks and harms nobody else."""

import csv
import json
import socket
import sys
from pathlib import Path

import grade
import pytest
from grade_plan import Cell, exercises, make_plan
from grade_run import Limits, can_fence, grade_notebook, verdict

ROOT = Path(__file__).resolve().parents[1]
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory")

MASTER = [
    Cell("markdown", "# Tiny", "title-text"),
    Cell("code", "from sh_teach import check_answer", "imports"),
    Cell("code", "raise RuntimeError('nobody needs this')\nlive = 1", "live"),
    Cell("code", "six = 6", "six"),
    Cell("markdown", "### 1 · ★ Six\n\nHow many?", "exercise-1-text"),
    Cell("code", "number = None", "exercise-1"),
    Cell("code", "check_answer(number, lambda n: n == six or 'No.')", "exercise-1-check"),
    Cell("code", "check_answer(6, lambda n: n == six)", "solution-1"),
    Cell("markdown", "### 2 · ★★ Twice\n\nDouble it.", "exercise-2-text"),
    Cell("code", "def twice(x):\n    raise NotImplementedError", "exercise-2"),
    Cell("code", "check_answer(twice, lambda twice: twice(2) == 4)", "exercise-2-check"),
    Cell("code", "check_answer(lambda x: 2 * x, lambda twice: twice(2) == 4)", "solution-2"),
]
TWICE = "def twice(x):\n    return 2 * x"


def hand_in(changed=None, without=(), ids=True):
    """Return the master's cells without solutions, some of them changed."""
    changed = changed or {}
    return [
        Cell(cell.kind, changed.get(cell.id, cell.source), cell.id if ids else "")
        for cell in MASTER
        if not cell.id.startswith("solution") and cell.id not in without
    ]


def write(path, cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = [
        {"cell_type": c.kind, "source": c.source, "metadata": {}} | ({"id": c.id} if c.id else {})
        for c in cells
    ]
    path.write_text(json.dumps({"cells": stored, "nbformat": 4, "nbformat_minor": 5}), "utf-8")


def one(source):
    """Hand in this source for exercise 1, and a right answer to exercise 2."""
    return hand_in({"exercise-1": source, "exercise-2": TWICE})


def forged(folder):
    return hand_in(
        {
            "exercise-1": "number = 5",
            "exercise-1-check": "print('right')",
            "exercise-2": "def twice(x):\n    print('right')\n    return 5",
        }
    )


def vandal(folder):
    return one(
        f"from pathlib import Path\nfolder = Path({str(folder)!r})\n"
        "for path in [folder / 'ada' / '01_tiny.ipynb', folder / 'new', folder / '..' / 'x']:\n"
        "    try:\n        path.write_text('{}')\n    except OSError:\n        pass\n"
        "number = 6"
    )


HAND_INS = {
    "ada, all right": lambda _: one("number = 3 + 3"),
    "ben, empty": lambda _: hand_in(),
    "cyd, endless loop": lambda _: one("while True:\n    pass"),
    "dan, edited checks": forged,
    "eve, exits": lambda _: one("import os\nos._exit(0)"),
    "fay, prints without end": lambda _: one("while True:\n    print('x' * 1000)"),
    "gus, lost ids": lambda _: [Cell(cell.kind, cell.source) for cell in one("number = 6  # six")],
    "hal, eats memory": lambda _: one("number = bytearray(10**12)"),
    "ivy, vandal": vandal,
}


@pytest.fixture(scope="module")
def limits():
    found = Limits(seconds=5, megabytes=2000)
    found.fenced = can_fence(found)
    return found


@pytest.fixture(scope="module")
def graded(tmp_path_factory, limits):
    """Grade the hand-ins; return the folder, and the row of each student."""
    folder = tmp_path_factory.mktemp("handed in") / "class"
    for student, cells in HAND_INS.items():
        write(folder / student.split(",")[0] / "01_tiny.ipynb", cells(folder))
    (folder / "joe").mkdir()
    (folder / "joe" / "01_tiny.ipynb").write_bytes(b"\x89PNG, no notebook")
    (folder / "kim").mkdir()
    limits = Limits(**vars(limits) | {"hidden": [folder]})
    rows = grade.grade(folder, {"01_tiny": MASTER}, limits)
    grade.write_tables(rows, folder, [])
    return folder, {student: (list(results.values()), said) for student, results, said in rows}


@pytest.mark.parametrize(
    ("student", "results", "remark"),
    [
        ("ada", ["right", "right"], None),
        ("ben", ["not attempted", "not attempted"], None),
        ("cyd", ["not yet", "right"], "01-1: its cell did not end within 5 s: left out"),
        ("dan", ["not yet", "not yet"], "01-1: its check is changed: the master's was used"),
        ("eve", ["not yet", "right"], "01-1: its cell ended the process: left out"),
        ("fay", ["not yet", "right"], "01-1: its cell printed too much: left out"),
        ("gus", ["right", "right"], None),
        pytest.param(
            *("hal", ["not yet", "right"], "01-1: its cell ended with MemoryError"), marks=linux
        ),
        ("ivy", ["right", "right"], None),
        ("joe", ["not attempted", "not attempted"], "01_tiny is no notebook"),
        ("kim", ["not attempted", "not attempted"], "no notebook was handed in"),
    ],
)
def test_each_hand_in_gets_its_row(student, results, remark, graded):
    found, said = graded[1][student]
    assert found == results
    assert any(text.startswith(remark) for text in said) if remark else said == []


def test_no_notebook_changes_the_others(graded, limits):
    folder, _ = graded
    if not limits.fenced:
        pytest.skip("this system does not let `unshare` make a fence")
    assert json.loads((folder / "ada" / "01_tiny.ipynb").read_text("utf-8"))["cells"]
    assert not (folder / "new").exists()
    assert not (folder.parent / "x").exists()


def test_the_table_has_a_row_for_each_student_and_a_column_for_each_exercise(graded):
    folder, rows = graded
    with open(folder / "grades.csv", newline="", encoding="utf-8-sig") as file:
        header, *table = csv.reader(file)
    assert header == ["student", "right", "01-1", "01-2", "remarks"]
    assert [row[0] for row in table] == sorted(rows)
    assert table[0] == ["ada", "2", "right", "right", ""]
    markdown = (folder / "grades.md").read_text("utf-8").splitlines()
    assert markdown[2] == "| ada | 2 | right | right |  |"
    assert len(markdown) == 2 + len(rows)


# --- one notebook --------------------------------------------------------------------------


def result(cells, limits):
    results, remarks = grade_notebook(MASTER, cells, limits)
    return list(results.values()), [text for _, text in remarks]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import ctypes\nctypes.string_at(0)", "its cell ended the process"),
        ("import sys\nsys.exit()", "its cell ended with SystemExit"),
        ("exit()", "its cell ended with SystemExit"),
        ("quit()", "its cell ended with SystemExit"),
        ("number = (", "its cell ended with SyntaxError"),
        ("class N:\n    __eq__ = lambda *_: __import__('os')._exit(1)\nnumber = N()", "its check"),
    ],
    ids=["crash", "sys.exit", "exit", "quit", "syntax", "exit in the check"],
)
def test_what_ends_one_exercise_leaves_the_next(source, said, limits):
    results, remarks = result(one(source), limits)
    assert results == ["not yet", "right"]
    assert remarks[0].startswith(said)


def test_without_a_fence_the_limits_hold_and_the_table_says_what_is_missing(limits, tmp_path):
    bare = Limits(**vars(limits) | {"fenced": False})
    assert result(one("import os\nos._exit(0)"), bare)[0] == ["not yet", "right"]
    assert "could use the network" in grade.write_tables([], tmp_path, [grade.NO_FENCE])


def test_an_error_without_a_text_is_named_without_a_colon(limits):
    said = result(one("raise KeyboardInterrupt"), limits)[1]
    assert said == ["its cell ended with KeyboardInterrupt"]


def test_a_check_adds_no_remark_to_that_of_its_stub(limits):
    assert len(result(one("number = ("), limits)[1]) == 1


def test_names_that_a_check_imports_cannot_be_replaced(limits):
    cheat = "number = 5\ncheck_answer = lambda *_: print('right')\nprint = exit"
    assert result(one(cheat), limits)[0] == ["not yet", "right"]


def test_the_network_cannot_be_reached(limits):
    if not limits.fenced:
        pytest.skip("this system does not let `unshare` make a fence")
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = f"import socket\nsocket.create_connection({server.getsockname()!r}, 5)\nnumber = 6"
        assert "ConnectionRefusedError" in result(one(call), limits)[1][0]


def test_the_solutions_cannot_be_seen(limits):
    if not limits.fenced:
        pytest.skip("this system does not let `unshare` make a fence")
    hiding = Limits(**vars(limits) | {"hidden": [ROOT / "notebooks"]})
    look = f"import os\nnumber = 6 + len(os.listdir({str(ROOT / 'notebooks')!r}))"
    assert result(one(look), hiding) == (["right", "right"], [])


def test_a_limit_of_memory_too_low_to_start_is_said(limits):
    if sys.platform != "linux":
        pytest.skip("only Linux limits memory")
    low = Limits(**vars(limits) | {"megabytes": 5})
    assert "is the limit of memory too low?" in result(one("number = 6"), low)[1][0]


def test_an_answer_in_a_real_notebook_is_right(limits):
    master = grade.masters()["02_successive_halving"]
    answer = "trials, epochs, random_search_epochs = 27, 243, 2187"
    cells = [Cell(c.kind, answer if c.id == "exercise-1" else c.source, c.id) for c in master]
    results, remarks = grade_notebook(master, cells, limits)
    assert list(results.values()) == ["right", *["not attempted"] * 3]
    assert remarks == []


@pytest.mark.parametrize("name", grade.masters())
def test_the_solutions_of_every_notebook_can_be_put_into_its_stubs(name):
    master = grade.masters()[name]
    plan = make_plan(master, grade.solved(master))
    assert plan.attempted == exercises(master)
    assert plan.remarks == []


def test_no_training_is_run_for_an_exercise_that_does_not_ask_for_it():
    master = grade.masters()["02_successive_halving"]
    trainings = {c.id for c in master if "LIVE" in c.source or c.id.startswith("live")}
    assert len(trainings) > 1
    run = {item.cell for item in make_plan(master, grade.solved(master)).items}
    assert not run & trainings


# --- what is run ---------------------------------------------------------------------------


def planned(cells):
    return [(item.kind, item.source) for item in make_plan(MASTER, cells).items]


def test_only_what_was_attempted_and_what_it_needs_is_run():
    assert planned(hand_in()) == []
    assert planned(hand_in({"exercise-1": "number = 6"})) == [
        ("text", "from sh_teach import check_answer"),
        ("text", "six = 6"),
        ("stub", "number = 6"),
        ("check", MASTER[6].source),
    ]


def test_an_answer_in_a_new_cell_below_the_check_counts():
    cells = hand_in()
    cells.insert(7, Cell("code", "number = 6", "new"))
    assert planned(cells)[-2:] == [("own", "number = 6"), ("check", MASTER[6].source)]


def test_a_helper_in_a_new_cell_is_run_and_other_new_cells_are_not():
    cells = hand_in({"exercise-1": "number = helper()"})
    cells.insert(1, Cell("code", "while True:\n    print(1)"))
    cells.insert(1, Cell("code", "def helper():\n    return 6"))
    own = [source for kind, source in planned(cells) if kind == "own"]
    assert own == ["def helper():\n    return 6"]


def test_what_a_student_changed_in_the_text_comes_before_the_text():
    cells = hand_in({"six": "import math\nsix = 5", "exercise-1": "number = math.floor(6.5)"})
    sources = [source for _, source in planned(cells)]
    assert sources[:4] == [MASTER[1].source, "import math", "six = 5", "six = 6"]


def test_a_cell_of_a_live_run_gives_only_the_function_that_is_needed():
    master = [*MASTER]
    master[3] = Cell("code", "def count():\n    return 6\n\n\ntrain()\nsix = 6", "six")
    master[6] = Cell("code", "check_answer(number, lambda n: n == count())", "exercise-1-check")
    plan = make_plan(master, hand_in({"exercise-1": "number = 6"}))
    assert [item.source for item in plan.items if item.cell == "six"] == [
        "def count():\n    return 6"
    ]


def test_a_missing_stub_and_a_missing_check_are_said():
    plan = make_plan(MASTER, hand_in(without=("exercise-1", "exercise-2-check")))
    assert plan.attempted == []
    assert [text.split(":")[0] for _, text in plan.remarks] == [
        "its cell is missing",
        "its check is missing or changed",
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["right"], "right"),
        (["right: all rules that one worker can test"], "right"),
        (["not yet: right"], "not yet"),
        (["not attempted\nYou have not written f() yet."], "not attempted"),
        (["passed         a rule\n13 passed"], "right"),
        (["passed         a rule\n12 passed, 1 failed"], "not yet"),
        (["12 passed, 1 failed", "right: so far"], "right"),
        (["13 passed", "not yet: it waits too long"], "not yet"),
        ([], "not yet"),
        (["righteous"], "not yet"),
    ],
)
def test_the_last_word_of_a_check_is_its_verdict(said, expected):
    assert verdict(said) == expected


# --- what was handed in --------------------------------------------------------------------


def test_folders_and_flat_files_are_both_found(tmp_path):
    for name in [
        "ada/handout/notebooks/01_tiny.ipynb",
        "ada/handout/notebooks/.ipynb_checkpoints/01_tiny-checkpoint.ipynb",
        "ada/diary.ipynb",
        "ben_01_tiny (1).ipynb",
        "notes.txt",
        "grades.csv",
    ]:
        write(tmp_path / name, [])
    paths, remarks = grade.find_hand_ins(tmp_path, {"01_tiny"})
    found = {student: [p.name for p in files["01_tiny"]] for student, files in paths.items()}
    assert found == {"ada": ["01_tiny.ipynb"], "ben": ["01_tiny (1).ipynb".join(["ben_", ""])]}
    assert remarks["ada"] == [(None, f"diary.ipynb {grade.NO_NOTEBOOK}")]
    assert remarks["notes.txt"] == [(None, grade.NO_STUDENT)]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"cells": 1}', '{"cells": [1]}', '{"cells": [{}]}', "[" * 100_000]
)
def test_what_is_no_notebook_is_said(text, tmp_path):
    path = tmp_path / "01_tiny.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match="is no notebook"):
        grade.read_cells(path)


def test_the_table_holds_no_formula_and_no_markup_of_a_student(tmp_path):
    rows = [("=cmd()", {"01-1": "right"}, ["01-1: a|b\n<img> " + "x" * 1000])]
    text = grade.write_tables(rows, tmp_path, [])
    assert "\n" not in text.split("=cmd()")[1]
    assert r"a\|b \<img\>" in text
    assert "'=cmd()" in (tmp_path / "grades.csv").read_text("utf-8-sig")
    assert len(text) < 500


@pytest.mark.parametrize(
    "folder", [[], ["no such folder"], [str(ROOT)], [str(ROOT / "notebooks")]]
)
def test_a_folder_that_cannot_be_graded_is_refused(folder, capsys):
    assert grade.main(folder) == 1
    assert capsys.readouterr().err
