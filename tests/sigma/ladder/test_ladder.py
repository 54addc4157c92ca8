"""The flow ladder: evidence against closed forms, codes against BGe, caches, directions."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from pytest import approx
from scipy.special import logsumexp
from scipy.stats import multivariate_t

from causalif.errors import DataError
from causalif.sigma.ladder.evidence import (
    JITTER,
    VARIANCES,
    WIDTHS,
    linear_evidence,
    smooth_evidence,
)
from causalif.sigma.ladder.rungs import block_ends, code_lengths
from causalif.sigma.ladder.score_cache import ScoreCache
from causalif.sigma.ladder.scorer import WEIGHT, ladder_scorer
from causalif.sigma.scores.gaussian import Moments, bge_totals, standardised
from causalif.sigma.scores.totals import local_from_totals
from tests.truth.dags import Enumerated


def bge(values):
    return partial(local_from_totals, partial(bge_totals, Moments.of(values)))


def ladder(values, seed=1, **options):
    return ladder_scorer(values, base=bge(values), seed=seed, progress=False, **options)


def every_set(nodes):
    masks = np.arange(2**nodes)
    return [masks[(masks >> node) & 1 == 0] for node in range(nodes)]


def posterior(scorer, nodes):
    table = np.full((nodes, 2**nodes), -np.inf)
    for node, (sets, scores) in enumerate(
        zip(every_set(nodes), scorer(every_set(nodes)), strict=True)
    ):
        table[node, sets] = scores
    return Enumerated.of(table)


def chain(rows, seed, curve=lambda x: x):
    """A -> B -> C by a curve, with normal noise."""
    rng = np.random.default_rng(seed)
    a, e, f = rng.normal(size=(3, rows))
    b = curve(a) + 0.6 * e
    return np.column_stack([a, b, 0.8 * b + 0.6 * f])


def two_peaks(rows, seed):
    """A -> B by a line, with noise around -1 and 1."""
    rng = np.random.default_rng(seed)
    a, e = rng.normal(size=(2, rows))
    return a, a + rng.choice([-1.0, 1.0], rows) + 0.1 * e


@pytest.fixture(scope="module")
def linear():
    return chain(200, seed=11)


# Evidence


def test_linear_evidence_is_bge(linear):
    scaled, sets = standardised(linear), every_set(3)
    for node, scores in enumerate(bge(linear)(sets)):
        for mask, score in zip(sets[node], scores, strict=True):
            parents = scaled[:, [k for k in range(3) if mask >> k & 1]]
            assert linear_evidence(parents, scaled[:, node]) == approx(score, abs=1e-9)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_linear_evidence_of_any_rows_is_a_multivariate_t(count):
    """O'Hagan & Forster (2004), Bayesian inference, section 11.8: prior as in `linear_evidence`."""
    rng = np.random.default_rng(count)
    parents, values = rng.normal(1.0, 2.0, (12, count)), rng.normal(3.0, 1.0, 12)
    shape = (count + 3) / 2
    spread = 0.25 / shape * (np.eye(12) + 1.0 + 2.0 * parents @ parents.T)
    truth = multivariate_t(np.zeros(12), spread, df=2 * shape).logpdf(values)
    assert linear_evidence(parents, values) == approx(truth, abs=1e-9)


def test_smooth_evidence_is_an_average_of_multivariate_ts():
    rng = np.random.default_rng(3)
    parents, values = rng.normal(size=(30, 2)), rng.normal(size=30)
    squares = ((parents[:, None] - parents) ** 2).sum(2)
    shape, found = 5 / 2, []
    for width in WIDTHS:
        kernel = np.exp(-squares / (4 * width**2))  # a width per root of two parents
        # The jitter is in the basis: k (k + jitter)^-1 k.
        kernel = kernel @ np.linalg.solve(kernel + JITTER * np.eye(30), kernel)
        for variance in VARIANCES:
            own = np.eye(30) + 1.0 + 2.0 * parents @ parents.T + variance * kernel
            law = multivariate_t(np.zeros(30), 0.25 / shape * own, df=2 * shape)
            found.append(law.logpdf(values))
    truth = logsumexp(found) - np.log(len(found))
    assert smooth_evidence(parents, values) == approx(truth, abs=1e-6)


# Codes


