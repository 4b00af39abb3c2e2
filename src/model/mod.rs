//! The network: architecture, checkpoint and card, training loop, inference.
