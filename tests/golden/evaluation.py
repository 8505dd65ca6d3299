"""Golden numbers for tests/evaluation, from numpy, pandas, scipy and scikit-learn; the deflated Sharpe
ratio and the probability of overfitting are written here from the papers' formulas.

Run: python tests/golden/evaluation.py > tests/golden/evaluation.json
The versions that made the committed table are in it.
"""

import itertools
import json
import math

import numpy
import pandas
import scipy
import scipy.stats
import sklearn
import sklearn.calibration
import sklearn.metrics

random = numpy.random.default_rng(20261122)
out = {
    "versions": {
        "numpy": numpy.__version__,
        "pandas": pandas.__version__,
        "scipy": scipy.__version__,
        "sklearn": sklearn.__version__,
    }
}

# performance
returns = pandas.Series((0.0004 + 0.01 * random.standard_t(4, size=300)).round(6))
traded = pandas.Series(random.uniform(0, 0.4, size=300).round(4))
per_year = 252.0
equity = (1 + returns).cumprod()
heights = numpy.maximum(equity.cummax(), 1.0)
falls = 1 - equity / heights
deepest = int(falls.idxmax())
start = max([bar for bar in range(deepest) if falls[bar] == 0], default=-1)
end = min([bar for bar in range(deepest, 300) if falls[bar] == 0], default=299)
annual = equity.iloc[-1] ** (per_year / 300) - 1
out["performance"] = {
    "returns": returns.tolist(),
    "traded": traded.tolist(),
    "bars_per_year": per_year,
    "total_return": float(equity.iloc[-1] - 1),
    "annualised_return": float(annual),
    "volatility": float(returns.std() * math.sqrt(per_year)),
    "sharpe": float(returns.mean() / returns.std() * math.sqrt(per_year)),
    "sortino": float(
        returns.mean() / numpy.sqrt(numpy.mean(numpy.minimum(returns, 0) ** 2)) * math.sqrt(per_year)
    ),
    "max_drawdown": float(falls.max()),
    "max_drawdown_bars": end - start,
    "calmar": float(annual / falls.max()),
    "turnover": float(traded.sum() / 300 * per_year),
}

# probabilistic and deflated Sharpe ratio
sharpe = returns.mean() / returns.std()
skewness = scipy.stats.skew(returns, bias=True)
kurtosis = scipy.stats.kurtosis(returns, fisher=False, bias=True)


def probabilistic(sr, benchmark, skewness, kurtosis, count):
    spread = math.sqrt(1 - skewness * sr + (kurtosis - 1) / 4 * sr**2)
    return float(scipy.stats.norm.cdf((sr - benchmark) * math.sqrt(count - 1) / spread))


def expected_best(trials, variance):
    g = numpy.euler_gamma
    return float(
        math.sqrt(variance)
        * ((1 - g) * scipy.stats.norm.ppf(1 - 1 / trials) + g * scipy.stats.norm.ppf(1 - 1 / (trials * math.e)))
    )


out["sharpe_tests"] = {
    "sharpe": float(sharpe),
    "skewness": float(skewness),
    "kurtosis": float(kurtosis),
    "probabilistic_0": probabilistic(sharpe, 0, skewness, kurtosis, 300),
    "probabilistic_0.05": probabilistic(sharpe, 0.05, skewness, kurtosis, 300),
    "expected_best": [
        {"trials": trials, "variance": variance, "value": expected_best(trials, variance)}
        for trials, variance in [(2, 0.01), (10, 0.004), (100, 0.002), (5000, 0.5)]
    ],
    "deflated_20_0.003": probabilistic(sharpe, expected_best(20, 0.003), skewness, kurtosis, 300),
    # the example of Bailey and Lopez de Prado (2014): 0.9004 in the paper, and 0.9505 for 46 trials
    "paper": [
        {
            "trials": trials,
            "value": probabilistic(2.5 / 250**0.5, expected_best(trials, 0.5 / 250), -3.0, 10.0, 1250),
        }
        for trials in (100, 46)
    ],
}

# probability of backtest overfitting: 6 trials, 10 blocks of 300 bars
trials = (0.01 * random.standard_normal((6, 300)) + 0.0001 * numpy.arange(6)[:, None]).round(6)
blocks = [trials[:, b * 300 // 10 : (b + 1) * 300 // 10] for b in range(10)]
logits, inside, outside = [], [], []
for chosen in itertools.combinations(range(10), 5):
    train = numpy.concatenate([blocks[b] for b in chosen], axis=1)
    test = numpy.concatenate([blocks[b] for b in range(10) if b not in chosen], axis=1)
    ratio = lambda part: part.mean(axis=1) / part.std(axis=1, ddof=1)
    best = int(numpy.argmax(ratio(train)))
    rank = scipy.stats.rankdata(ratio(test))[best]
    w = rank / 7
    logits.append(math.log(w / (1 - w)))
    inside.append(ratio(train)[best])
    outside.append(ratio(test)[best])
out["overfitting"] = {
    "trials": trials.tolist(),
    "probability": float(numpy.mean(numpy.array(logits) <= 0)),
    "probability_of_loss": float(numpy.mean(numpy.array(outside) < 0)),
    "degradation": float(scipy.stats.linregress(inside, outside).slope),
    "splits": len(logits),
}

# calibration
probability = random.uniform(0, 1, size=200).round(3)
happened = random.uniform(size=200) < probability**1.5
share, mean = sklearn.calibration.calibration_curve(happened, probability, n_bins=8)
quantile = random.normal(size=200).round(3)
actual = (quantile + random.normal(size=200)).round(3)
line = scipy.stats.linregress(quantile, actual)
order = numpy.argsort(quantile, kind="stable")
bins = numpy.array_split(order, 5)
out["calibration"] = {
    "probability": probability.tolist(),
    "happened": happened.astype(int).tolist(),
    "brier": float(sklearn.metrics.brier_score_loss(happened, probability)),
    "log_loss": float(sklearn.metrics.log_loss(happened, probability)),
    "share": share.tolist(),
    "mean": mean.tolist(),
    "forecast": quantile.tolist(),
    "actual": actual.tolist(),
    "pinball_0.3": float(sklearn.metrics.mean_pinball_loss(actual, quantile, alpha=0.3)),
    "below": float(numpy.mean((actual < quantile) + 0.5 * (actual == quantile))),
    "r2": float(sklearn.metrics.r2_score(actual, quantile)),
    "slope": float(line.slope),
    "intercept": float(line.intercept),
    "bins": [
        {
            "mean_forecast": float(quantile[b].mean()),
            "mean_actual": float(actual[b].mean()),
            "standard_error": float(scipy.stats.sem(actual[b], ddof=0)),
        }
        for b in bins
    ],
}

text = json.dumps(out)
print(text.replace(", \"", ",\n\""))
