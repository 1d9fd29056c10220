"""What a risk engineer would take instead: numba, numpy, arch and scipy on the inputs of our own bench.

  bench.py FOLDER [THREADS ...]    measures every work at each number of threads; the last line is a JSON array of rows
  bench.py FOLDER --one WORK THREADS

The folder is what `bench_kernels --write FOLDER` wrote. Each work runs in a process of its own, so that its threads
and its peak memory are its own; the first run compiles and is not counted.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time

MARKETS, SCENARIOS, POSITIONS, ASSETS, PATHS, NU = 20, 1000, 3, 50, 1_000_000, 4.0


def read(folder, name, kind="f8", shape=None):
    import numpy as np

    values = np.fromfile(os.path.join(folder, name), dtype=kind)
    return values if shape is None else values.reshape(shape)


def book(folder):
    return (
        read(folder, "markets.i32", "i4", (-1, POSITIONS)),
        read(folder, "notionals.f64", shape=(-1, POSITIONS)),
        read(folder, "collateral.f64"),
        read(folder, "returns.f64", shape=(MARKETS, SCENARIOS)),
    )


def timed(work, repeats):
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        times.append((time.perf_counter() - start) * 1e3)
    return times, result


def stress(folder, threads, pruned):
    import numba
    import numpy as np

    markets, notionals, collateral, returns = book(folder)
    low, high = returns.min(1), returns.max(1)
    numba.set_num_threads(threads)

    @numba.njit(parallel=True, fastmath=True)
    def run(markets, notionals, collateral, returns, low, high, pruned):
        pieces, number = 64, returns.shape[1]
        sums, kept = np.zeros((pieces, number)), np.zeros(pieces, np.int64)
        for piece in numba.prange(pieces):
            total = np.zeros(number)
            first = piece * collateral.size // pieces
            last = (piece + 1) * collateral.size // pieces
            for at in range(first, last):
                a, b, c = markets[at, 0], markets[at, 1], markets[at, 2]
                x, y, z = notionals[at, 0], notionals[at, 1], notionals[at, 2]
                held = collateral[at]
                if pruned:
                    worst = held + min(x * low[a], x * high[a])
                    worst += min(y * low[b], y * high[b]) + min(z * low[c], z * high[c])
                    if worst >= 0.0:
                        continue
                kept[piece] += 1
                p, q, r = returns[a], returns[b], returns[c]
                for s in range(number):
                    equity = held + x * p[s] + y * q[s] + z * r[s]
                    total[s] += max(-equity, 0.0)
            sums[piece] = total
        return sums.sum(0), kept.sum()

    def work():
        sums, kept = run(markets, notionals, collateral, returns, low, high, pruned)
        return f"max {sums.max():.6e}, sum {sums.sum():.10e}, kept {kept}"

    return timed(work, 5)


def simulate(folder, threads):
    import numpy as np

    root, weights = read(folder, "root.f64", shape=(ASSETS, ASSETS)), read(folder, "weights.f64")
    size = 16_384
    random = np.random.Generator(np.random.SFC64(1))
    profits = np.empty(PATHS)
    normals, returns = np.empty((size, ASSETS)), np.empty((size, ASSETS))
    turned = np.ascontiguousarray(root.T)

    def work():
        for first in range(0, PATHS, size):
            n = min(size, PATHS - first)
            random.standard_normal(out=normals[:n])
            np.matmul(normals[:n], turned, out=returns[:n])
            scale = np.sqrt(NU / random.chisquare(NU, n))
            np.matmul(returns[:n], weights, out=profits[first : first + n])
            profits[first : first + n] *= scale
        k = PATHS // 100
        tail = np.partition(profits, k)[:k]
        return f"VaR {-tail.max():.0f}, ES {-tail.mean():.0f}"

    return timed(work, 5)


def portfolios(folder, threads):
    import numba
    import numpy as np

    markets, notionals, _, returns = book(folder)
    numba.set_num_threads(threads)
    k = SCENARIOS // 100 + 1

    @numba.njit(parallel=True, fastmath=True)
    def run(markets, notionals, returns, k, risks):
        pieces, number = 64, returns.shape[1]
        for piece in numba.prange(pieces):
            profits, worst = np.empty(number), np.empty(k)
            first = piece * risks.size // pieces
            for at in range(first, (piece + 1) * risks.size // pieces):
                p, q = returns[markets[at, 0]], returns[markets[at, 1]]
                r = returns[markets[at, 2]]
                x, y, z = notionals[at, 0], notionals[at, 1], notionals[at, 2]
                for s in range(number):
                    profits[s] = x * p[s] + y * q[s] + z * r[s]
                held = 0
                for s in range(number):
                    profit = profits[s]
                    if held < k:
                        to = held
                        held += 1
                    elif profit < worst[k - 1]:
                        to = k - 1
                    else:
                        continue
                    while to > 0 and worst[to - 1] > profit:
                        worst[to] = worst[to - 1]
                        to -= 1
                    worst[to] = profit
                risks[at] = -worst[k - 1]

    risks = np.empty(len(notionals))

    def work():
        run(markets, notionals, returns, k, risks)
        return f"VaR of the first 1e5 {risks[:100_000].sum():.10e}"

    return timed(work, 3)


def garch(folder, distribution):
    from arch import arch_model

    series = read(folder, "series.f64")

    def work():
        model = arch_model(series, mean="Constant", vol="GARCH", p=1, q=1, dist=distribution)
        return f"logL {model.fit(disp='off').loglikelihood:.9f}"

    return timed(work, 15)


def gpd(folder):
    from scipy.stats import genpareto

    excesses = read(folder, "excesses.f64")

    def work():
        shape, _, scale = genpareto.fit(excesses, floc=0)
        return f"shape {shape:.9f}, scale {scale:.9f}"

    return timed(work, 9)


# Words as in our own rows; whether threads matter.
WORKS = {
    "stress": ("stress, 1e6 accounts x 1,000 scenarios, all pairs", True, lambda f, t: stress(f, t, False)),
    "stress-pruned": ("stress, 1e6 accounts x 1,000 scenarios, exact pruning", True, lambda f, t: stress(f, t, True)),
    "simulate": ("Monte Carlo, 1e6 paths x 50 assets, Student t, VaR and ES", True, simulate),
    "portfolios": ("historical VaR and ES, 1e6 portfolios x 1,000 days", True, portfolios),
    "garch": ("GARCH(1,1) fit, normal, n = 3,000", False, lambda f, t: garch(f, "normal")),
    "garch-t": ("GARCH(1,1) fit, Student t, n = 3,000", False, lambda f, t: garch(f, "t")),
    "gpd": ("GPD fit, n = 5,000", False, lambda f, t: gpd(f)),
}
WHO = {"simulate": "numpy", "garch": "arch", "garch-t": "arch", "gpd": "scipy"}


def one(folder, name, threads):
    words, _, work = WORKS[name]
    times, note = work(folder, threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "who": WHO.get(name, "numba"),
        "work": words,
        "value": round(statistics.median(times), 3),
        "unit": "ms",
        "least": round(min(times), 3),
        "threads": threads,
        "peak MiB": round(peak, 1),
        "note": note,
    }


def main():
    folder, rest = sys.argv[1], sys.argv[2:]
    if rest[:1] == ["--one"]:
        print(json.dumps(one(folder, rest[1], int(rest[2]))))
        return
    rows = []
    for name, (_, parallel, _) in WORKS.items():
        for threads in [int(word) for word in rest] or [1, 2]:
            if threads > 1 and not parallel:
                continue
            limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
            setting = os.environ | {limit: str(threads) for limit in limits}
            setting["NUMBA_NUM_THREADS"] = str(max(2, threads))
            words = [sys.executable, __file__, folder, "--one", name, str(threads)]
            out = subprocess.run(words, env=setting, capture_output=True, text=True, check=False)
            if out.returncode != 0:
                sys.exit(out.stderr)
            rows.append(json.loads(out.stdout.splitlines()[-1]))
            print(rows[-1], file=sys.stderr)
    print(json.dumps(rows))


main()
