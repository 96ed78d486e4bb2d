#!/usr/bin/env python3
"""Runs the measurements of this folder, and makes one table and one plot of them.

    bench.py [NAME...]      writes table.md, results.json and bench.svg into BUILD/bench/

Rivals come from Debian (nginx) and npm (PM2); who is not there is left out of the table.
"""

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import rig

OUT = rig.BUILD / "bench"
NOT_MEASUREMENTS = {"bench.py", "rig.py"}


def measurements(chosen):
    found = sorted(path for path in rig.HERE.glob("*.py") if path.name not in NOT_MEASUREMENTS)
    return [path for path in found if not chosen or path.stem in chosen]


def take(path):
    """The rows one measurement prints; what fails is said, and costs the others nothing."""
    done = subprocess.run([sys.executable, path], stdout=subprocess.PIPE, text=True, check=False,
                          env={**os.environ, "BUILD": str(rig.BUILD)})
    if done.returncode != 0:
        print(f"bench: {path.stem} failed", file=sys.stderr)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [{"of": path.stem, **row} for row in rows], done.returncode == 0


def machine():
    cpu = next((line.partition(":")[2].strip() for line in
                Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
               platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return (f"{datetime.date.today()}, {os.cpu_count()} x {cpu}, {memory} GiB, "
            f"Linux {platform.release()}")


def figure(value):
    if value is None:
        return ""
    if value == int(value):
        return f"{int(value):,}".replace(",", " ")
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}".replace(",", " ")


def table(rows):
    """A line a measure, a column for everybody who was measured."""
    names = list(dict.fromkeys(row["who"] for row in rows))
    lines = [["", *names], ["---", *["---:"] * len(names)]]
    cells = {(row["measure"], row["who"]): row["value"] for row in rows}
    units = {row["measure"]: row["unit"] for row in rows}
    for measure, unit in units.items():
        lines.append([f"{measure}, {unit}" if unit else measure,
                      *(figure(cells.get((measure, name))) for name in names)])
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


PLOT = """
set terminal svg size 1000,{height} font 'sans,11' background rgb 'white'
set output '{out}'
set style fill solid 0.7 border -1
set boxwidth 0.6
set grid ytics
set yrange [0:*]
set multiplot layout {lines},2
{parts}
unset multiplot
"""


def picture(measure, bars):
    """A logarithm where the largest would hide the others, unless one of them is zero."""
    values = [bar["value"] for bar in bars]
    is_wide = min(values) > 0 and max(values) > 20 * min(values)
    scale = "set logscale y; set yrange [*:*]" if is_wide else "unset logscale; set yrange [0:*]"
    unit = f", {bars[0]['unit']}" if bars[0]["unit"] else ""
    block = "$of_" + "".join(letter if letter.isalnum() else "_" for letter in measure)
    lines = "".join(f'{place} {bar["value"]} "{bar["who"]}"\n' for place, bar in enumerate(bars))
    return (f"{block} << END\n{lines}END\n{scale}\nset title '{measure}{unit}'\n"
            f"plot {block} using 1:2:xtic(3) with boxes notitle\n")


def plot(rows):
    """One small picture for each measure that several were measured by."""
    parts = []
    for measure in dict.fromkeys(row["measure"] for row in rows):
        bars = [row for row in rows if row["measure"] == measure and row["value"] is not None]
        if len(bars) > 1 and any(bar["value"] for bar in bars):
            parts.append(picture(measure, bars))
    if not parts or shutil.which("gnuplot") is None:
        return
    lines = (len(parts) + 1) // 2
    script = PLOT.format(out=OUT / "bench.svg", height=240 * lines, lines=lines,
                         parts="".join(parts))
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rows, good = [], True
    for path in measurements(sys.argv[1:]):
        print(f"{path.stem}:", file=sys.stderr)
        taken, worked = take(path)
        rows += taken
        good = good and worked
    tables = [table([row for row in rows if row["of"] == name])
              for name in dict.fromkeys(row["of"] for row in rows)]
    text = "\n".join([machine() + "\n", *tables])
    (OUT / "results.json").write_text(json.dumps(rows, indent=1))
    (OUT / "table.md").write_text(text)
    print(text)
    plot(rows)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
