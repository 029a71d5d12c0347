"""Numbers of one short deterministic run of every experiment: what a change of the code must leave as it is.

    python tests/digests.py record [EXPERIMENT …]     writes tests/digests.json
    python tests/digests.py check [EXPERIMENT …]      says which differ from it, exit status 1 if any does

The folder with the real data sets is named by ABLATE_DATA. Bits depend on the processor: record before a change and
check after it on one machine, with OMP_NUM_THREADS=1. tests/test_configs.py compares the losses, which every processor finds.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIXTURE = Path(__file__).with_suffix(".json")
VARIED = {  # experiment -> the groups of which every option is run as well
    "upsampling": "model/decoder",
    "names": "model/cell",
    "copy": "model/attention",
    "digits": "model",
    "dates": "model/search",
}
SKIPPED = (
    "names model/cell=unshared",
)  # failed before the first change, in the pictures of the network's inside: there are no numbers to compare with
OWN = ("captions", "folder", "questions", "table")  # of a user's data: no published set is read by one word; tests/test_readme.py
CLASSIFIERS = ("sequence_classifier", "bag_of_words", "window_mlp")


def _options(group: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / "conf" / group).glob("*.yaml"))


EXPERIMENTS = [
    *_options("experiment"),
    *(f"{name} {group}={o}" for name, group in VARIED.items() for o in _options(group) if name != "digits" or o in CLASSIFIERS),
]
EXPERIMENTS = [each for each in EXPERIMENTS if each not in (*SKIPPED, *OWN)]
WORDS = ["debug=fast", "data.batch_size=4", "seed=3", "trainer.deterministic=warn"]
FOLDERS = {  # experiment -> its folder among the real data
    "babi": "babi/tasks_1-20_v1-2",
    "camvid": "camvid_half/CamVid",
    "ewt": "ud_english_ewt/UD_English-EWT",
    "flickr8k": "flickr8k",
    "multi30k": "multi30k",
    "pairs": "multi30k/data/task1/tok",
    "rt_polarity": "rt-polarity",
    "segnet_basic": "camvid_half/CamVid",
    "camvid_fcn": "camvid_half/CamVid",
    "camvid_deconvnet": "camvid_half/CamVid",
    "shakespeare": "tinyshakespeare/input.txt",
    "sst2": "sst",
    "sst_trees": "sst",
    "tagged": "ud_english_ewt/UD_English-EWT",
    "text": "tinyshakespeare/input.txt",
    "trec": "trec",
}
NARROW = ["data.image_size=[90,120]", "model.encoder.width=8"]  # of networks at a paper's size
MORE = {
    "pairs": ["data.source=de", "data.target=en"],
    "segnet_basic": NARROW,
    "camvid_fcn": [*NARROW, "augmentation.crop=64", "model.encoder.fully_connected=32"],
    "camvid_deconvnet": [*NARROW, "augmentation.crop=64", "model.encoder.fully_connected=32"],
}


def words(experiment: str) -> list[str]:
    """What train.py is called with for a short run of `experiment`."""
    name, *varied = experiment.split()
    root = [f"data.root={os.environ['ABLATE_DATA']}/{FOLDERS[name]}"] if name in FOLDERS else []
    return [f"experiment={name}", *varied, *WORDS, *root, *MORE.get(name, ())]


def measure(experiment: str) -> dict[str, object]:
    """Metrics of a short run, and a digest of its last weights, whatever their names and order."""
    import torch

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, ROOT / "scripts/train.py", *words(experiment), "logger=none", f"hydra.run.dir={folder}/run"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        if done.returncode:
            raise SystemExit(f"{experiment}: {done.stderr}")
        metrics = json.loads(Path(folder, "run/metrics.json").read_text())
        state = torch.load(Path(folder, "run/checkpoints/last.ckpt"), weights_only=True)["state_dict"]
    weights = sorted(hashlib.sha256(value.numpy().tobytes()).hexdigest() for value in state.values() if value.ndim)
    digest = hashlib.sha256("".join(weights).encode()).hexdigest()[:16]
    return {"weights": digest, "metrics": dict(sorted(metrics.items()))}


def main(action: str, *chosen: str) -> None:
    found, kept = {}, json.loads(FIXTURE.read_text()) if FIXTURE.exists() else {}
    for experiment in chosen or EXPERIMENTS:
        print(experiment, end="; ", flush=True, file=sys.stderr)
        found[experiment] = measure(experiment)
        if action == "record":
            FIXTURE.write_text(json.dumps({**kept, **found}, indent=1) + "\n")
    if action == "record":
        return
    same = lambda name: json.dumps(found[name]) == json.dumps(kept.get(name))  # noqa: E731  nan is nan
    differ = [name for name in found if not same(name)]
    for name in differ:
        print(f"\n{name}: {kept.get(name)}\n      now {found[name]}")
    print(f"\n{len(found) - len(differ)} of {len(found)} experiments have the recorded weights and metrics")
    sys.exit(bool(differ))


if __name__ == "__main__":
    main(*sys.argv[1:])