def test_blocks_double():
    assert block_ends(1000) == [50, 100, 200, 400, 800, 1000]
    assert block_ends(240) == [50, 100, 240]  # a last block of 40 would be short
    assert block_ends(51) == [50, 51] or block_ends(51) == [51]
    assert block_ends(20) == [20]


def test_code_of_a_line_is_about_bge():
    """A plug-in code falls behind a mixture by some (1 - log 2) k/2 nats a block, k weights.

    Grunwald (2007), The minimum description length principle, chapters 6 and 15.
    """
    differences = []
    for seed in range(4):
        scaled = standardised(chain(400, seed))
        for pair in [(0, 0), (1, 0b001), (1, 0b101), (0, 0b010)]:
            node, mask = pair
            parents = scaled[:, [k for k in range(3) if mask >> k & 1]]
            evidence = linear_evidence(parents, scaled[:, node])
            differences.append(code_lengths(scaled, [pair], "linear")[0] - evidence)
    assert np.abs(differences).max() < 6.0
    assert -2.0 < np.mean(differences) < 0.5


def test_few_rows_are_scored_by_bge(linear):
    values, sets = linear[:50], every_set(3)
    for own, plain in zip(ladder(values)(sets), bge(values)(sets), strict=True):
        assert own.tolist() == plain.tolist()


def test_score_is_at_least_its_share_of_bge(linear):
    for own, plain in zip(ladder(linear)(every_set(3)), bge(linear)(every_set(3)), strict=True):
        assert (own >= plain + np.log1p(-WEIGHT) - 1e-12).all()


def test_score_of_a_set_hangs_on_no_other(linear):
    none, sets = np.array([], dtype=np.int64), every_set(3)[1]
    together = ladder(linear, worth=np.inf)([none, sets, none])[1]
    for mask in (0b000, 0b101, 0b100):
        alone = ladder(linear, worth=np.inf)([none, np.array([mask]), none])[1]
        assert alone[0] == approx(together[sets.tolist().index(mask)], abs=1e-9)


def test_same_seed_same_scores(linear):
    sets = [np.array([0]), np.array([0, 1]), np.array([0])]
    one, again, other = (ladder(linear, seed)(sets) for seed in (1, 1, 2))
    assert one[1].tolist() == again[1].tolist()
    assert one[1].tolist() != other[1].tolist()


def test_units_do_not_matter(linear):
    sets = [np.array([0]), np.array([0, 1]), np.array([0])]
    moved = 1e3 + 1e-3 * linear
    for one, other in zip(ladder(linear)(sets), ladder(moved)(sets), strict=True):
        assert one == approx(other, abs=1e-4)


def test_unusable_options_are_told_at_once(linear):
    with pytest.raises(DataError, match=r"(?s)splines.*weight=1.*orders=0"):
        ladder(linear, rungs=["splines"], weight=1, orders=0)


# Directions


def test_curves_tell_the_direction():
    found = posterior(ladder(chain(200, seed=4, curve=lambda x: x + x**2)), 3)
    arrows = found.arrows()
    assert arrows[0, 1] > 0.99
    assert arrows[1, 2] > 0.9  # a line, but not into the middle of the curve
    plain = posterior(bge(chain(200, seed=4, curve=lambda x: x + x**2)), 3).arrows()
    assert plain[0, 1] < 0.7  # BGe does not see it


def test_noise_tells_the_direction():
    # Not two uniforms: given their sum one is uniform again, and its spread serves as well.
    values = np.column_stack(two_peaks(300, seed=6))
    assert posterior(ladder(values), 2).arrows()[0, 1] > 0.99
    assert posterior(bge(values), 2).arrows()[0, 1] == approx(0.5, abs=0.01)


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_spread_tells_the_direction(seed):
    """With 1,000 rows; with 400 the order in which they are coded may still decide."""
    rng = np.random.default_rng(seed)
    x, e = rng.normal(size=(2, 1000))
    values = np.column_stack([x, np.exp(0.6 * x) * e])
    assert posterior(ladder(values), 2).arrows()[0, 1] > 0.99


def heavy_chain(rows, seed):
    """A -> B by a line, both with noise from t with 5 degrees of freedom."""
    rng = np.random.default_rng(seed)
    a, e = rng.standard_t(5, size=(2, rows))
    return np.column_stack([a, 0.8 * a + e])


