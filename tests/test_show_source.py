from show_source import show_source, source_without_docstring

from sh_teach import SuccessiveHalvingScheduler


def documented(x):
    """Say what it does."""
    # Say why.
    return x + 1


def undocumented(x):
    return x - 1


def test_the_docstring_is_cut_and_the_comments_stay():
    shown = source_without_docstring(documented)
    assert shown == "def documented(x):\n    # Say why.\n    return x + 1"


def test_a_function_without_docstring_is_shown_whole():
    assert source_without_docstring(undocumented) == "def undocumented(x):\n    return x - 1"


def test_what_is_shown_of_a_method_can_be_compiled():
    shown = source_without_docstring(SuccessiveHalvingScheduler.update)
    compile(shown, "shown", "exec")
    assert shown.startswith("def update(self, config, error, info=None):")


def test_several_functions_are_shown_in_one_block():
    markdown = show_source(documented, undocumented).data
    assert markdown.startswith("```python\ndef documented")
    assert markdown.endswith("return x - 1\n```")
    assert markdown.count("```") == 2
