"""Registration: what decides the verdicts is fixed before the first run, and a later change is named."""

import hashlib
import json
import time
from pathlib import Path

from ablate.ablation.spec.ablation import Ablation, Looks
from ablate.files import read_json, write_json
from ablate.run.folder import first_difference

REGISTRATIONS = "registrations.json"


def digest(ablation: Ablation, budget: str, design: Looks) -> str:
    """Ten digits of the hash of claims, tests, marks, margins, looks, weights and seeds. The words of a statement do not count."""
    text = json.dumps(ablation.registration(budget, design), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def register(folder: Path, ablation: Ablation, budget: str, design: Looks) -> tuple[str, str]:
    """Write the registration into the ablation's folder, unless it stands there.

    Returns:
        The digest; and, if this budget was registered otherwise before, one line that says what has changed since.
    """
    path, key = folder / REGISTRATIONS, digest(ablation, budget, design)
    known = read_json(path)
    content = json.loads(json.dumps(ablation.registration(budget, design)))
    earlier = [each for name, each in known.items() if name != key and each["content"]["budget"] == budget]
    if key not in known:
        known[key] = {"registered": time.time(), "content": content}
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, known)
    before = [each for each in earlier if each["registered"] <= known[key]["registered"]]
    if not before:
        return key, ""
    last = max(before, key=lambda each: each["registered"])
    return key, (
        f"what is claimed has changed after it was registered: {first_difference(last['content'], content)}; "
        "results of the earlier registration do not count"
    )
