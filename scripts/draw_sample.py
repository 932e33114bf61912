"""Draw the bundled sample from the full Fashion-MNIST: ``python scripts/draw_sample.py``.

The same 1,000 training and 250 validation images of each class come out every time, to the byte.
The checksum that is printed belongs in ``sh_teach/objectives/fashion_mnist.py``.
"""

import hashlib

import numpy as np

from sh_teach.objectives.fashion_mnist import SAMPLE_FILE, data_folder, load_fashion_mnist

SEED = 0


def balanced_indices(labels, per_class, rng):
    """Return the sorted indices of `per_class` images of each class, drawn without replacement."""
    classes = [np.flatnonzero(labels == label) for label in range(10)]
    return np.sort(np.concatenate([rng.choice(c, per_class, replace=False) for c in classes]))


def draw(full, path, seed=SEED):
    """Write the sample of the `full` ImageData to `path`."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for part, per_class in (("train", 1000), ("validation", 250)):
        labels = getattr(full, f"{part}_labels").numpy()
        images = getattr(full, f"{part}_images")[:, 0].mul(255).round().byte().numpy()
        chosen = balanced_indices(labels, per_class, rng)
        arrays[f"{part}_images"] = images[chosen]
        arrays[f"{part}_labels"] = labels[chosen].astype(np.uint8)
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    draw(load_fashion_mnist("full"), SAMPLE_FILE)
    checksum = hashlib.sha256(SAMPLE_FILE.read_bytes()).hexdigest()
    print(f"{SAMPLE_FILE} from {data_folder()}: {SAMPLE_FILE.stat().st_size:,} bytes, {checksum}")
