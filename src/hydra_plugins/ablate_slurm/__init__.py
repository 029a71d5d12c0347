"""Hydra's launcher for SLURM, where it is installed, with what `ablate.run.slurm` adds. Hydra looks for plugins in this package."""

from contextlib import suppress

with suppress(ImportError):
    from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher

    from ablate.run.slurm import Submitting

    class Slurm(Submitting, SlurmLauncher):
        """`hydra/launcher=submitit`."""
