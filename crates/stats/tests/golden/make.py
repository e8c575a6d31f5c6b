"""Golden values for crates/stats from SciPy: python3 make.py > cases.json (made with numpy 2 and scipy 1.15 or later)."""

import json

import numpy as np
import scipy.optimize as so
import scipy.stats as st

rng = np.random.default_rng(20)


def sample(n, shift=0.0, scale=1.0):
    return [round(float(value), 6) for value in rng.normal(shift, scale, n)]


def interval_case(values):
    low, high = st.t.interval(0.95, len(values) - 1, np.mean(values), st.sem(values))
    return {"values": values, "mean": np.mean(values), "sd": np.std(values, ddof=1), "low": low, "high": high}


def paired_case(a, b):
    found = st.ttest_rel(a, b)
    interval = found.confidence_interval(0.95)
    return {"a": a, "b": b, "delta": np.mean(np.subtract(a, b)), "p": found.pvalue,
            "low": interval.low, "high": interval.high, "correlation": st.pearsonr(a, b).statistic}


def unpaired_case(a, b):
    found = st.ttest_ind(a, b, equal_var=False)
    interval = found.confidence_interval(0.95)
    exact = st.permutation_test((a, b), lambda x, y: np.mean(x) - np.mean(y), alternative="two-sided", n_resamples=np.inf)
    return {"a": a, "b": b, "delta": np.mean(a) - np.mean(b), "p": found.pvalue, "low": interval.low,
            "high": interval.high, "exact": exact.pvalue}


def limits_case(effect, n):
    # The noncentralities that put the observed t at the quartiles of their distribution.
    t = effect * np.sqrt(n)
    at = lambda share: so.brentq(lambda shift: st.nct.cdf(t, n - 1, shift) - share, -5, 10 * t + 10) / np.sqrt(n)
    return {"effect": effect, "n": n, "low": max(0.0, at(0.75)), "high": at(0.25)}


def flip_case(differences):
    # The whole permutation distribution: SciPy enumerates 2^n sign flips when n_resamples allows it.
    found = st.permutation_test((differences,), np.sum, permutation_type="samples", alternative="two-sided",
                                n_resamples=np.inf)
    return {"differences": differences, "p": found.pvalue}


def superiority_case(a, b):
    return {"a": a, "b": b, "share": st.mannwhitneyu(a, b).statistic / (len(a) * len(b))}


def power(effect, n, alpha=0.05):
    threshold = st.t.ppf(1 - alpha / 2, n - 1)
    law = st.nct(n - 1, effect * np.sqrt(n))
    return law.sf(threshold) + law.cdf(-threshold)


def reliability_case(table):
    """ICC(3,1), ICC(3,k) and the interval of the first, as Shrout & Fleiss (1979) have them."""
    table = np.asarray(table, float)
    n, k = table.shape
    rest = table - table.mean(1, keepdims=True) - table.mean(0, keepdims=True) + table.mean()
    degrees = (n - 1) * (k - 1)
    between, within = k * table.mean(1).var(ddof=1), (rest ** 2).sum() / degrees
    single = lambda ratio: (ratio - 1) / (ratio + k - 1)
    ratio = between / within
    return {"table": table.tolist(), "single": single(ratio), "mean": 1 - 1 / ratio,
            "low": single(ratio / st.f.ppf(0.975, n - 1, degrees)), "high": single(ratio * st.f.ppf(0.975, degrees, n - 1))}


cases = {
    "interval": [interval_case(sample(n, 0.6, 0.05)) for n in (2, 3, 5, 12)] + [interval_case(sample(4, 1e6, 1e-2))],
    "paired": [paired_case(sample(n, 0.7, 0.1), sample(n, 0.6, 0.1)) for n in (3, 5, 8, 20)],
    "sign_flip": [flip_case(sample(n, 0.4)) for n in (2, 3, 6, 9)] + [flip_case([1.0, 1.0, -1.0, 2.0, 0.0])],
    "superiority": [superiority_case([1.0, 2.0, 2.0, 3.0], [2.0, 2.0, 0.5]), superiority_case(sample(6), sample(4))],
    "holm": [{"p": p, "adjusted": list(adjusted)} for p, adjusted in [
        # By hand from Holm (1979), unsorted on purpose: SciPy has no Holm correction.
        ([0.03, 0.01, 0.02], [0.04, 0.03, 0.04]),
        ([0.5, 0.001, 0.04, 0.3], [0.6, 0.004, 0.12, 0.6]),
    ]],
    "quantile": [{"degrees": d, "confidence": c, "t": st.t.ppf(0.5 + c / 2, d)} for d in (1, 2, 4, 30) for c in (0.8, 0.95, 0.99)],
    "power": [{"effect": e, "n": n, "power": power(e, n)} for n in (2, 3, 5, 8, 20, 200) for e in (0.1, 0.5, 1.0, 2.0)],
    "unpaired": [unpaired_case(sample(n, 0.7, 0.1), sample(m, 0.6, 0.3)) for n, m in ((3, 3), (4, 6), (8, 3))],
    "reliability": [
        # The example of Shrout & Fleiss, whose ICC(3,1) is .71 and ICC(3,4) .91.
        reliability_case([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]),
        reliability_case([sample(3, mean, 0.05) for mean in (0.5, 0.55, 0.8, 0.9)]),
        reliability_case([sample(5) for _ in range(3)]),
    ],
    "limits": [limits_case(e, n) for n in (3, 5, 12) for e in (0.3, 1.0, 2.5)],
}
print(json.dumps(cases, indent=1))
