"""Pause a training in a file and resume it from there, bit for bit."""

import io
import warnings
import zipfile

import torch

from sh_teach.files import replace_file


def resume(network, optimizer, checkpoint, config, max_epochs):
    """Load what `pause` wrote, if there is that file, a Path; return the epochs trained so far."""
    if checkpoint is None:
        return 0
    name = f"checkpoint={str(checkpoint)!r}"
    if checkpoint.is_dir():
        raise ValueError(f"{name}: it must be a file, not a folder")
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    if not checkpoint.exists():
        return 0
    try:
        # torch does not read the checksums in its zip file: it would not notice a flipped bit.
        with zipfile.ZipFile(checkpoint) as archive:
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(f"the checksum of {damaged} is wrong")
        paused = torch.load(checkpoint, map_location="cpu", weights_only=True)
        fields = ("configuration", "epochs", "weights", "optimizer")
        trained, epochs, weights, optimizer_state = (paused[name] for name in fields)
    except Exception as error:  # a damaged file makes torch.load raise errors of many kinds
        warnings.warn(f"{name} is damaged, so training starts again ({error})", stacklevel=4)
        return 0
    if trained != config:
        difference = f"it has {trained}, you ask for {config}"
        raise ValueError(f"{name} belongs to another configuration: {difference}")
    if epochs > max_epochs:
        allowed = f"at least {epochs}, the epochs that {name} was trained for"
        raise ValueError(f"max_epochs={max_epochs}: it must be {allowed}")
    network.load_state_dict(weights)
    optimizer.load_state_dict(optimizer_state)
    return epochs


def pause(network, optimizer, checkpoint, config, epochs):
    """Replace the checkpoint, if one is wanted, by the state after this number of epochs."""
    if checkpoint is None:
        return
    state = {"configuration": config, "epochs": epochs}
    state |= {"weights": network.state_dict(), "optimizer": optimizer.state_dict()}
    content = io.BytesIO()
    torch.save(state, content)
    try:
        replace_file(checkpoint, content.getvalue())
    except OSError as error:
        # The result is worth more than the file: without the file, only time is lost.
        warnings.warn(f"checkpoint={str(checkpoint)!r} was not written: {error}", stacklevel=4)
