"""Types and ranges of what torch and Lightning take, where their own annotations say less; and of what is never a choice."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from ablate.schema.options import (
    AboveZero,
    Count,
    Fraction,
    Layers,
    NotNegative,
    Part,
    Positive,
    Probability,
    ProperFraction,
    Whole,
)

Accelerator = Literal["cpu", "gpu", "cuda", "mps", "auto"]
Precision = Literal["32-true", "16-mixed", "bf16-mixed"]  # pictures are made float32 after Lightning's conversion to others
Share = Probability | Positive  # of the batches, or so many
NEVER = type(None)  # what other options say
Betas = Annotated[list[ProperFraction], Count(2)]

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "lightning.pytorch.Trainer": {
        "accelerator": Accelerator,
        "accumulate_grad_batches": Positive,
        "benchmark": bool | None,
        "check_val_every_n_epoch": Positive,
        "compile": bool,  # ours: see ablate.callback.compile
        "detect_anomaly": bool,
        "deterministic": bool | Literal["warn"],
        "devices": Layers | list[Whole] | Literal["auto", -1],
        "enable_progress_bar": bool,
        "limit_test_batches": Share,
        "limit_train_batches": Share,
        "limit_val_batches": Fraction | Whole,
        "log_every_n_steps": Positive,
        "max_epochs": Positive | None,
        "min_epochs": Positive | None,
        "min_steps": Positive | None,
        "max_steps": Positive | Literal[-1],
        "num_nodes": Layers,
        "num_sanity_val_steps": Whole,
        "overfit_batches": Fraction | Whole,
        "precision": Precision,
        "profiler": Part | Literal["simple", "advanced", "pytorch"] | None,
        "strategy": str,
        "val_check_interval": Share | str | None,
        "fast_dev_run": bool | Positive,
        **dict.fromkeys(("callbacks", "logger", "plugins", "gradient_clip_val", "gradient_clip_algorithm"), NEVER),
    },
    "torch.optim.AdamW": {"lr": AboveZero, "weight_decay": NotNegative, "betas": Betas, "eps": NotNegative},
    "torch.optim.Adam": {"lr": AboveZero, "weight_decay": NotNegative, "betas": Betas, "eps": NotNegative},
    "torch.optim.SGD": {"lr": AboveZero, "weight_decay": NotNegative, "momentum": Fraction, "dampening": Fraction},
    "lightning.pytorch.callbacks.ModelCheckpoint": {"mode": Literal["min", "max"]},
}
