"""How much images resemble each other: for an exercise of notebook 02 on nearest neighbours."""

import numpy as np

from sh_teach.objectives.fashion_mnist import SAMPLE_FILE


def load_distances(n=500):
    """Return the distances from n validation images to the training images, and the labels.

    The distances have a row for each validation image and a column for each training image.
    """
    with np.load(SAMPLE_FILE) as sample:
        train, validation = sample["train_images"], sample["validation_images"][:n]
        labels, truth = sample["train_labels"], sample["validation_labels"][:n]
    train, validation = (images.reshape(len(images), -1) for images in (train, validation))
    train, validation = train.astype(float), validation.astype(float)  # exact: whole numbers
    squares = (validation**2).sum(axis=1)[:, None] + (train**2).sum(axis=1)
    return squares - 2 * validation @ train.T, labels, truth
