"""The files beside notebook 01: the neighbours, and which epochs end badly."""

import bad_epochs
import neighbours
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from sh_teach import RecordedCurves

ERRORS = ("validation_error", "test_error")


@pytest.fixture
def curves():
    """Return four curves of seed 0 with bumps at odd epochs."""
    return of_seeds({0: 1}, configurations=4)


def of_seeds(signs, configurations=4):
    """Return curves whose bumps have this sign for each seed."""
    rows = [
        {"config_id": i, "x": float(i), "seed": seed, "epoch": epoch, "seconds": 1.0}
        | {name: 0.1 + 0.01 * i + sign * 0.001 * (i + 1) * (-1) ** epoch for name in ERRORS}
        for seed, sign in signs.items()
        for i in range(configurations)
        for epoch in range(1, 17)
    ]
    return RecordedCurves(pd.DataFrame(rows))


@pytest.mark.parametrize(("k", "images"), [(1, 100), (5, 300), (4, 50)])
def test_the_neighbours_are_those_that_a_plain_search_finds(k, images):
    distances, classes, true_classes = neighbours.prepared()
    wrong = 0
    for row, true in zip(distances, true_classes, strict=True):
        nearest = sorted(range(images), key=lambda i: row[i])[:k]
        votes = np.bincount(classes[nearest], minlength=10)
        wrong += votes.argmax() != true
    assert neighbours.knn_error(k, images) == pytest.approx(wrong / neighbours.JUDGED)


def test_no_two_training_images_are_equally_distant():
    distances, *_ = neighbours.prepared()
    assert all(len(np.unique(row)) == len(row) for row in distances[:20])


def test_a_shrunken_image_keeps_the_sum_of_its_pixels():
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    assert neighbours.shrink(images).sum(axis=1).tolist() == images.sum(axis=(1, 2)).tolist()


def test_the_errors_of_a_further_seed_are_means_over_both_halves(curves):
    again = of_seeds({1: 1})
    again.table["test_error"] += 0.02
    found = bad_epochs.leaders_by_seed(curves, again)
    expected = again.table.pivot(index="config_id", columns="epoch", values="validation_error")
    np.testing.assert_allclose(found[1], expected + 0.01)


def test_leaders_that_were_not_trained_again_are_left_out(curves):
    found = bad_epochs.leaders_by_seed(curves, of_seeds({1: 1, 2: 1}, configurations=3))
    assert list(found) == [0, 1, 2]
    assert [errors.index.tolist() for errors in found.values()] == 3 * [[0, 1, 2]]


def test_seed_0_is_that_of_the_curves_and_not_the_one_trained_again(curves):
    found = bad_epochs.leaders_by_seed(curves, of_seeds({0: -1, 1: 1}))
    assert bad_epochs.agreement(found).loc[0, 1] == pytest.approx(1)


def test_bumps_at_the_same_epochs_agree_and_opposite_ones_do_not(curves):
    found = bad_epochs.leaders_by_seed(curves, of_seeds({1: 1, 2: -1}))
    expected = [[1, 1, -1], [1, 1, -1], [-1, -1, 1]]
    np.testing.assert_allclose(bad_epochs.agreement(found), expected)


def test_there_is_a_panel_for_each_seed(curves):
    found = bad_epochs.leaders_by_seed(curves, of_seeds({1: 1, 2: 1, 3: 1}))
    figure = bad_epochs.plot_bumps(found)
    assert [ax.get_title() for ax in figure.axes] == [f"seed {seed}" for seed in range(4)]
    plt.close(figure)
