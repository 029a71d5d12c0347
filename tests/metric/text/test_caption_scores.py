"""Scores of captions against what others compute, and against counts by hand."""

import json
import math

import peers
import pytest
import torch

from ablate.data.batch import Judgement
from ablate.errors import BadInput
from ablate.metric.text.cider import CIDEr, CIDErD
from ablate.metric.text.overlap import Bleu, ChrF, ExactMatch, RougeL, SacreBleu, longest_common
from ablate.metric.text.truth import PairsNamed, TruthRate

PEER = json.loads(peers.KEPT.read_text())
ALL = [CIDEr, CIDErD, RougeL, Bleu, SacreBleu, ChrF, ExactMatch]


def score(metric, pairs):
    metric.update([prediction for prediction, _ in pairs], [references for _, references in pairs])
    found = metric.compute()
    return {k: float(v) for k, v in found.items()} if isinstance(found, dict) else float(found)


@pytest.mark.parametrize("metric, name", [(CIDErD, "cider_d"), (RougeL, "rouge_l"), (Bleu, "bleu"), (ChrF, "chrf")])
def test_scores_equal_those_of_pycocoevalcap_and_sacrebleu(metric, name):
    found = score(metric(), peers.SENTENCES)
    assert (list(found.values()) if isinstance(found, dict) else found) == pytest.approx(PEER[name], abs=1e-6)


def test_cider_equals_pycocoevalcap_without_penalty():
    plain = [peers.SENTENCES[i] for i in PEER["cider_of"]]
    assert len(plain) >= 4 and score(CIDEr(), plain) == pytest.approx(PEER["cider"], abs=1e-6)
    assert score(CIDErD(sigma=1e9), plain) == pytest.approx(10 * PEER["cider"], abs=1e-6)


def test_rouge_l_of_each_sentence_equals_pycocoevalcap():
    assert [score(RougeL(), [pair]) for pair in peers.SENTENCES] == pytest.approx(PEER["rouge_l_each"], abs=1e-6)


def test_chrf_by_hand():
    # "ab" of "ab c": precisions 1, 1; recalls 2/3, 1/2 of n = 1, 2; of n = 3 nothing is predicted.
    precision, recall = 1, (2 / 3 + 1 / 2) / 2
    assert score(ChrF(), [("ab", ["ab c"])]) == pytest.approx(5 * precision * recall / (4 * precision + recall))
    assert score(ChrF(), [("a b", ["xy", "ab"])]) == 1.0


def test_the_kept_numbers_are_what_the_peers_compute():
    pytest.importorskip("pycocoevalcap", reason="pycocoevalcap is not installed; it is no requirement")
    pytest.importorskip("sacrebleu", reason="sacrebleu is not installed; it is no requirement")
    found = peers.compute()
    assert {k: pytest.approx(v, abs=1e-9) for k, v in PEER.items()} == found


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("metric", [Bleu, SacreBleu])
def test_of_references_equally_near_the_shorter_counts(metric, order):
    """Nine words, references of eight and ten: no brevity penalty; p_n = 8/9, 7/8, 6/7, 5/6, as sacrebleu has it."""
    found = score(metric(), [("a b c d e f g h i", ["a b c d e f g h x y", "a b c d e f g h"][::order])])
    assert (found["bleu4"] if metric is Bleu else found) == pytest.approx((5 / 9) ** (1 / 4))


def test_cider_by_hand():
    # ln 2 for every n-gram but "a", which both pictures have: only "a ring" and "ring" count, cosines 1 and 1 of n = 1, 2.
    pairs = [("a ring", ["a ring"]), ("nothing", ["a square"])]
    assert score(CIDEr(n=2), pairs) == pytest.approx((1 + 0) / 2)
    assert score(CIDErD(n=2), [("a ring ring", ["a ring"]), pairs[1]]) == pytest.approx(
        10 * math.exp(-1 / 72) * (1 / 2 + math.sqrt(1 / 2)) / 2 / 2
    )
    assert score(CIDErD(), pairs[:1]) == 0.0  # of one picture no word says more than another


def test_longest_common_subsequence():
    assert longest_common("abcbdab", "bdcaba") == 4
    assert longest_common("", "ab") == 0 and longest_common("ab", "ab") == 2


def test_what_several_devices_gathered_is_read_as_one():
    metric = ExactMatch()
    metric.update(["é\n", "b"], [["c"], ["b", "d"]])
    metric.update(["a"], [["a"]])
    kept = metric.pairs()
    metric.text = torch.cat(metric.text)  # as torchmetrics leaves it
    assert metric.pairs() == kept == [("é\n", ["c"]), ("b", ["b", "d"]), ("a", ["a"])]


@pytest.mark.parametrize("metric", ALL)
def test_an_empty_prediction_scores_nothing(metric):
    found = score(metric(), [("", ["a ring", "two rings"]), ("", ["a square"])])
    assert found == (dict.fromkeys(found, 0.0) if isinstance(found, dict) else 0.0)


@pytest.mark.parametrize("metric", ALL)
def test_a_perfect_prediction_of_any_script(metric):
    pairs = [
        (text, [text]) for text in ("حلقة حمراء صغيرة فوق مربع", "小 さい 赤い 輪 が ある", "un anneau rouge à gauche d'un carré")
    ]
    found = score(metric(), pairs)
    best = {CIDErD: 10.0}.get(metric, 1.0)
    assert found == pytest.approx(dict.fromkeys(found, best) if isinstance(found, dict) else best, abs=1e-5)


@pytest.mark.parametrize("metric", ALL)
def test_bad_input_is_one_line(metric):
    with pytest.raises(BadInput, match="2 predictions, but references of 1"):
        metric().update(["a", "b"], [["a"]])
    with pytest.raises(BadInput, match=r"references\[1\]=\[\] must be a list"):
        metric().update(["a", "b"], [["a"], []])
    with pytest.raises(BadInput, match=r"references\[0\]='a' must be a list"):
        metric().update(["a"], ["a"])


def test_exact_match_and_signature():
    assert score(ExactMatch(), [("a  ring", ["a ring"]), ("a rin", ["a ring", "b"]), ("b", ["a", "b"])]) == pytest.approx(2 / 3)
    assert SacreBleu(lowercase=True).signature.startswith("case:lc|eff:no|tok:13a|smooth:none|version:torchmetrics-")
    assert torch.isnan(ExactMatch().compute())


def test_rates_of_truth_by_hand():
    metric = TruthRate()
    metric.update([Judgement([True, True], 5, 5), Judgement([True, False], 3, 1), None])
    metric.update([Judgement([True], 0, 0)])
    metric.update([])
    found = {name: float(value) for name, value in metric.compute().items()}
    facts = {"facts": (6 - 2) / 4, "facts_asserted": 8 / 4}
    assert found == pytest.approx({"truth_rate": 2 / 4, "grammatical": 3 / 4, "statement_truth": 4 / 5, **facts})
    metric.reset()
    metric.update([None])
    assert float(metric.compute()["truth_rate"]) == 0 and metric.compute()["statement_truth"].isnan()


def test_pairs_named_by_hand():
    metric = PairsNamed(["red ring", "blue star"])
    named = [["red ring"], ["red star", "blue ring"], ["blue star", "red disc"], []]
    metric.update([None, *(Judgement([True], pairs=frozenset(each)) for each in named)])
    assert float(metric.compute()["pairs_named"]) == pytest.approx(2 / 5)
