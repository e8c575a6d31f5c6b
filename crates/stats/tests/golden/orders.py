"""Golden values for crates/stats: python3 orders.py > orders.json (made with numpy 2.4, scipy 1.17 and lifelines 0.30).

Survival curves are lifelines', the log-rank statistic and its permutations SciPy's, and so is Kendall's tau. Trends and best
values are put together here from SciPy's tests, as nothing has them whole.
"""

import itertools
import json

import numpy as np
import scipy.stats as st
from lifelines import KaplanMeierFitter

rng = np.random.default_rng(14)


def watched(n, until=8):
    """Times on a grid, as judgements are, with ties and with some who are censored at the end."""
    times = rng.integers(1, until + 4, n)
    return [[float(min(time, until)), bool(time <= until)] for time in times]


def curve_case(group):
    times, happened = zip(*group)
    found = KaplanMeierFitter(alpha=0.05).fit(times, happened)
    steps = []
    for time in sorted({time for time, yes in group if yes}):
        low, high = found.confidence_interval_.loc[time]
        share = found.survival_function_.loc[time].iloc[0]
        at = found.event_table.loc[time]
        steps.append({"time": time, "share": share, "low": low if share > 0 else None, "high": high if share > 0 else None,
                      "at_risk": int(at["at_risk"]), "happened": int(at["observed"])})
    median = found.median_survival_time_
    return {"watched": group, "steps": steps, "median": None if np.isinf(median) else float(median)}


def observed_less_expected(groups):
    """By the definition, time by time."""
    everybody = [one for group in groups for one in group]
    excess = np.zeros(len(groups))
    for time in sorted({time for time, yes in everybody if yes}):
        risk = [sum(t >= time for t, _ in group) for group in groups]
        events = [sum(t == time and yes for t, yes in group) for group in groups]
        excess += np.array(events) - sum(events) * np.array(risk) / sum(risk)
    return excess


def apart(groups):
    return sum(excess ** 2 / len(group) for excess, group in zip(observed_less_expected(groups), groups))


def rank_case(*groups):
    case = {"groups": list(groups), "excess": observed_less_expected(groups)[0], "z": None}
    if len(groups) == 2:
        of = lambda group: st.CensoredData.right_censored(*zip(*[(t, not yes) for t, yes in group]))
        case["z"] = st.logrank(of(groups[0]), of(groups[1])).statistic
    codes = [np.arange(sum(map(len, groups[:k])), sum(map(len, groups[:k + 1]))) for k in range(len(groups))]
    everybody = [one for group in groups for one in group]
    statistic = lambda *codes: apart([[everybody[int(c)] for c in code] for code in codes])
    found = st.permutation_test(codes, statistic, alternative="greater", n_resamples=np.inf, vectorized=False)
    return {**case, "p": found.pvalue}


def large_case(first, second):
    """Every way to deal out ten and ten, by the sums of the scores of Peto & Peto, whose sum over a group is its excess."""
    everybody = first + second
    hazard = lambda time: sum(
        sum(t == at and yes for t, yes in everybody) / sum(t >= at for t, _ in everybody)
        for at in sorted({t for t, yes in everybody if yes}) if at <= time)
    scores = np.array([yes - hazard(time) for time, yes in everybody])
    assert np.isclose(scores[:len(first)].sum(), observed_less_expected([first, second])[0])
    ways = np.array(list(itertools.combinations(range(len(everybody)), len(first))))
    sums = np.abs(scores[ways].sum(1))
    return {"groups": [first, second], "p": float(np.mean(sums >= abs(scores[:len(first)].sum()) - 1e-9))}


def kendall_case(first, second):
    return {"first": first, "second": second, "tau": st.kendalltau(first, second).statistic}


def ladder_case(sizes, first, second):
    """By arm, size and seed, paired by seed."""
    x = np.log2(sizes)
    slopes = [np.polyfit(x, column, 1)[0] for column in (np.array(first) - np.array(second)).T]
    found = st.ttest_1samp(slopes, 0.0)
    interval = found.confidence_interval(0.95)
    return {"sizes": sizes, "first": first, "second": second, "slope": np.mean(slopes), "low": interval.low,
            "high": interval.high, "p": found.pvalue, "deltas": [np.mean(np.subtract(a, b)) for a, b in zip(first, second)]}


def welch_ladder_case(sizes, first, second):
    x = np.log2(sizes)
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    slope = sum(w * (np.mean(a) - np.mean(b)) for w, a, b in zip(weights, first, second))
    parts = [(w * w * np.var(v, ddof=1) / len(v), len(v) - 1) for w, a, b in zip(weights, first, second) for v in (a, b)]
    variance = sum(part for part, _ in parts)
    degrees = variance ** 2 / sum(part ** 2 / df for part, df in parts)
    half = st.t.ppf(0.975, degrees) * np.sqrt(variance)
    return {"sizes": sizes, "first": first, "second": second, "slope": slope, "low": slope - half, "high": slope + half,
            "p": 2 * st.t.sf(abs(slope) / np.sqrt(variance), degrees)}


def best_case(scores):
    tests = [[st.ttest_rel(other, one, alternative="greater").pvalue for k, other in enumerate(scores) if k != place]
             for place, one in enumerate(scores)]
    return {"scores": scores, "p": [min(1.0, len(each) * min(each)) for each in tests]}


def sample(n, shift=0.0, scale=1.0):
    return [round(float(value), 6) for value in rng.normal(shift, scale, n)]


cases = {
    "curves": [curve_case(watched(n)) for n in (3, 5, 8, 16)] + [curve_case([[2.0, True], [2.0, True], [4.0, False]])],
    "ranks": [
        rank_case(watched(3), watched(3)),
        rank_case(watched(6), watched(4, 6)),
        rank_case([[1.0, True], [1.0, True], [2.0, True]], [[5.0, True], [6.0, False], [6.0, False]]),
        rank_case(watched(3), watched(3), watched(3)),
    ],
    "large_ranks": [large_case([[float(1 + k % 4), True] for k in range(10)], [[float(2 + k % 6), k % 4 > 0] for k in range(10)]), large_case(watched(10), watched(10))],
    "kendall": [
        kendall_case(sample(5), sample(5)),
        kendall_case(sample(9), sample(9)),
        kendall_case([1.0, 2.0, 2.0, 3.0, 5.0], [1.0, 1.0, 4.0, 3.0, 6.0]),
    ],
    "ladders": [
        ladder_case([64.0, 128.0, 256.0], [sample(4, 0.5 + 0.02 * k, 0.03) for k in range(3)], [sample(4, 0.5, 0.03) for _ in range(3)]),
        ladder_case([1.0, 2.0, 3.0, 8.0], [sample(3) for _ in range(4)], [sample(3) for _ in range(4)]),
    ],
    "ladders_without_pairs": [
        welch_ladder_case([64.0, 128.0, 256.0], [sample(n, 0.6, 0.05) for n in (3, 4, 5)], [sample(n, 0.5, 0.1) for n in (4, 3, 6)]),
    ],
    "best": [best_case([sample(4, mean, 0.02) for mean in (0.5, 0.55, 0.56, 0.4)]), best_case([sample(3), sample(3)])],
}
print(json.dumps(cases, indent=1))
