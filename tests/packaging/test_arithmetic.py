"""What ends in samples or manifests is computed by operations that are the same on every x86-64, and by no others.

``docs/reproducibility.md`` says which those are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import stemgmd_tools

PACKAGE = Path(stemgmd_tools.__file__).parent
ON_THE_WAY = (
    "augment",
    "kits",
    "rendering",
    "corpus",
    "performances",
    "loudness.py",
    "units.py",
    "onsets.py",
    "seeds.py",
)
"""Folders and modules whose results are heard or written."""

EXCEPT = {
    "kits/checks": "measures for people",
    "kits/plot.py": "draws pictures",
}
ALLOWED = {
    "seeds.py": {"standard_normal"},  # mends it
    "augment/audio/signal/portable.py": {
        "scipy.fft",
        *(f"torch's {name}" for name in ("fft", "log10", "pow", "tanh_")),
    },
    "augment/audio/board.py": {"torch's sum"},  # numpy's
    # In single precision, too; torch's on devices other than CPUs.
    "augment/audio/signal/wsola.py": {"torch's cumsum"},  # numpy's, of whole numbers
    "manifest/columns/levels.py": {"scipy.fft"},  # in single precision, which rounds differences of its sines away
}

MATH = {"inf", "nan", "pi", "isnan", "isinf", "isfinite", "floor", "ceil", "sqrt", "frexp", "ldexp", "isqrt"}
MATH |= {"copysign", "lcm", "prod", "ulp"}
"""Of :mod:`math`: what is exact or correctly rounded everywhere."""
SCIPY = {
    "scipy.signal.sosfilt",
    "scipy.ndimage.uniform_filter1d",
    "scipy.optimize.linear_sum_assignment",
}
"""Of scipy: loops without sums in another order, without functions of the C library."""
NUMPY = {
    *(
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "logaddexp",
        "logaddexp2",
        "power",
        "float_power",
        "pow",
    ),
    *("sin", "cos", "tan", "sinc", "arcsin", "arccos", "arctan", "arctan2", "asin", "acos", "atan", "atan2", "angle"),
    *("sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "hypot", "cbrt", "geomspace", "logspace", "unwrap"),
    *("hanning", "hamming", "blackman", "kaiser", "i0", "dot", "vdot", "inner", "matmul", "vecdot", "matvec", "vecmat"),
    *("einsum", "einsum_path", "tensordot", "convolve", "correlate", "cov", "corrcoef", "polyfit", "roots", "poly"),
    *("linalg", "fft", "emath"),
}
DRAWS = {"standard_normal", "normal", "lognormal", "multivariate_normal", "exponential", "standard_exponential"}
DRAWS |= {
    "gamma",
    "standard_gamma",
    "beta",
    "poisson",
    "binomial",
    "laplace",
    "logistic",
    "standard_cauchy",
    "vonmises",
}
METHODS = {"dot"}
TORCH = {
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logsumexp", "logaddexp", "pow", "float_power", "rsqrt"),
    *("sin", "cos", "tan", "sinc", "asin", "acos", "atan", "atan2", "angle", "polar", "hypot", "sinh", "cosh", "tanh"),
    *("sigmoid", "softmax", "log_softmax", "erf", "xlogy", "sum", "nansum", "mean", "nanmean", "std", "var", "norm"),
    *("prod", "cumsum", "cumprod", "trapezoid", "matmul", "mm", "bmm", "mv", "dot", "vdot", "inner", "einsum"),
    *("tensordot", "addmm", "addmv", "addbmm", "baddbmm", "addcmul", "addcdiv", "lerp", "linalg", "fft", "stft"),
    *("istft", "conv1d", "conv2d", "conv_transpose1d", "avg_pool1d", "adaptive_avg_pool1d", "interpolate", "cdist"),
    *("cosine_similarity", "normalize", "layer_norm", "linspace", "logspace", "hann_window"),
}
"""Functions of torch and methods of tensors, of modules that import torch; in place they end in ``_``."""
OWN = {"elementary", "quantiles", "seeds", "math"}
"""Modules that may have functions of these names: this package's, and one that is looked at by itself."""


def modules() -> list[Path]:
    calls = [
        path for name in ON_THE_WAY for path in ([PACKAGE / name] if name.endswith(".py") else _in(PACKAGE / name))
    ]
    return [path for path in calls if not any(_name(path).startswith(name) for name in EXCEPT)]


