import pytest

from sh_teach.words import listing, plural


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 epochs"), (1, "1 epoch"), (2, "2 epochs"), (1000, "1000 epochs")]
)
def test_only_one_thing_is_singular(count, words):
    assert plural(count, "epoch") == words


@pytest.mark.parametrize(
    ("items", "words"),
    [((), "nothing"), ([3], "3"), (iter("ab"), "a and b"), (range(1, 5), "1, 2, 3 and 4")],
)
def test_the_last_item_of_a_list_comes_after_and(items, words):
    assert listing(items) == words
