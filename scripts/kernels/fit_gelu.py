#!/usr/bin/env python3
"""Fits the pieces of Sources/CTurnKernels/gelu_pieces.h and writes them there; prints the largest error in float32.

    pip install numpy scipy
    python3 scripts/kernels/fit_gelu.py

h(m) = -m erfc(m / sqrt 2) / 2, which GELU(x) = max(x, 0) + h(|x|) is made of, by a parabola for m next to each quarter:
the one whose largest error is least, as a linear programme over many points. The last piece also stands for all beyond
its end, where h is 0.
"""

from __future__ import annotations

from math import erfc, sqrt
from pathlib import Path

import numpy as np
from scipy.optimize import linprog
from scipy.special import erf

HEADER = Path(__file__).resolve().parents[2] / "Sources" / "CTurnKernels" / "gelu_pieces.h"
BEGIN, END = "__attribute__((aligned(64))) = {\n", "};\n"
COUNT, LAST = 16, 3.87


def fit(piece: int) -> list[float]:
    """Coefficients of 1, m and m^2."""
    centre, is_last = piece / 4, piece == COUNT - 1
    x = np.linspace(max(0, centre - 0.125), LAST if is_last else centre + 0.125, 1001)
    y = np.array([-m / 2 * erfc(m / sqrt(2)) for m in x])
    if is_last:
        x, y = np.append(x, LAST), np.append(y, 0)
    powers, bound = np.vander(x - centre, 3, increasing=True), -np.ones((len(x), 1))
    result = linprog(
        [0, 0, 0, 1],
        A_ub=np.vstack([np.hstack([powers, bound]), np.hstack([-powers, bound])]),
        b_ub=np.concatenate([y, -y]),
        bounds=[(None, None)] * 3 + [(0, None)],
    )
    a, b, c = result.x[:3]  # of m - centre
    return [a - b * centre + c * centre**2, b - 2 * c * centre, c]


def error(table: np.ndarray) -> float:
    x = np.linspace(-8, 8, 4_000_001).astype(np.float32)
    m = np.minimum(np.abs(x), np.float32(LAST))
    piece = np.rint(4 * m).astype(int)
    value = np.maximum(x, 0) + ((table[2][piece] * m + table[1][piece]) * m + table[0][piece])
    exact = x.astype(float)
    return float(np.abs(value - exact / 2 * (1 + erf(exact / sqrt(2)))).max())


def main() -> None:
    table = np.array([fit(piece) for piece in range(COUNT)]).T.astype(np.float32)
    rows = []
    for coefficients in table:
        lines = [", ".join(f"{v:.9g}f" for v in coefficients[i : i + 4]) for i in range(0, COUNT, 4)]
        rows.append("    {" + ",\n     ".join(lines) + "},\n")
    before, rest = HEADER.read_text().split(BEGIN)
    HEADER.write_text(before + BEGIN + "".join(rows) + END + rest.split(END, 1)[1])
    print(f"largest error {error(table):.3g}")


if __name__ == "__main__":
    main()
