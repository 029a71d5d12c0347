"""Both parts of the bound against torch.distributions."""

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from ablate.loss.variational import bernoulli_nats, kl_from_standard_normal


def test_the_divergence_is_that_of_torch_and_zero_for_the_prior():
    """Known fault: eq. 11 of DRAW is of one latent number a step, so that T/2 instead of T·d/2 is subtracted."""
    mean, log_deviation = torch.randn(3, 6, 5, dtype=torch.double), torch.randn(3, 6, 5, dtype=torch.double)
    expected = kl_divergence(Normal(mean, log_deviation.exp()), Normal(0.0, 1.0)).sum(2)
    torch.testing.assert_close(kl_from_standard_normal(mean, log_deviation), expected)
    assert not kl_from_standard_normal(torch.zeros(2, 64, 100), torch.zeros(2, 64, 100)).any()
    near = torch.full((1, 1), 1e-4)  # ½(μ² + 2s²) to second order: nothing is lost to rounding
    torch.testing.assert_close(kl_from_standard_normal(near, near), torch.tensor([1.5e-8]), rtol=1e-3, atol=0)


def test_the_reconstruction_is_the_sum_over_pixels_of_each_picture():
    logits, image = torch.randn(4, 5, 6) * 3, torch.randint(2, (4, 5, 6)).float()
    torch.testing.assert_close(bernoulli_nats(logits, image), -Bernoulli(logits=logits).log_prob(image).sum((1, 2)))
