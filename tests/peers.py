"""What pycocoevalcap and sacrebleu say of sentences that we wrote: `python tests/peers.py` writes peers.json.

Neither is a requirement of the project; pip install pycocoevalcap sacrebleu where this is to run.
"""

import json
from pathlib import Path

KEPT = Path(__file__).with_name("peers.json")
SENTENCES = [  # prediction, references
    ("a small red ring left of two blue squares", ["a red ring left of two blue squares", "a small ring and two squares"]),
    ("a dog runs over the wet grass", ["a brown dog is running over grass", "the dog runs", "a dog runs over the wet grass ."]),
    ("two men play chess in a park", ["two old men are playing chess", "men at a table in a park", "a game of chess"]),
    ("the the the the the", ["the boat lies in the harbour", "a boat in the harbour at night"]),
    ("nothing here agrees", ["a woman reads under a lamp"]),
    ("a woman", ["a woman reads a long book under a green lamp in the evening", "a woman with a book"]),
    ("boat", ["a boat", "boat"]),
    ("a cat sits on a mat and a cat sits on a mat", ["a cat sits on a mat", "on a mat a cat sits and looks at a bird"]),
    ("Ein Mädchen läuft durch den Schnee , allein", ["ein Mädchen läuft durch Schnee", "Ein Kind läuft allein durch den Schnee"]),
]


def compute() -> dict[str, object]:
    """Corpus scores and, where a peer gives them, those of each sentence."""
    from pycocoevalcap.bleu.bleu_scorer import BleuScorer
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge
    from sacrebleu import CHRF

    result = {i: [prediction] for i, (prediction, _) in enumerate(SENTENCES)}
    truth = {i: references for i, (_, references) in enumerate(SENTENCES)}
    cider, ciders = Cider().compute_score(truth, result)
    # Without repeated words clipping does nothing, and without a length penalty CIDEr-D is ten times CIDEr.
    plain = [i for i, (words, _) in enumerate(SENTENCES) if len(set(words.split())) == len(words.split())]
    unpenalised = Cider(sigma=1e9).compute_score({i: truth[i] for i in plain}, {i: result[i] for i in plain})[0] / 10
    rouge, rouges = Rouge().compute_score(truth, result)
    bleu = BleuScorer(n=4)
    for prediction, references in SENTENCES:
        bleu += (prediction, references)
    most = max(len(references) for _, references in SENTENCES)
    streams = [[r[j] if j < len(r) else None for _, r in SENTENCES] for j in range(most)]
    return {
        "cider_d": cider,
        "cider_d_each": list(ciders),
        "cider_of": plain,
        "cider": unpenalised,
        "rouge_l": rouge,
        "rouge_l_each": list(rouges),
        "bleu": bleu.compute_score(option="closest", verbose=0)[0],
        "chrf": CHRF().corpus_score([prediction for prediction, _ in SENTENCES], streams).score / 100,
    }


if __name__ == "__main__":
    KEPT.write_text(json.dumps(compute(), indent=1) + "\n")
