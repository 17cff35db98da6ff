"""Mixed model of two methods with different numbers of seeds, fitted by statsmodels."""

import warnings

import numpy as np
import numpy.typing as npt
from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

FloatArray = npt.NDArray[np.float64]
_STEPS = 50
# A variance below this share of the whole counts as zero.
_ZERO = 1e-7


def unbalanced_fit(first: FloatArray, second: FloatArray) -> tuple[tuple[float, ...], float, float]:
    """Fit value = method + participant + participant:method + run + error by restricted maximum likelihood.

    statsmodels finds the variances; a few scoring steps take them to the last digits, and their information
    gives Satterthwaite's degrees of freedom, which statsmodels lacks.

    Args:
        first: method a, shape (runs, participants).
        second: method b, the same participants; the number of runs may differ.

    Returns:
        Variances of participant, reaction, seed and error; variance of a's mean minus b's; its degrees of
        freedom.
    """
    if _error(first) + _error(second) <= _ZERO**2 * float(np.var(np.concatenate([first, second]))):
        return _without_error(first, second)
    runs, participants = len(first) + len(second), first.shape[1]
    y = np.concatenate([first.ravel(), second.ravel()])
    run = np.repeat(np.arange(runs), participants)
    person = np.tile(np.arange(participants), runs)
    method = (run >= len(first)).astype(int)
    scale = float(y.std()) or 1.0
    y = (y - y.mean()) / scale
    designs = [np.eye(participants)[person], np.eye(2 * participants)[2 * person + method], np.eye(runs)[run]]
    fixed = np.column_stack([method == 0, method == 1]).astype(float)
    parts = [design @ design.T for design in designs] + [np.eye(len(y))]
    theta = _polished(y, fixed, parts, _start(y, fixed, designs))
    variance, df = _satterthwaite(y, fixed, parts, theta)
    return tuple(float(value) * scale**2 for value in theta), variance * scale**2, df


def _error(values: FloatArray) -> float:
    rest = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    return float((rest**2).mean())


def _without_error(first: FloatArray, second: FloatArray) -> tuple[tuple[float, ...], float, float]:
    """The answer where runs differ by a constant: then the likelihood has no maximum, but moments do."""
    a, b = first.mean(axis=0), second.mean(axis=0)
    reaction = float((a - b).var(ddof=1))
    means = [values.mean(axis=1) for values in (first, second)]
    freedom = len(first) + len(second) - 2
    seed = sum(float(((mean - mean.mean()) ** 2).sum()) for mean in means) / freedom
    parts = (reaction / len(a), seed * (1 / len(first) + 1 / len(second)))
    variance = sum(parts)
    spread = parts[0] ** 2 / (len(a) - 1) + parts[1] ** 2 / freedom
    shared = max(0.0, float(np.cov(a, b)[0, 1]))
    return (shared, reaction / 2, seed, 0.0), variance, variance**2 / spread if spread > 0 else float(freedom)


def _start(y: FloatArray, fixed: FloatArray, designs: list[FloatArray]) -> FloatArray:
    """Return statsmodels' variances of the random factors and of the error."""
    names = ["participant", "reaction", "run"]
    columns = [[[str(i) for i in range(design.shape[1])]] for design in designs]
    spec = VCSpec(names, columns, [[design] for design in designs])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # variances at zero make it warn; they are expected here
            fit = MixedLM(y, fixed, np.ones(len(y)), exog_vc=spec).fit(reml=True)
    except np.linalg.LinAlgError:  # it stumbles over some variances at zero; scoring does not
        return np.full(4, 0.25)
    return np.append(np.maximum(fit.vcomp, 0.0), fit.scale)


def _pieces(
    y: FloatArray, fixed: FloatArray, parts: list[FloatArray], theta: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Score and observed information of the restricted log-likelihood, and the expected information."""
    inverse = np.linalg.inv(sum(value * part for value, part in zip(theta, parts, strict=True)))
    weighted = inverse @ fixed
    projection = inverse - weighted @ np.linalg.solve(fixed.T @ weighted, weighted.T)
    rest = projection @ y
    moved = [projection @ part for part in parts]
    score = np.array([rest @ part @ rest - np.trace(m) for part, m in zip(parts, moved, strict=True)]) / 2
    expected = np.array([[np.sum(m * k.T) for k in moved] for m in moved]) / 2
    towards = [part @ rest for part in parts]
    quadratic = np.array([[u @ projection @ v for v in towards] for u in towards])
    return score, quadratic - expected, expected


def _polished(y: FloatArray, fixed: FloatArray, parts: list[FloatArray], start: FloatArray) -> FloatArray:
    """Take variances to the maximum by scoring; one that would be negative stays at zero."""
    theta = start.copy()
    theta[theta < _ZERO * theta.sum()] = 0.0
    for _ in range(_STEPS):
        score, _, expected = _pieces(y, fixed, parts, theta)
        free = (theta > 0) | (score > 1e-9)
        step = np.zeros_like(theta)
        step[free] = np.linalg.lstsq(expected[np.ix_(free, free)], score[free], rcond=None)[0]
        moved = np.maximum(theta + step, 0.0)
        moved[-1] = max(moved[-1], _ZERO)
        if np.abs(moved - theta).max() < 1e-12:
            break
        theta = moved
    return theta


def _satterthwaite(
    y: FloatArray, fixed: FloatArray, parts: list[FloatArray], theta: FloatArray
) -> tuple[float, float]:
    """Variance of the difference between the two methods and its degrees of freedom."""
    inverse = np.linalg.inv(sum(value * part for value, part in zip(theta, parts, strict=True)))
    covariance = np.linalg.inv(fixed.T @ inverse @ fixed)
    difference = covariance @ np.array([1.0, -1.0])
    variance = float(difference[0] - difference[1])
    through = inverse @ fixed @ difference
    free = theta > 0
    slope = np.array([through @ part @ through for part in parts])[free]
    observed = _pieces(y, fixed, parts, theta)[1][np.ix_(free, free)]
    return variance, 2 * variance**2 / float(slope @ np.linalg.solve(observed, slope))
