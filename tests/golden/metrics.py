"""Golden numbers for tests/metrics, from scipy, pandas, statsmodels and scikit-learn.

Run: python tests/golden/metrics.py > tests/golden/metrics.json
The versions that made the committed table are in it.
"""

import json

import numpy
import pandas
import scipy
import scipy.special
import scipy.stats
import sklearn
import sklearn.linear_model
import sklearn.metrics
import statsmodels
import statsmodels.api

random = numpy.random.default_rng(20261121)

# Seven symbols over 60 bars; one starts late, one ends early, some rows are missing, and at some bars
# fewer than five symbols meet.
frames = []
for symbol in range(7):
    rows = numpy.arange(60)
    rows = rows[(rows >= (22 if symbol == 5 else 0)) & (rows < (37 if symbol == 6 else 60))]
    rows = rows[random.random(len(rows)) > 0.12]
    frames.append(pandas.DataFrame({"symbol": symbol, "row": rows, "time": rows * 300 + 17}))
table = pandas.concat(frames, ignore_index=True)
common = random.normal(size=60)[table["row"]]
table["actual"] = 0.004 * (0.6 * common + random.normal(size=len(table)))
table["forecast"] = 0.2 * table["actual"] + 0.001 * random.normal(size=len(table))
table.loc[random.random(len(table)) < 0.06, "actual"] = 0.0
table.loc[random.random(len(table)) < 0.05, "forecast"] = 0.0
table["forecast"] = table["forecast"].round(4)  # ties
table["actual"] = table["actual"].round(6)
f, a = table["forecast"].to_numpy(), table["actual"].to_numpy()


def hac(values, lag):
    values = numpy.asarray(values)
    fit = statsmodels.api.OLS(values, numpy.ones(len(values))).fit(
        cov_type="HAC", cov_kwds={"maxlags": lag, "use_correction": False}
    )
    return float(fit.bse[0])


def lag_of(count, horizon):
    return min(max(horizon, int(4 * (count / 100) ** (2 / 9))), count - 1)


def across(method, horizon):
    def one(group):
        if len(group) < 5 or group["forecast"].nunique() == 1 or group["actual"].nunique() == 1:
            return None
        return float(method(group["forecast"], group["actual"]).statistic)

    series = [one(group) for _, group in table.groupby("time")]
    series = pandas.Series([value for value in series if value is not None])
    return {
        "value": float(series.mean()),
        "standard_error": hac(series, lag_of(len(series), horizon)),
        "icir": float(series.mean() / series.std(ddof=1)),
        "count": len(series),
    }


def over_time(horizon):
    groups = dict(list(table.groupby("symbol")))
    correlations = {symbol: group["forecast"].corr(group["actual"]) for symbol, group in groups.items()}
    influence = pandas.Series(0.0, index=sorted(table["time"].unique()))
    for symbol, group in groups.items():
        zf = scipy.stats.zscore(group["forecast"].to_numpy())
        za = scipy.stats.zscore(group["actual"].to_numpy())
        part = zf * za - correlations[symbol] / 2 * (zf**2 + za**2)
        influence = influence.add(pandas.Series(part / len(group), index=group["time"]), fill_value=0.0)
    scaled = influence * len(influence) / len(groups)
    return {
        "value": float(numpy.mean(list(correlations.values()))),
        "standard_error": hac(scaled, lag_of(len(scaled), horizon)),
        "count": len(groups),
    }


def break_even(horizon):
    """Each tranche's position, row by row on a dense grid, and the trades as its differences."""
    earned = traded = 0.0
    for _, group in table.groupby("symbol"):
        dense = pandas.DataFrame(index=range(60 + horizon)).join(group.set_index("row")[["forecast", "actual"]])
        signs = numpy.sign(dense["forecast"]).fillna(0.0)
        earned += float((signs * (numpy.exp(dense["actual"].fillna(0.0)) - 1)).sum())
        for tranche in range(horizon):
            path = numpy.concatenate([[0.0], signs.iloc[tranche::horizon].to_numpy(), [0.0]])
            traded += float(numpy.abs(numpy.diff(path)).sum())
    return 1e4 * earned / traded


both = (f != 0) & (a != 0)
up = float((a[both] > 0).mean())
series = random.normal(size=80).cumsum() * 0.1 + random.normal(size=80)
prices = numpy.float32(100 * numpy.exp(numpy.cumsum(0.01 * random.normal(size=200))))
returns = pandas.Series(numpy.log(prices[1:].astype(float) / prices[:-1].astype(float)))

x = numpy.float32(random.normal(size=(90, 4)) @ (numpy.eye(4) + 0.4))
y = numpy.float32(x @ [[0.3, 0.0], [-0.2, 0.1], [0.0, 0.4], [0.1, 0.1]] + 0.5 + random.normal(size=(90, 2)))
ridge = sklearn.linear_model.Ridge(alpha=0.01 * 90).fit(x.astype(float), y.astype(float))

ties = [3.0, -1.0, 3.0, 2.0, 2.0, 2.0, 7.5]
golden = {
    "versions": {m.__name__: m.__version__ for m in (numpy, pandas, scipy, sklearn, statsmodels)},
    "rows": table.to_dict(orient="list"),
    "mse": float(sklearn.metrics.mean_squared_error(a, f)),
    "mae": float(sklearn.metrics.mean_absolute_error(a, f)),
    "huber_0.002": float(scipy.special.huber(0.002, a - f).mean()),
    "hit_rate": {
        "rate": float(sklearn.metrics.accuracy_score(a[both] > 0, f[both] > 0)),
        "majority": max(up, 1 - up),
        "zeros": float(1 - both.mean()),
        "count": int(both.sum()),
    },
    "horizons": {
        str(h): {
            "ic_ts": over_time(h),
            "ic_cs": across(scipy.stats.pearsonr, h),
            "rank_ic_cs": across(scipy.stats.spearmanr, h),
            "break_even_bps": break_even(h),
        }
        for h in (1, 5)
    },
    "minimum_detectable_of_0.01": float(0.01 * (scipy.stats.norm.ppf(0.975) + scipy.stats.norm.ppf(0.8))),
    "newey_west": {"values": series.tolist(), "lags": {str(k): hac(series, k) for k in (0, 1, 7, 40)}},
    "ranks": {"values": ties, "ranks": scipy.stats.rankdata(ties).tolist()},
    "volatility": {
        "close": [float(p) for p in prices],
        "span": 20,
        "sigma": numpy.sqrt((returns**2).ewm(span=20, adjust=True).mean()).tolist(),
    },
    "ridge": {
        "x": x.astype(float).ravel().tolist(),
        "y": y.astype(float).ravel().tolist(),
        "weights": ridge.coef_.T.ravel().tolist(),
        "intercept": ridge.intercept_.tolist(),
    },
}
print("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items()) + "\n}")