def _in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py")) or [folder]


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def findings(source: str, allowed: frozenset[str] = frozenset()) -> list[str]:
    """Return what a module uses that depends on the machine, each with its line."""
    tree = ast.parse(source)
    uses = [*_uses(tree), *(_of_torch(tree) if "import torch" in source else ())]
    return [f"{line}: {what}" for line, what in uses if what not in allowed]


def _uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield node.lineno, "@"
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Pow) and not _exact_power(node):
            yield node.lineno, "**"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "pow":
            yield node.lineno, "pow"
        if isinstance(node, ast.Constant) and isinstance(node.value, complex):
            yield node.lineno, "complex numbers"
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in DRAWS | METHODS and not _is_own(called):
            yield node.lineno, called.attr
        for name in _dotted(node):
            if _depends(name):
                yield node.lineno, name


def _of_torch(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.removesuffix("_") in TORCH and not _is_own(node):
            yield node.lineno, f"torch's {node.attr}"


def _is_own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in OWN


def _exact_power(node: ast.BinOp | ast.AugAssign) -> bool:
    """Squares are products; whole powers of two written as such are exact."""
    base = node.left if isinstance(node, ast.BinOp) else None
    exponent = node.right if isinstance(node, ast.BinOp) else node.value
    try:
        power = ast.literal_eval(exponent)
    except ValueError:
        return False
    if power == 2:
        return True
    return isinstance(power, int) and isinstance(base, ast.Constant) and base.value in (2, 10)


def _dotted(node: ast.AST) -> list[str]:
    """Return the full names that a node imports, or reads from numpy, scipy or math."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return [f"{ {'np': 'numpy'}.get(node.value.id, node.value.id) }.{node.attr}"]
    return []


def _depends(name: str) -> bool:
    library, _, rest = name.partition(".")
    if library == "math":
        return bool(rest) and rest not in MATH
    if library == "numpy":
        return rest.split(".")[0] in NUMPY
    if library == "scipy":
        return name not in SCIPY
    return library in {"cmath", "numexpr", "numba"}


def test_modules_on_the_way_to_samples_use_nothing_that_depends_on_the_machine() -> None:
    calls = [
        f"{_name(path)}:{one}"
        for path in modules()
        for one in findings(path.read_text(encoding="utf-8"), frozenset(ALLOWED.get(_name(path), ())))
    ]
    assert not calls, "use stemgmd_tools.numerics.elementary, .products, .transforms and .seeds instead:\n" + "\n".join(
        calls
    )


def test_exceptions_are_needed() -> None:
    for name in EXCEPT:
        assert any(findings(path.read_text(encoding="utf-8")) for path in _in(PACKAGE / name)), name
    for name, allowed in ALLOWED.items():
        used = {one.split(": ")[1] for one in findings((PACKAGE / name).read_text(encoding="utf-8"))}
        assert allowed <= used, name


@pytest.mark.parametrize(
    "line",
    [
        *(
            "a @ b",
            "np.dot(a, b)",
            "a.dot(b)",
            "np.einsum('ij,jk', a, b)",
            "np.linalg.solve(a, b)",
            "np.convolve(a, b)",
        ),
        *("np.exp(a)", "10.0 ** a", "a ** 0.5", "a **= 1.5", "pow(a, b)", "math.log10(a)", "math.pow(a, b)", "1j * a"),
        *(
            "from math import sin",
            "from numpy import exp",
            "import scipy.fft",
            "from scipy import signal",
            "import cmath",
        ),
        *("from scipy.signal import butter", "draw.standard_normal(3)", "np.fft.rfft(a)"),
    ],
)
def test_what_depends_on_the_machine_is_found(line: str) -> None:
    assert findings(line)


@pytest.mark.parametrize("call", ["x.sum()", "x.tanh_()", "torch.exp(x)", "torch.fft.rfft(x)", "torch.lerp(x, y, z)"])
def test_what_torch_computes_in_its_own_way_is_found(call: str) -> None:
    assert findings(f"import torch\n{call}")


@pytest.mark.parametrize("line", ["a ** 2", "2.0**-16", "math.sqrt(a)", "np.sqrt(a) * b", "f(**a)", "math.inf"])
def test_what_is_exact_passes(line: str) -> None:
    assert not findings(line)
