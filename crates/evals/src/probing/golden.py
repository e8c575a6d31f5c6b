"""Makes golden.json: logistic regressions by scikit-learn on small cases.

Needs numpy and scikit-learn (made with scikit-learn 1.9): python golden.py > golden.json
"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression


def case(name, count, width, classes, seed, spread):
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(classes, width)) * spread
    labels = np.arange(count) % classes
    rows = centres[labels] + draw.normal(size=(count, width))
    rows = np.round((rows - rows.mean(0)) / rows.std(0), 3)
    fitted = LogisticRegression(C=1.0, tol=1e-10, max_iter=10000).fit(rows, labels)
    return {
        "name": name,
        "classes": classes,
        "labels": labels.tolist(),
        "rows": rows.reshape(-1).tolist(),
        "log_probabilities": np.round(fitted.predict_log_proba(rows), 6).reshape(-1).tolist(),
    }


cases = [
    case("three classes that overlap", 45, 4, 3, 1, 0.5),
    case("five classes in more columns than rows of a class", 40, 12, 5, 2, 1.0),
    case("two classes, which scikit-learn fits by one row of weights", 30, 3, 2, 3, 0.7),
    case("separable classes, which the penalty alone keeps finite", 24, 6, 3, 4, 4.0),
]
print(json.dumps({"cases": cases}, separators=(",", ":")))
