"""What a session plans, of ablations of conf/."""

import pytest
from commands import CONF
from hydra.core.global_hydra import GlobalHydra

from ablate.ablation.engine.session import Session
from ablate.ablation.spec.read import load
from ablate.errors import BadInput


def planned(name, folder, **options):
    GlobalHydra.instance().clear()
    ablation = load(CONF / f"ablation/{name}.yaml", "smoke")
    session = Session(ablation, "smoke", [], "train", "ablate.run.train.train", folder, **options)
    return session.plan("", [3, 4], cells=list(ablation.cells)[:1])


def test_a_seed_draws_new_data_where_that_is_asked_for(tmp_path):
    usual, new = planned("upsampling", tmp_path / "a"), planned("upsampling", tmp_path / "b", new_data=True)
    assert [run.seed for run in new] == [3, 4]
    assert all({f"data.dataset.seed={r.seed}", f"seed={r.seed}"} < {*r.overrides} for r in new)
    assert not any("data.dataset.seed" in word for run in usual for word in run.overrides)
    assert not {run.key for run in usual} & {run.key for run in new}


def test_files_cannot_be_drawn_anew(tmp_path):
    with pytest.raises(BadInput, match="^new_data=true needs generated data; ablation bidirectional has no data.dataset.seed$"):
        planned("bidirectional", tmp_path, new_data=True)
