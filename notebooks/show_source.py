"""Show source in a notebook: what it shows cannot drift from what runs."""

import ast
import inspect
import textwrap


def show_source(*functions):
    """Return the source of functions or methods, without their docstrings, to be displayed.

    Parameters
    ----------
    *functions : callable
        Written in Python.

    Returns
    -------
    IPython.display.Markdown
        A code block that Jupyter colours.
    """
    from IPython.display import Markdown

    sources = "\n\n".join(source_without_docstring(function) for function in functions)
    return Markdown(f"```python\n{sources}\n```")


def source_without_docstring(function):
    """Return the source of a function as text, its comments kept and its docstring cut."""
    source = textwrap.dedent(inspect.getsource(function))
    lines = source.splitlines()
    definition = ast.parse(source).body[0]
    if ast.get_docstring(definition):
        docstring = definition.body[0]
        del lines[docstring.lineno - 1 : docstring.end_lineno]
    return "\n".join(lines)
