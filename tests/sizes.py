"""Hold the code to its sizes: functions of at most 60 lines, median 9; files of at most 400; docstrings."""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

FUNCTION_MOST, FUNCTION_MEDIAN, FILE_MOST = 60, 9, 400


def functions(tree: ast.Module) -> Iterator[tuple[str, int, bool]]:
    """Yield each function's name and length, and whether it is public and says nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            mute = not node.name.startswith("_") and ast.get_docstring(node) is None
            yield node.name, length, mute


def faults(root: Path) -> Iterator[str]:
    """Yield one line for each size or docstring that is off."""
    lengths: list[int] = []
    for path in sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        tree = ast.parse(text)
        if lines > FILE_MOST:
            yield f"{path}: {lines} lines, {FILE_MOST} at most"
        if text.strip() and ast.get_docstring(tree) is None:
            yield f"{path}: no module docstring"
        for name, length, mute in functions(tree):
            lengths.append(length)
            if length > FUNCTION_MOST:
                yield f"{path}: {name} has {length} lines, {FUNCTION_MOST} at most"
            if mute:
                yield f"{path}: {name} has no docstring"
    if lengths and statistics.median(lengths) > FUNCTION_MEDIAN:
        yield f"{root}: the median function has {statistics.median(lengths)} lines, {FUNCTION_MEDIAN} at most"


def main() -> int:
    """Print the faults; 1 if there are any."""
    found = [fault for name in sys.argv[1:] for fault in faults(Path(name))]
    print("\n".join(found) or "sizes: all in bounds")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
