"""Fully convolutional segmenters and recurrent networks, ablated claim by claim."""
