"""The checkpoint that a run continues from."""

from lightning.pytorch.callbacks import ModelCheckpoint


class LastCheckpoint(ModelCheckpoint):
    """Writes last.ckpt at the end of each epoch; ckpt_path=last continues from it.

    Args:
        dirpath: the folder of last.ckpt.
    """

    def __init__(self, dirpath: str) -> None:
        super().__init__(dirpath=dirpath, filename="last", save_on_train_epoch_end=True, enable_version_counter=False)

    @property
    def state_key(self) -> str:
        return "LastCheckpoint"
