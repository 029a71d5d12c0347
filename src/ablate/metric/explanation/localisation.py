"""Whether an explanation lies upon the object that it is about, of which the mask is known."""

import torch

from ablate.metric.explanation.mean import Maps, Masks, MeanOverPictures


class PointingGame(MeanOverPictures):
    """The share of pictures whose greatest relevance lies within the mask; pictures without a mask are left out.

    A map of zeros points nowhere. There is no tolerance around the mask, of 15 pixels in the source.

    Source: Zhang, Lin, Brandt, Shen and Sclaroff 2016, "Top-down neural attention by excitation backprop", section 4.1.
    """

    def update(self, relevance: Maps, mask: Masks) -> None:
        """Add maps, at least 0, and the masks of their objects."""
        flat, inside = relevance.flatten(1), mask.flatten(1)
        top, place = flat.max(1)
        hit = (inside.gather(1, place[:, None])[:, 0] & (top > 0)).to(torch.float64)
        self.add(torch.where(inside.any(1), hit, torch.nan))


class EnergyInside(MeanOverPictures):
    """The share of a map's sum that lies within the mask, the mean over pictures; those without a mask, or of zeros, are left out.

    Chance is the mask's share of the picture.

    Source: Wang et al. 2020, "Score-CAM", section 4.3 (the energy-based pointing game).
    """

    def update(self, relevance: Maps, mask: Masks) -> None:
        """Add maps, at least 0, and the masks of their objects."""
        inside = (relevance.double() * mask).sum((1, 2)) / relevance.double().sum((1, 2))
        self.add(torch.where(mask.any(2).any(1), inside, torch.nan))


class Sharpness(MeanOverPictures):
    """How much a map changes from pixel to pixel, in units of its sum: Σ |m[y, x+1] - m[y, x]| + |m[y+1, x] - m[y, x]| over 4 Σ m.

    The total variation (Rudin, Osher and Fatemi 1992), which is 1 for single pixels apart from each other and 0 for a flat map; the
    ratio is ours.
    """

    def update(self, relevance: Maps) -> None:
        """Add maps, at least 0; those of zeros are left out."""
        m = relevance.double()
        across, down = m.diff(dim=2).abs().sum((1, 2)), m.diff(dim=1).abs().sum((1, 2))
        self.add((across + down) / (4 * m.sum((1, 2))))
