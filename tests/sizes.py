"""Hold the code to its sizes, docstrings and module names."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FUNCTION_MOST, FUNCTION_P90, FUNCTION_MEDIAN = 60, 30, 9
FILE_MOST, ROOT_FILE_MOST = 400, 310
# Names that several folders may use: plug-ins are named after kind or format, modules of the store
# and of the command line after the step or command that they serve.
SHARED_NAMES = frozenset(
    "__init__ dump feed json gather grouping leases regroup stories sources".split()
)


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
        most = ROOT_FILE_MOST if path.parent == root else FILE_MOST
        if lines > most:
            yield f"{path}: {lines} lines, {most} at most"
        if text.strip() and ast.get_docstring(tree) is None:
            yield f"{path}: no module docstring"
        for name, length, mute in functions(tree):
            lengths.append(length)
            if length > FUNCTION_MOST:
                yield f"{path}: {name} has {length} lines, {FUNCTION_MOST} at most"
            if mute:
                yield f"{path}: {name} has no docstring"
    lengths.sort()
    for share, most in ((0.5, FUNCTION_MEDIAN), (0.9, FUNCTION_P90)):
        if lengths and (length := lengths[int(len(lengths) * share)]) > most:
            yield f"{root}: {share:.0%} of the functions have up to {length} lines, {most} at most"


def shared_names(root: Path) -> Iterator[str]:
    """Yield one line for each module name that stands in several folders without a reason."""
    places: dict[str, list[str]] = {}
    for path in sorted(root.rglob("*.py")):
        places.setdefault(path.stem, []).append(str(path))
    for name, found in places.items():
        if len(found) > 1 and name not in SHARED_NAMES:
            yield f"{name}: one name for several modules: {', '.join(found)}"


def main() -> int:
    """Print the faults; 1 if there are any."""
    roots = [Path(name) for name in sys.argv[1:]]
    found = [fault for root in roots for fault in (*faults(root), *shared_names(root))]
    print("\n".join(found) or "sizes: all in bounds")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
