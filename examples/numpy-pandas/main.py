"""A small computation with numpy and pandas, whose result is the same with every version of them."""

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd


def main() -> None:
    matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
    x, y = np.linalg.solve(matrix, np.array([3.0, 5.0]))
    print(f"solve: {x:.2f} {y:.2f}")

    spectrum = np.abs(np.fft.rfft(np.sin(np.arange(64) * 2 * np.pi * 5 / 64)))
    print(f"loudest frequency: {spectrum.argmax()}")

    # A data file beside the code is there when the code runs.
    text = Path(__file__).with_name("temperatures.csv").read_text(encoding="utf-8")
    table = pd.read_csv(StringIO(text), parse_dates=["day"])
    for city, mean in table.groupby("city")["celsius"].mean().items():
        print(f"{city}: {mean:.1f}")
    warmest = table.loc[table["celsius"].idxmax()]
    print(f"warmest: {warmest['city']} on {warmest['day'].date()}")


if __name__ == "__main__":
    main()