def test_outliers_in_any_order_tell_one_direction():
    values = heavy_chain(400, seed=8)
    found = [posterior(ladder(values, seed), 2).arrows()[0, 1] for seed in (1, 2)]
    assert min(found) > 0.95  # at 200 degrees of freedom, about normal, .61 and .77


def test_lines_tell_no_direction(linear):
    own, plain = (posterior(score(linear), 3).probabilities for score in (ladder, bge))
    assert np.abs(own - plain).sum() / 2 < 0.15


def test_borrowing_changes_little():
    a, b = two_peaks(250, seed=8)  # flows decide
    values = np.column_stack([a, b, np.random.default_rng(9).normal(size=250)])
    kept, own = {}, {}
    whole = ladder(values, worth=np.inf, cache=own)
    borrowed = ladder(values, worth=2.0, cache=kept)
    one, other = posterior(whole, 3).arrows(), posterior(borrowed, 3).arrows()
    assert len(kept) < len(own)
    assert one[0, 1] > 0.9
    assert np.abs(one - other).max() < 0.01
    smaller = 0b10  # of the sets of node 0, the one that lends to {1, 2}
    for mine, theirs in zip(whole(every_set(3)), borrowed(every_set(3)), strict=True):
        assert (mine - theirs).max() < 15  # own flows would have found no more
    sets, found = every_set(3)[0], borrowed(every_set(3))[0]
    lender, borrower = (int(np.flatnonzero(sets == m)[0]) for m in (smaller, smaller | 0b100))
    assert found[borrower] < found[lender] - 2.0  # and it never wins over what it borrows from


def test_parents_of_the_spread_keep_their_flows():
    rng = np.random.default_rng(9)
    a, b, e = rng.normal(size=(3, 300))
    values = np.column_stack([a, b, a + np.exp(0.7 * b) * e])
    found = posterior(ladder(values), 3).arrows()
    assert found[0, 2] > 0.99
    assert found[1, 2] > 0.99  # the smooth evidence sees nothing of it


# Cache


class Killed(Exception):
    pass


class Dying(ScoreCache):
    """Is killed after some writes."""

    left = 4

    def flush(self):
        super().flush()
        self.left -= 1
        if not self.left:
            raise Killed


def test_killed_run_goes_on(tmp_path, linear):
    path, sets = tmp_path / "scores.npz", every_set(3)
    with pytest.raises(Killed):
        ladder(linear, cache=Dying(path))(sets)
    resumed = ScoreCache.load(path)
    before = dict(resumed)
    found = ladder(linear, cache=resumed)(sets)
    assert 0 < len(before) < len(resumed)
    for own, whole in zip(found, ladder(linear)(sets), strict=True):
        assert own == approx(whole, abs=1e-9)
    assert dict(ScoreCache.load(path)) == dict(resumed)


def test_known_codes_are_not_computed_again(linear):
    kept, sets = {}, [np.array([0, 2]), np.array([0]), np.array([0])]
    ladder(linear, cache=kept)(sets)
    key = next(key for key in kept if key[1:] == (0, 0b10, "spline"))
    kept[key] = 1000.0
    scores = ladder(linear, cache=kept)(sets)[0]
    assert scores[1] == approx(1000.0 + np.log(WEIGHT / 3), abs=1e-9)


def test_cache_keeps_data_and_seeds_apart(linear):
    kept, sets = ScoreCache(), [np.array([0]), np.array([0]), np.array([0])]
    ladder(linear, cache=kept)(sets)
    count = len(kept)
    ladder(linear, cache=kept)(sets)
    assert len(kept) == count
    ladder(linear, seed=2, cache=kept)(sets)
    ladder(linear[:-1], cache=kept)(sets)
    assert len(kept) == 3 * count


def test_damaged_cache_is_refused(tmp_path):
    path = tmp_path / "scores.npz"
    cache = ScoreCache(path)
    cache["a", 1, 2**61, "spline"] = -1.25
    cache.flush()
    assert dict(ScoreCache.load(path)) == dict(cache)
    assert not list(tmp_path.glob("*.partial"))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="no file of scores"):
        ScoreCache.load(path)
    np.savez(path, score=np.zeros(2))
    with pytest.raises(DataError, match="no file of scores"):
        ScoreCache.load(path)
